//! Streams as a client asks for them, decoded by FFmpeg.

use super::*;
use crate::engine::testing::{Buffers, Picture, code, decode, ivf, psnr, raw};

fn buffers(width: u32, height: u32, key: bool, q_idx: u8) -> Buffers {
    let mut picture = sys::VAEncPictureParameterBufferVP9 {
        frame_width_src: width,
        frame_height_src: height,
        frame_width_dst: width,
        frame_height_dst: height,
        luma_ac_qindex: q_idx,
        ..Default::default()
    };
    // SAFETY: both members of the union are numbers.
    let flags = unsafe { &mut picture.pic_flags.bits };
    flags.set_frame_type((!key).into());
    flags.set_show_frame(1);
    Buffers { picture: raw(&picture), ..Buffers::default() }
}

fn open(engine: Engine, depth: u32) -> Box<dyn Encoder> {
    super::open(&Open {
        engine,
        profile: if depth == 8 { sys::VAProfileVP9Profile0 } else { sys::VAProfileVP9Profile2 },
        entrypoint: sys::VAEntrypointEncSliceLP.cast_signed(),
        rt_format: sys::VA_RT_FORMAT_YUV420,
        rate_control: sys::VA_RC_CQP,
        packed_headers: 0,
        width: 320,
        height: 192,
    })
    .unwrap()
}

/// The quality of each picture and the size of each frame.
fn run(engine: Engine, depth: u32, q_idx: u8, count: usize) -> (Vec<f64>, Vec<usize>) {
    let (width, height) = (318, 182);
    let mut encoder = open(engine, depth);
    let (mut frames, mut sent) = (Vec::new(), Vec::new());
    for time in 0..count {
        let source = Picture::new(width, height, depth, time);
        let buffers = buffers(width as u32, height as u32, time % 60 == 0, q_idx);
        frames.push(code(&mut *encoder, &buffers, &source, time as u64));
        sent.push(source);
    }
    let got = decode("ivf", &ivf(*b"VP90", width, height, &frames), width, height, depth);
    assert_eq!(got.len(), sent.len());
    let quality = got.iter().zip(&sent).map(|(got, sent)| psnr(got, sent)).collect();
    (quality, frames.iter().map(Vec::len).collect())
}

fn lowest(quality: &[f64]) -> f64 {
    quality.iter().copied().fold(f64::INFINITY, f64::min)
}

#[test]
fn a_hundred_pictures_do_not_drift() {
    for depth in [8, 10] {
        let (quality, fine) = run(Engine::X264, depth, 24, 110);
        assert!(lowest(&quality) > 41.0, "{depth}: {}", lowest(&quality));
        let (_, coarse) = run(Engine::X264, depth, 160, 20);
        assert!(2 * coarse.iter().sum::<usize>() < fine[..20].iter().sum());
    }
}

#[test]
fn null_codes_eight_pictures_and_then_repeats_one() {
    for depth in [8, 10] {
        let (quality, sizes) = run(Engine::Null, depth, 24, 70);
        assert!(sizes[8..].iter().all(|&size| size < 200), "{sizes:?}");
        assert!(lowest(&quality[..8]) > 41.0 && quality[9] < 40.0);
    }
}

#[test]
fn frames_that_are_not_shown_are_refused() {
    let mut buffers = buffers(320, 192, true, 24);
    let mut picture: sys::VAEncPictureParameterBufferVP9 = sys::read(&buffers.picture).unwrap();
    // SAFETY: both members of the union are numbers.
    unsafe { picture.pic_flags.bits.set_show_frame(0) };
    buffers.picture = raw(&picture);
    let source = Picture::new(320, 192, 8, 0);
    let failure = open(Engine::X264, 8).encode(&buffers.job(&source, 0), &mut Coded::default()).unwrap_err();
    assert_eq!(failure.status, sys::VA_STATUS_ERROR_UNIMPLEMENTED as i32, "{failure}");
}
