//! Decoding: the driver collects the buffers of a picture into a [`DecodeJob`] and calls the context's [`Decoder`] in
//! `vaEndPicture`.
//!
//! What a client takes apart is put together again ([`h264`], [`hevc`], [`av1`]; VP9 comes whole), and decoded by the codec
//! library, which gives each picture at once.

mod av1;
mod h264;
mod hevc;
mod job;
mod vp9;

pub(crate) use job::{DecodeJob, DecodeSlice};

use softgpu_core::codec::Codec;

use crate::failure::{Failure, Outcome};
use crate::library::LibDecoder;
use crate::plane::PlanesMut;
use crate::sys;

/// Decodes the pictures of one context.
pub(crate) trait Decoder: Send {
    /// Decodes one picture, in decoding order, into the surface that it was begun with.
    fn decode(&mut self, job: &DecodeJob<'_>, target: &mut PlanesMut<'_>) -> Outcome;
}

/// What a decoder is opened with.
#[allow(dead_code, reason = "what the client says is told whole, whether or not an engine reads it yet")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    /// `VAProfile`.
    pub(crate) profile: i32,
    /// The one `VA_RT_FORMAT_*` of the configuration.
    pub(crate) rt_format: u32,
    /// Size given to `vaCreateContext`.
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// The decoder of a context.
pub(crate) fn open(open: &Open) -> Outcome<Box<dyn Decoder>> {
    match open.profile {
        sys::VAProfileH264ConstrainedBaseline | sys::VAProfileH264Main | sys::VAProfileH264High => {
            Ok(Box::<h264::H264>::default())
        }
        sys::VAProfileHEVCMain | sys::VAProfileHEVCMain10 => Ok(Box::<hevc::Hevc>::default()),
        sys::VAProfileVP9Profile0 | sys::VAProfileVP9Profile2 => Ok(Box::<vp9::Vp9>::default()),
        sys::VAProfileAV1Profile0 => Ok(Box::<av1::Av1>::default()),
        other => Err(Failure::new(
            sys::VA_STATUS_ERROR_UNSUPPORTED_PROFILE,
            format!("profile {other} is not decoded"),
        )),
    }
}

/// The codec library's decoder, opened with the first picture: neither creating a context nor a probe needs it.
#[derive(Debug, Default)]
struct Lazy(Option<LibDecoder>);

impl Lazy {
    fn get(&mut self, codec: Codec) -> Outcome<&mut LibDecoder> {
        match &mut self.0 {
            Some(decoder) => Ok(decoder),
            none => Ok(none.insert(LibDecoder::open(codec)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plane::Format;

    /// Structures and data of any content, as a client with a fault in it may send them.
    #[test]
    fn nothing_that_a_client_sends_panics() {
        let mut state = 3u32;
        let mut random = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 16) as u8
        };
        let profiles = [
            sys::VAProfileH264High,
            sys::VAProfileHEVCMain10,
            sys::VAProfileVP9Profile0,
            sys::VAProfileAV1Profile0,
        ];
        for round in 0..300u32 {
            // Zeros are as likely as anything, since many fields are small.
            let mut bytes = |len: usize| -> Vec<u8> {
                (0..len)
                    .map(|_| if round % 4 != 0 && random() > 60 + (round % 64) as u8 { 0 } else { random() })
                    .collect()
            };
            let (picture, matrix) = (bytes(4096), bytes(1200));
            let (mut parameters, data) = (bytes(4096), bytes(600));
            if round % 8 != 7 {
                parameters[..12].fill(0);
                parameters[..4].copy_from_slice(&500u32.to_le_bytes());
            }
            let slices = [DecodeSlice { parameters: &parameters, buffer: &data }];
            let job = DecodeJob {
                target: round,
                picture: &picture,
                matrix: &matrix,
                huffman: &[],
                probability: &[],
                slices: &slices,
                index: round.into(),
            };
            for profile in profiles {
                let mut decoder = open(&Open { profile, rt_format: 1, width: 64, height: 64 }).unwrap();
                let (mut luma, mut chroma) = (vec![0; 64 * 64], vec![0; 64 * 32]);
                let mut target = PlanesMut {
                    format: Format::Nv12,
                    width: 64,
                    height: 64,
                    data: [&mut luma, &mut chroma, &mut []],
                    strides: [64, 64, 0],
                };
                // Twice, for what is kept from picture to picture. Without the codec library all fails in the end.
                let _ = (decoder.decode(&job, &mut target), decoder.decode(&job, &mut target));
            }
        }
    }
}
