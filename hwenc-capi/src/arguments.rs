//! What callers hand in, checked as far as it can be before anything is read or written.

use std::ffi::{CStr, OsStr, OsString, c_char};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::ptr;
use std::sync::Arc;

use crate::failure::Failure;
use crate::handle::{self, Object};
use crate::text;

/// Nothing is ever mapped below; small numbers that were cast to pointers are.
const FIRST_PAGE: usize = 4096;
/// More than any struct of this interface will have.
const LARGEST_STRUCT: usize = 4096;

/// Refuses pointers that cannot be: NULL, misaligned, in the first page.
pub(crate) fn pointer<T>(pointer: *const T, what: &str) -> Result<(), Failure> {
    if pointer.is_null() {
        return Err(Failure::argument(format!("{what} is NULL")));
    }
    if (pointer as usize) < FIRST_PAGE {
        return Err(Failure::argument(format!("{what} is a small number and no address")));
    }
    if !pointer.is_aligned() {
        return Err(Failure::argument(format!("{what} is not aligned to {} bytes", align_of::<T>())));
    }
    Ok(())
}

/// UTF-8.
///
/// # Safety
/// A string that ends with NUL, and lives as long as it is used.
pub(crate) unsafe fn text<'a>(string: *const c_char, what: &str) -> Result<&'a str, Failure> {
    pointer(string, what)?;
    // SAFETY: the caller's word.
    let bytes = unsafe { CStr::from_ptr(string) };
    bytes.to_str().map_err(|_| Failure::argument(format!("{what} is no UTF-8")))
}

/// UTF-8, or nothing for NULL.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional_text<'a>(
    string: *const c_char,
    what: &str,
) -> Result<Option<&'a str>, Failure> {
    // SAFETY: the caller's word.
    if string.is_null() { Ok(None) } else { unsafe { text(string, what) }.map(Some) }
}

/// More words than any command has.
const MOST_WORDS: usize = 1024;

/// A command: words of any bytes, the last of them followed by NULL. At least one, and that one not empty.
///
/// # Safety
/// Each word as in [`text`]; the list as long as it says by its NULL.
pub(crate) unsafe fn command(list: *const *const c_char, what: &str) -> Result<Vec<OsString>, Failure> {
    pointer(list, what)?;
    let mut words = Vec::new();
    for at in 0..MOST_WORDS {
        // SAFETY: the caller's word: no NULL came yet.
        let word = unsafe { list.add(at).read() };
        if word.is_null() {
            break;
        }
        pointer(word, &format!("word {at} of {what}"))?;
        // SAFETY: the caller's word.
        words.push(OsStr::from_bytes(unsafe { CStr::from_ptr(word) }.to_bytes()).to_owned());
    }
    match words.first() {
        Some(first) if !first.is_empty() && words.len() < MOST_WORDS => Ok(words),
        _ => Err(Failure::argument(format!("{what} names no program, or has no end"))),
    }
}

/// A path: any bytes but none.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn path(string: *const c_char, what: &str) -> Result<PathBuf, Failure> {
    pointer(string, what)?;
    // SAFETY: the caller's word.
    let bytes = unsafe { CStr::from_ptr(string) }.to_bytes();
    if bytes.is_empty() {
        return Err(Failure::argument(format!("{what} is empty")));
    }
    Ok(PathBuf::from(OsStr::from_bytes(bytes)))
}

/// Where a result is put; it holds nothing until then.
#[derive(Debug)]
pub(crate) struct Out<T>(*mut T);

/// An out-parameter of a pointer, set to NULL.
///
/// # Safety
/// What [`pointer`] lets pass can be written, until the call ends.
pub(crate) unsafe fn out<H>(place: *mut *mut H, what: &str) -> Result<Out<*mut H>, Failure> {
    pointer(place, what)?;
    // SAFETY: the caller's word.
    unsafe { place.write(ptr::null_mut()) };
    Ok(Out(place))
}

impl<H> Out<*mut H> {
    /// Gives the caller a handle.
    pub(crate) fn put<T: Object<Handle = H>>(self, object: T) {
        self.share(Arc::new(object));
    }

    /// Gives the caller a handle to something that others have, too.
    pub(crate) fn share<T: Object<Handle = H>>(self, object: Arc<T>) {
        // SAFETY: made by `out`, whose caller vouches for it.
        unsafe { self.0.write(handle::put(object)) }
    }
}

impl<H> Out<*mut H> {
    /// Gives the caller a pointer into something that it has a handle of.
    pub(crate) fn lend(self, pointer: *const H) {
        // SAFETY: as above.
        unsafe { self.0.write(pointer.cast_mut()) }
    }
}

impl Out<*mut c_char> {
    /// Gives the caller a string.
    pub(crate) fn text(self, text: &str) {
        // SAFETY: as above.
        unsafe { self.0.write(text::hand_out(text)) }
    }
}

