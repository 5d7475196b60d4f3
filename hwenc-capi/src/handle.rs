//! Handles: numbers that look like pointers and are never dereferenced. Each is used once, so that one that was freed, is of
//! another type or never was one can be told from one that lives.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::boundary;
use crate::failure::Failure;
use crate::status::hwenc_status_value::*;
use crate::text;

#[cfg(not(target_pointer_width = "64"))]
compile_error!("handles are numbers of 64 bits that are never used again");

/// No pointer into memory begins so (on x86-64 and ARM64 it is not canonical): whoever dereferences a handle finds out at once.
const MARK: u64 = 0x68 << 56;
const TAG_AT: u32 = 48;
const SHARDS: usize = 16;

/// Counts all handles that ever were; 47 bits of it fit, which a million handles in a second use up in four years.
static NEXT: AtomicU64 = AtomicU64::new(1);

type Shard<T> = Mutex<BTreeMap<u64, Arc<T>>>;

/// The living objects of one type. Threads that work with different objects rarely meet in one shard.
pub(crate) struct Table<T>([Shard<T>; SHARDS]);

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Table([const { Mutex::new(BTreeMap::new()) }; SHARDS])
    }

    fn shard(&self, token: u64) -> MutexGuard<'_, BTreeMap<u64, Arc<T>>> {
        // An object is put in and taken out in one step; a panic elsewhere leaves nothing half done.
        self.0[(token >> 1) as usize % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn len(&self) -> usize {
        self.0.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }
}

/// What a handle can stand for.
pub(crate) trait Object: Send + Sync + Sized + 'static {
    /// The opaque type that C sees.
    type Handle;
    /// What it is called in messages.
    const NAME: &'static str;
    /// Its number in the token; another for each type.
    const TAG: u8;
    /// Where its objects live.
    fn table() -> &'static Table<Self>;
}

/// Says once what a type of handle is.
macro_rules! object {
    ($object:ty, $handle:ty, $name:literal, $tag:literal) => {
        impl $crate::handle::Object for $object {
            type Handle = $handle;
            const NAME: &'static str = $name;
            const TAG: u8 = $tag;
            fn table() -> &'static $crate::handle::Table<Self> {
                static TABLE: $crate::handle::Table<$object> = $crate::handle::Table::new();
                &TABLE
            }
        }
    };
}
pub(crate) use object;

/// A new handle for an object.
pub(crate) fn put<T: Object>(object: Arc<T>) -> *mut T::Handle {
    let number = NEXT.fetch_add(1, Ordering::Relaxed) & ((1 << (TAG_AT - 1)) - 1);
    // Odd, as no pointer to an object with an alignment is.
    let token = MARK | u64::from(T::TAG) << TAG_AT | number << 1 | 1;
    T::table().shard(token).insert(token, object);
    token as usize as *mut T::Handle
}

/// The object of a handle, kept alive while it is used, even if another thread frees the handle meanwhile.
pub(crate) fn find<T: Object>(handle: *const T::Handle) -> Result<Arc<T>, Failure> {
    let token = handle as usize as u64;
    T::table().shard(token).get(&token).cloned().ok_or_else(|| unknown::<T>(token))
}

/// Ends a handle. NULL is fine, and none.
pub(crate) fn free<T: Object>(handle: *mut T::Handle) -> Result<(), Failure> {
    let token = handle as usize as u64;
    if token == 0 {
        return Ok(());
    }
    let taken = T::table().shard(token).remove(&token);
    // Dropped here, with no lock held: what ends with it may take its time, or call the host.
    taken.map(drop).ok_or_else(|| unknown::<T>(token))
}

fn unknown<T: Object>(token: u64) -> Failure {
    let name = T::NAME;
    let text = match token {
        0 => format!("the {name} is NULL"),
        _ if token & MARK != MARK || token & 1 == 0 => format!("the pointer is no {name} of hwenc"),
        _ if (token >> TAG_AT) as u8 != T::TAG => format!("the handle is not that of a {name}"),
        _ => format!("the {name} was freed"),
    };
    Failure::own(HWENC_ERROR_INVALID_HANDLE, text)
}

/// How many handles and strings of this library are not yet freed: for tests that look for leaks.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_handles_open() -> usize {
    boundary::plain(0, || {
        text::count()
            + crate::error::ErrorObject::table().len()
            + crate::request::RequestObject::table().len()
            + crate::report::ReportObject::table().len()
            + crate::decision::DecisionObject::table().len()
            + crate::session::SessionObject::table().len()
            + crate::packet::PacketObject::table().len()
            + crate::transcode::TranscodeObject::table().len()
            + crate::cancel::CancelObject::table().len()
            + crate::log::LogObject::table().len()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::{CancelObject, hwenc_cancel};
    use crate::request::RequestObject;

    #[test]
    fn a_handle_is_never_used_again_and_tells_its_type() {
        let first = put(Arc::new(CancelObject::default()));
        let second = put(Arc::new(CancelObject::default()));
        assert_ne!(first, second);
        assert!(find::<CancelObject>(first).is_ok());
        let message = |handle: usize| {
            find::<CancelObject>(handle as *const hwenc_cancel).err().unwrap().message.clone()
        };
        assert!(find::<RequestObject>(first.cast()).is_err());
        assert!(find::<RequestObject>(first.cast()).err().unwrap().message.contains("not that of a request"));
        free::<CancelObject>(first).ok().unwrap();
        assert_eq!(message(first as usize), "the cancel switch was freed");
        assert_eq!(message(0), "the cancel switch is NULL");
        assert_eq!(message(0x1000), "the pointer is no cancel switch of hwenc");
        assert!(free::<CancelObject>(first).is_err());
        free::<CancelObject>(second).ok().unwrap();
        free::<CancelObject>(std::ptr::null_mut()).ok().unwrap();
        assert_ne!(put(Arc::new(CancelObject::default())), first);
    }
}
