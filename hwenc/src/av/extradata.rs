//! Parameter sets out of a packet, for containers that keep them beside the stream: some encoders write them into it
//! and nowhere else.

use std::ptr::{self, NonNull};

use ffmpeg_sys_next as ff;

use super::{Packet, StreamParameters, error};
use crate::error::{Code, Result};

/// A bitstream filter.
struct Filter(NonNull<ff::AVBSFContext>);

impl Drop for Filter {
    fn drop(&mut self) {
        let mut filter = self.0.as_ptr();
        // SAFETY: ours.
        unsafe { ff::av_bsf_free(&mut filter) };
    }
}

/// The parameter sets in a packet, as libavcodec's `extract_extradata` finds them; empty where there are none, and for
/// codecs that have none.
///
/// # Errors
/// [`Code::EncoderFailed`] for a packet that does not parse, [`Code::OutOfMemory`].
pub(crate) fn extract(parameters: &StreamParameters, packet: &Packet) -> Result<Vec<u8>> {
    let codec = parameters.get().codec_id;
    // SAFETY: a terminated string; static descriptions come back, null in an FFmpeg without the filter.
    let description = unsafe { ff::av_bsf_get_by_name(c"extract_extradata".as_ptr()) };
    // SAFETY: null or a static description, whose list of codecs ends with NONE.
    if description.is_null() || !unsafe { takes(description, codec) } {
        return Ok(Vec::new());
    }
    let mut new = ptr::null_mut();
    // SAFETY: a static description; what comes back is ours.
    let ret = unsafe { ff::av_bsf_alloc(description, &mut new) };
    error::check(ret, Code::OutOfMemory, "no memory for a bitstream filter")?;
    let filter = Filter(error::alloc(new, "a bitstream filter")?);
    let out = packet.try_clone()?;
    // SAFETY: a filter that is ours; parameters are copied, the packet is moved in and a new one comes out.
    let ret = unsafe {
        let f = filter.0.as_ptr();
        let mut ret = ff::avcodec_parameters_copy((*f).par_in, parameters.as_ptr());
        if ret >= 0 {
            ret = ff::av_bsf_init(f);
        }
        if ret >= 0 {
            ret = ff::av_bsf_send_packet(f, out.as_ptr());
        }
        if ret >= 0 { ff::av_bsf_receive_packet(f, out.as_ptr()) } else { ret }
    };
    error::check(ret, Code::EncoderFailed, "the parameter sets of a packet do not parse")?;
    Ok(out.new_extradata().to_vec())
}

/// # Safety
/// A static description.
unsafe fn takes(description: *const ff::AVBitStreamFilter, codec: ff::AVCodecID) -> bool {
    // SAFETY: the caller's word; the list is null or ends with NONE.
    unsafe {
        let mut list = (*description).codec_ids;
        while !list.is_null() && *list != ff::AVCodecID::AV_CODEC_ID_NONE {
            if *list == codec {
                return true;
            }
            list = list.add(1);
        }
    }
    false
}
