//! Packets: coded pictures, counted by reference.

use std::ptr;
use std::sync::Arc;

use hwenc::Packet;

use crate::arguments::{self, grows};
use crate::boundary;
use crate::error::hwenc_error;
use crate::handle::{self, object};
use crate::picture::HWENC_NO_PTS_VALUE;
use crate::status::hwenc_status;

/// A coded picture.
pub struct hwenc_packet(());

pub(crate) struct PacketObject(pub(crate) Packet);

object!(PacketObject, hwenc_packet, "packet", 3);

/// Times and kind of a packet. Set struct_size before the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hwenc_packet_facts {
    /// sizeof(hwenc_packet_facts)
    pub struct_size: usize,
    /// Presentation time in the time base; HWENC_NO_PTS where there is none.
    pub pts: i64,
    /// Decoding time in the time base: packets come in this order. HWENC_NO_PTS where there is none.
    pub dts: i64,
    /// Duration in the time base; 0 where unknown.
    pub duration: i64,
    /// Seconds that one tick of these times counts: numerator.
    pub time_base_num: i32,
    /// Seconds that one tick of these times counts: denominator.
    pub time_base_den: i32,
    /// 1 where decoding can begin: an IDR picture, a key frame. Else 0.
    pub key: u32,
    /// Always 0.
    pub reserved: u32,
}

grows!(hwenc_packet_facts, size_of::<hwenc_packet_facts>());

/// The bytes of a packet, not copied: they belong to the packet. NULL for what is no packet, and for one that is empty.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_packet_data(packet: *const hwenc_packet) -> *const u8 {
    boundary::plain(ptr::null(), || match handle::find::<PacketObject>(packet) {
        Ok(packet) if !packet.0.is_empty() => packet.0.as_ptr(),
        _ => ptr::null(),
    })
}

/// How many bytes there are; 0 for what is no packet.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_packet_size(packet: *const hwenc_packet) -> usize {
    boundary::plain(0, || handle::find::<PacketObject>(packet).map_or(0, |packet| packet.0.len()))
}

/// Times and kind of a packet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_packet_info(
    packet: *const hwenc_packet,
    info: *mut hwenc_packet_facts,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let place = arguments::fill(info)?;
            let packet = &handle::find::<PacketObject>(packet)?.0;
            place.set(&hwenc_packet_facts {
                struct_size: 0,
                pts: packet.pts().unwrap_or(HWENC_NO_PTS_VALUE),
                dts: packet.dts().unwrap_or(HWENC_NO_PTS_VALUE),
                duration: packet.duration(),
                time_base_num: packet.time_base().num,
                time_base_den: packet.time_base().den,
                key: u32::from(packet.is_key()),
                reserved: 0,
            });
            Ok(())
        })
    }
}

/// Another handle to the same bytes; each is freed for itself.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn hwenc_packet_clone(
    packet: *const hwenc_packet,
    clone: *mut *mut hwenc_packet,
    error: *mut *mut hwenc_error,
) -> hwenc_status {
    // SAFETY: pointers are what the header asks for.
    unsafe {
        boundary::done(error, || {
            let out = arguments::out(clone, "clone")?;
            let packet: Arc<PacketObject> = handle::find(packet)?;
            out.share(packet);
            Ok(())
        })
    }
}

/// Frees a packet; its bytes go with the last handle to them. NULL is fine.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_packet_free(packet: *mut hwenc_packet) -> hwenc_status {
    boundary::free(|| handle::free::<PacketObject>(packet))
}
