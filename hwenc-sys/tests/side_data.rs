//! The HDR side data as the linked FFmpeg lays it out.

use std::mem::{offset_of, size_of};

use ffmpeg_sys_next as ff;
use hwenc_sys::side_data::*;

fn ratio(num: i32, den: i32) -> ff::AVRational {
    ff::AVRational { num, den }
}

/// A frame with both kinds of side data attached, freed at the end.
struct Frame(*mut ff::AVFrame);

impl Frame {
    fn new() -> Self {
        // SAFETY: no precondition; null is refused below.
        let frame = unsafe { ff::av_frame_alloc() };
        assert!(!frame.is_null());
        Frame(frame)
    }

    fn side_data(&self, kind: ff::AVFrameSideDataType) -> (*mut u8, usize) {
        // SAFETY: the frame lives; what is returned belongs to it, or is null.
        let found = unsafe { ff::av_frame_get_side_data(self.0, kind) };
        assert!(!found.is_null(), "no side data {kind:?}");
        // SAFETY: not null, and the frame still lives.
        unsafe { ((*found).data, (*found).size as usize) }
    }
}

impl Drop for Frame {
    fn drop(&mut self) {
        // SAFETY: allocated by av_frame_alloc, freed once.
        unsafe { ff::av_frame_free(&mut self.0) }
    }
}

#[test]
fn the_mastering_display_is_what_ffmpeg_reads() {
    let frame = Frame::new();
    // SAFETY: the frame lives.
    let made = unsafe { av_mastering_display_metadata_create_side_data(frame.0) };
    assert!(!made.is_null());
    let (data, size) = frame.side_data(ff::AVFrameSideDataType::AV_FRAME_DATA_MASTERING_DISPLAY_METADATA);
    assert_eq!(data, made.cast());
    // Never less than what is declared here, or writing a field would write past its end.
    assert!(size >= size_of::<AVMasteringDisplayMetadata>(), "{size}");
    // SAFETY: FFmpeg allocated and initialised it, at least as large as declared, and nothing else refers to
    // it.
    let mastering = unsafe { &mut *made };
    assert_eq!((mastering.has_primaries, mastering.has_luminance), (0, 0));
    assert_eq!(mastering.display_primaries[2][1].num, 0);
    mastering.max_luminance = ratio(1000, 1);
    mastering.min_luminance = ratio(1, 10_000);
    mastering.has_luminance = 1;
    // The same bytes, read by offset as the C header has them (ten rationals, then two numbers).
    // SAFETY: inside the allocation, aligned to 4, initialised.
    let words = unsafe { std::slice::from_raw_parts(data.cast::<i32>(), 22) };
    assert_eq!(&words[16..], &[1, 10_000, 1000, 1, 0, 1]);
}

#[test]
fn the_light_level_is_what_ffmpeg_reads() {
    let frame = Frame::new();
    // SAFETY: the frame lives.
    let made = unsafe { av_content_light_metadata_create_side_data(frame.0) };
    assert!(!made.is_null());
    let (data, size) = frame.side_data(ff::AVFrameSideDataType::AV_FRAME_DATA_CONTENT_LIGHT_LEVEL);
    assert_eq!(data, made.cast());
    assert!(size >= size_of::<AVContentLightMetadata>(), "{size}");
    // SAFETY: FFmpeg allocated it with zeros, and nothing else refers to it.
    let light = unsafe { &mut *made };
    assert_eq!((light.MaxCLL, light.MaxFALL), (0, 0));
}

#[test]
fn allocation_without_a_frame_works() {
    let mut size = 0;
    // SAFETY: no precondition; the size is written.
    let (mastering, light) =
        unsafe { (av_mastering_display_metadata_alloc(), av_content_light_metadata_alloc(&mut size)) };
    assert!(!mastering.is_null() && !light.is_null());
    assert!(size >= size_of::<AVContentLightMetadata>());
    // SAFETY: both come from av_malloc and are freed once.
    unsafe {
        ff::av_free(mastering.cast());
        ff::av_free(light.cast());
    }
}

#[test]
fn offsets_are_those_of_the_header() {
    assert_eq!(size_of::<ff::AVRational>(), 8);
    assert_eq!(offset_of!(AVMasteringDisplayMetadata, display_primaries), 0);
    assert_eq!(offset_of!(AVMasteringDisplayMetadata, white_point), 48);
    assert_eq!(offset_of!(AVMasteringDisplayMetadata, min_luminance), 64);
    assert_eq!(offset_of!(AVMasteringDisplayMetadata, max_luminance), 72);
    assert_eq!(offset_of!(AVMasteringDisplayMetadata, has_primaries), 80);
    assert_eq!(offset_of!(AVMasteringDisplayMetadata, has_luminance), 84);
    assert_eq!(offset_of!(AVContentLightMetadata, MaxCLL), 0);
    assert_eq!(offset_of!(AVContentLightMetadata, MaxFALL), 4);
}