/// An out-parameter of a number, set to zero.
///
/// # Safety
/// As [`out`].
pub(crate) unsafe fn number<T: Default>(place: *mut T, what: &str) -> Result<Out<T>, Failure> {
    pointer(place, what)?;
    // SAFETY: the caller's word.
    unsafe { place.write(T::default()) };
    Ok(Out(place))
}

impl<T: Default> Out<T> {
    /// Gives the caller the number.
    pub(crate) fn set(self, value: T) {
        // SAFETY: made by `number`, whose caller vouches for it.
        unsafe { self.0.write(value) }
    }
}

/// A struct that begins with its size, so that it can grow.
///
/// # Safety
/// `repr(C)`, the first field is `struct_size: usize`, and zeros are a value of every other field.
pub(crate) unsafe trait Grows: Copy {
    /// What it is called in messages.
    const NAME: &'static str;
    /// Its size in the first version that had it.
    const FIRST: usize;
}

/// The size that the caller gave a struct.
///
/// # Safety
/// What [`pointer`] lets pass can be read as a `usize`.
unsafe fn size<T: Grows>(place: *const T) -> Result<usize, Failure> {
    let name = T::NAME;
    pointer(place, name)?;
    // SAFETY: the first field, by the word of `Grows`.
    let size = unsafe { place.cast::<usize>().read() };
    if size < T::FIRST || size > LARGEST_STRUCT {
        let text = format!("struct_size of {name} is {size}, and must be sizeof({name})");
        let mut failure = Failure::argument(text);
        failure.value = Some(size.to_string());
        failure.legal = Some(size_of::<T>().to_string());
        return Err(failure);
    }
    Ok(size)
}

/// A struct that the caller filled. Of one that is larger, what is not known here must be zero.
///
/// # Safety
/// It holds as many bytes as it says.
pub(crate) unsafe fn read<T: Grows>(place: *const T) -> Result<T, Failure> {
    // SAFETY: the caller's word.
    let size = unsafe { size(place)? };
    let known = size.min(size_of::<T>());
    let mut value = MaybeUninit::<T>::zeroed();
    // SAFETY: `known` bytes are there on both sides; what is not copied is zero, a value by the word of `Grows`.
    let value = unsafe {
        ptr::copy_nonoverlapping(place.cast::<u8>(), value.as_mut_ptr().cast::<u8>(), known);
        value.assume_init()
    };
    for at in known..size {
        // SAFETY: inside of what the caller says is there.
        if unsafe { place.cast::<u8>().add(at).read() } != 0 {
            let text = format!("{} has fields that this version of hwenc does not know", T::NAME);
            return Err(Failure::argument(text));
        }
    }
    Ok(value)
}

/// A struct that the caller wants filled, as far as its size goes.
#[derive(Debug)]
pub(crate) struct Fill<T> {
    place: *mut T,
    size: usize,
}

/// Looks at the size of a struct, and fills it with zeros behind that.
///
/// # Safety
/// It can be written for as many bytes as it says, until the call ends.
pub(crate) unsafe fn fill<T: Grows>(place: *mut T) -> Result<Fill<T>, Failure> {
    // SAFETY: the caller's word.
    let size = unsafe { size(place)? };
    let head = size_of::<usize>();
    // SAFETY: as above.
    unsafe { ptr::write_bytes(place.cast::<u8>().add(head), 0, size - head) };
    Ok(Fill { place, size })
}

impl<T: Grows> Fill<T> {
    /// Fills it. `struct_size` stays what the caller wrote.
    pub(crate) fn set(self, value: &T) {
        let head = size_of::<usize>();
        let known = self.size.min(size_of::<T>());
        // SAFETY: `fill` looked at the size, its caller vouches for the memory; both have `known` bytes.
        unsafe {
            let from = ptr::from_ref(value).cast::<u8>().add(head);
            ptr::copy_nonoverlapping(from, self.place.cast::<u8>().add(head), known - head);
        }
    }
}

/// Says once that a struct grows.
macro_rules! grows {
    ($name:ident, $first:expr) => {
        // SAFETY: it begins with `struct_size`, as the assertion holds; its fields are numbers, pointers and arrays of them.
        unsafe impl $crate::arguments::Grows for $name {
            const NAME: &'static str = stringify!($name);
            const FIRST: usize = {
                assert!(std::mem::offset_of!($name, struct_size) == 0);
                $first
            };
        }
    };
}
pub(crate) use grows;

/// A number of the caller that has to fit a smaller type.
pub(crate) fn narrow<S: Copy + std::fmt::Display, T: TryFrom<S>>(
    value: S,
    what: &str,
    legal: &str,
) -> Result<T, Failure> {
    T::try_from(value).map_err(|_| hwenc::Error::invalid(what, value, legal).into())
}
