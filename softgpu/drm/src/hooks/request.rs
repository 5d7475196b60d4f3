//! `ioctl`.

use std::ffi::{c_int, c_ulong, c_void};

use softgpu_core::entry::Drm;

use super::hook;
use crate::{ioctl as drm, node, real, table};

hook! {
    fn ioctl(fd: c_int, request: c_ulong, argument: *mut c_void) -> c_int, real, -1, {
        if drm::is_drm(request)
            && let Some(node) = table::node_of(fd)
            && let Some(table) = table::get()
        {
            table.calls.count(Drm::ioctl as usize);
            let answer = match node::faults(table, Drm::ioctl) {
                Some(errno) => Err(errno),
                // SAFETY: `argument` is the caller's.
                None => unsafe { drm::answer(node, fd, request, argument) },
            };
            return answer.map_or_else(real::fail, |()| 0);
        }
        // SAFETY: the caller's arguments go on.
        unsafe { real(fd, request, argument) }
    }
}
