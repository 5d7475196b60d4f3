//! [`Options`]: an AVDictionary whose leftovers are errors.

use std::ffi::{CStr, CString};
use std::ptr;

use ffmpeg_sys_next as ff;

use super::error;
use crate::error::{Code, Error, Result};

/// Options for a codec, demuxer, muxer or filter. What the receiver does not take is an error.
pub struct Options(*mut ff::AVDictionary);

// SAFETY: an AVDictionary is plain memory without thread affinity.
unsafe impl Send for Options {}

impl Options {
    /// No options.
    pub fn new() -> Self {
        Options(ptr::null_mut())
    }

    /// The options of an iterator; a later one replaces an earlier one of the same name.
    ///
    /// # Errors
    /// As [`Options::set`].
    pub fn from_pairs<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> Result<Self> {
        let mut options = Options::new();
        for (key, value) in pairs {
            options.set(key.as_ref(), value.as_ref())?;
        }
        Ok(options)
    }

    /// Sets one option.
    ///
    /// # Errors
    /// [`Code::OptionInvalid`] for a NUL byte.
    pub fn set(&mut self, key: &str, value: &str) -> Result<()> {
        let text = |s: &str| {
            CString::new(s)
                .map_err(|_| Error::new(Code::OptionInvalid, format!("option `{key}` holds a NUL byte")))
        };
        let (k, v) = (text(key)?, text(value)?);
        // SAFETY: both strings are terminated and copied by the call; the dictionary pointer is ours.
        let ret = unsafe { ff::av_dict_set(&mut self.0, k.as_ptr(), v.as_ptr(), 0) };
        error::check(ret, Code::OutOfMemory, "no memory for an option")?;
        Ok(())
    }

    /// What is in it, in order.
    pub fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs = Vec::new();
        let mut entry: *const ff::AVDictionaryEntry = ptr::null();
        loop {
            // SAFETY: an empty key with IGNORE_SUFFIX walks all entries; entries live as long as the dictionary.
            entry = unsafe { ff::av_dict_get(self.0, c"".as_ptr(), entry, ff::AV_DICT_IGNORE_SUFFIX as i32) };
            // SAFETY: null at the end, else an entry with two terminated strings.
            let Some(e) = (unsafe { entry.as_ref() }) else { return pairs };
            // SAFETY: as above.
            let text = |p| unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned();
            pairs.push((text(e.key), text(e.value)));
        }
    }

    /// The receiver removes what it takes; the rest is what it does not know.
    pub(crate) fn as_mut(&mut self) -> *mut *mut ff::AVDictionary {
        &mut self.0
    }

    /// An error that names what was left, if anything was.
    pub(crate) fn all_taken(&self, who: &str) -> Result<()> {
        match self.pairs().first() {
            None => Ok(()),
            Some((key, _)) => Err(Error::new(Code::OptionUnknown, format!("{who} takes no option `{key}`"))
                .with_value(key, format!("an option of {who}"))
                .with_remedy(format!("`ffmpeg -h {who}` lists its options", who = who.replace(' ', "=")))),
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Options::new()
    }
}

impl Drop for Options {
    fn drop(&mut self) {
        // SAFETY: ours alone, and null is allowed.
        unsafe { ff::av_dict_free(&mut self.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leftovers_are_named() {
        let options = Options::from_pairs([("a", "1"), ("b", "2"), ("a", "3")]).unwrap();
        assert_eq!(options.pairs().len(), 2);
        let error = options.all_taken("encoder libx264").unwrap_err();
        assert_eq!(error.code(), Code::OptionUnknown);
        assert!(error.reason().remedy.contains("ffmpeg -h encoder=libx264"));
    }

    #[test]
    fn a_nul_byte_is_refused() {
        assert_eq!(Options::new().set("a", "\0").unwrap_err().code(), Code::OptionInvalid);
    }
}
