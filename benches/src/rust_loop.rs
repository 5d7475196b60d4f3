//! Pixels of the caller into a session and packets out of it, as a Rust program writes it.

use hwenc::{Output, Picture, Request, Session};

/// A session and how far it came.
pub struct RustLoop {
    session: Session,
    request: Request,
    pts: i64,
}

impl RustLoop {
    /// Chooses and opens.
    ///
    /// # Errors
    /// As [`hwenc::choose`] and [`hwenc::Decision::open`].
    pub fn open(request: &Request) -> hwenc::Result<Self> {
        let session = hwenc::choose(request)?.open()?;
        Ok(RustLoop { session, request: request.clone(), pts: 0 })
    }

    /// Sends a picture without padding so often, takes all packets that come, and returns their bytes.
    ///
    /// # Errors
    /// As [`Session::send`] and [`Session::receive`].
    pub fn code(&mut self, pixels: &[u8], times: u64) -> hwenc::Result<u64> {
        let Request { input, width, height, .. } = self.request;
        let mut bytes = 0;
        for _ in 0..times {
            let picture = Picture::packed(input, width, height, pixels)?.pts(self.pts);
            self.session.send(&picture)?;
            self.pts += 1;
            while let Output::Packet(packet) = self.session.receive()? {
                bytes += packet.len() as u64;
            }
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tiny;
    use hwenc::{Codec, PixelFormat};

    #[test]
    fn pictures_follow_each_other() -> hwenc::Result<()> {
        let request = Request::new(Codec::H264, tiny::SIDE, tiny::SIDE)
            .input(PixelFormat::I420)
            .encoder("libx264")
            .preset("ultrafast")
            .latency(hwenc::Latency::Low);
        let mut it = RustLoop::open(&request)?;
        let pixels = tiny::pixels();
        assert!(it.code(&pixels, 2)? > 0);
        assert!(it.code(&pixels, 3)? > 0);
        assert_eq!((it.session.stats().frames_in, it.session.stats().packets_out), (5, 5));
        Ok(())
    }
}
