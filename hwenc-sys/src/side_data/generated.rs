// Generated from FFmpeg's libavutil/mastering_display_metadata.h by bindgen: see examples/generate.rs. Do not edit.

use ffmpeg_sys_next::{AVFrame, AVRational};

#[repr(C)]
pub struct AVMasteringDisplayMetadata {
    pub display_primaries: [[AVRational; 2usize]; 3usize],
    pub white_point: [AVRational; 2usize],
    pub min_luminance: AVRational,
    pub max_luminance: AVRational,
    pub has_primaries: ::std::os::raw::c_int,
    pub has_luminance: ::std::os::raw::c_int,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of AVMasteringDisplayMetadata",
    ][::std::mem::size_of::<AVMasteringDisplayMetadata>() - 88usize];
    [
        "Alignment of AVMasteringDisplayMetadata",
    ][::std::mem::align_of::<AVMasteringDisplayMetadata>() - 4usize];
    [
        "Offset of field: AVMasteringDisplayMetadata::display_primaries",
    ][::std::mem::offset_of!(AVMasteringDisplayMetadata, display_primaries) - 0usize];
    [
        "Offset of field: AVMasteringDisplayMetadata::white_point",
    ][::std::mem::offset_of!(AVMasteringDisplayMetadata, white_point) - 48usize];
    [
        "Offset of field: AVMasteringDisplayMetadata::min_luminance",
    ][::std::mem::offset_of!(AVMasteringDisplayMetadata, min_luminance) - 64usize];
    [
        "Offset of field: AVMasteringDisplayMetadata::max_luminance",
    ][::std::mem::offset_of!(AVMasteringDisplayMetadata, max_luminance) - 72usize];
    [
        "Offset of field: AVMasteringDisplayMetadata::has_primaries",
    ][::std::mem::offset_of!(AVMasteringDisplayMetadata, has_primaries) - 80usize];
    [
        "Offset of field: AVMasteringDisplayMetadata::has_luminance",
    ][::std::mem::offset_of!(AVMasteringDisplayMetadata, has_luminance) - 84usize];
};
unsafe extern "C" {
    pub fn av_mastering_display_metadata_alloc() -> *mut AVMasteringDisplayMetadata;
}
unsafe extern "C" {
    pub fn av_mastering_display_metadata_create_side_data(
        frame: *mut AVFrame,
    ) -> *mut AVMasteringDisplayMetadata;
}
#[repr(C)]
#[derive(Debug)]
pub struct AVContentLightMetadata {
    pub MaxCLL: ::std::os::raw::c_uint,
    pub MaxFALL: ::std::os::raw::c_uint,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of AVContentLightMetadata",
    ][::std::mem::size_of::<AVContentLightMetadata>() - 8usize];
    [
        "Alignment of AVContentLightMetadata",
    ][::std::mem::align_of::<AVContentLightMetadata>() - 4usize];
    [
        "Offset of field: AVContentLightMetadata::MaxCLL",
    ][::std::mem::offset_of!(AVContentLightMetadata, MaxCLL) - 0usize];
    [
        "Offset of field: AVContentLightMetadata::MaxFALL",
    ][::std::mem::offset_of!(AVContentLightMetadata, MaxFALL) - 4usize];
};
unsafe extern "C" {
    pub fn av_content_light_metadata_alloc(
        size: *mut usize,
    ) -> *mut AVContentLightMetadata;
}
unsafe extern "C" {
    pub fn av_content_light_metadata_create_side_data(
        frame: *mut AVFrame,
    ) -> *mut AVContentLightMetadata;
}
