//! A picture so small that encoding it costs little beside what is around it, coded by a session and by the bare loop
//! in the same way, bit for bit.

use hwenc::av::Frame;
use hwenc::{Codec, Latency, Output, PixelFormat, RateControl, Request, Session};

use crate::ffi::libav::{BareEncoder, BareFrame};

/// Pixels per side.
pub const SIDE: u32 = 64;
/// Pictures between key frames.
pub const GOP: u32 = 250;
const FPS: i32 = 30;

/// What is in the picture: a slope, so that there is something to code.
pub fn pixel(plane: usize, x: usize, y: usize) -> u8 {
    (16 + plane * 40 + x + 2 * y) as u8
}

/// A session for pictures of this format.
///
/// # Errors
/// As [`hwenc::choose`] and [`hwenc::Decision::open`].
pub fn session(input: PixelFormat) -> hwenc::Result<Session> {
    let request = Request::new(Codec::H264, SIDE, SIDE)
        .fps(FPS)
        .gop(GOP)
        .input(input)
        .encoder("libx264")
        .preset("ultrafast")
        .latency(Latency::Low)
        .rate_control(RateControl::Cqp(30))
        .threads(1);
    hwenc::choose(&request)?.open()
}

/// The bare loop with the options that the session sets.
pub fn bare() -> BareEncoder {
    let options = [("preset", "ultrafast"), ("qp", "30"), ("forced-idr", "1"), ("tune", "zerolatency")];
    BareEncoder::open("libx264", (SIDE, SIDE), FPS, GOP as i32, &options)
}

/// The picture for the bare loop.
pub fn bare_frame() -> BareFrame {
    BareFrame::new(SIDE, SIDE, pixel)
}

/// The same picture as a frame of hwenc.
///
/// # Errors
/// As [`Frame::picture`].
pub fn frame() -> hwenc::Result<Frame> {
    let mut frame = Frame::picture(PixelFormat::I420, SIDE, SIDE)?;
    for plane in 0..3 {
        let stride = frame.stride(plane) as usize;
        let side = SIDE as usize >> usize::from(plane > 0);
        for (y, row) in frame.plane_mut(plane)?.chunks_mut(stride).enumerate() {
            for (x, value) in row[..side].iter_mut().enumerate() {
                *value = pixel(plane, x, y);
            }
        }
    }
    Ok(frame)
}

/// The same picture without padding, planes one after the other.
pub fn pixels() -> Vec<u8> {
    let side = SIDE as usize;
    let plane = |p: usize| {
        let side = side >> usize::from(p > 0);
        (0..side).flat_map(move |y| (0..side).map(move |x| pixel(p, x, y)))
    };
    plane(0).chain(plane(1)).chain(plane(2)).collect()
}

/// Hands every packet that is there to `sink`.
///
/// # Errors
/// As [`Session::receive`].
pub fn drain(session: &mut Session, mut sink: impl FnMut(&[u8])) -> hwenc::Result<()> {
    while let Output::Packet(packet) = session.receive()? {
        sink(packet);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_and_bare_loop_make_the_same_stream() -> hwenc::Result<()> {
        let (mut session, mut bare) = (session(PixelFormat::I420)?, bare());
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        let (mut frame, mut bare_frame) = (frame()?, bare_frame());
        for pts in 0..GOP as i64 + 2 {
            frame.set_pts(Some(pts));
            session.send(&mut frame)?;
            drain(&mut session, |bytes| ours.extend_from_slice(bytes))?;
            bare.encode(&mut bare_frame, pts, |bytes| theirs.extend_from_slice(bytes));
        }
        assert!(!ours.is_empty() && ours == theirs);
        Ok(())
    }
}
