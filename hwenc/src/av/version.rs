//! Which FFmpeg is in this process, and what was compiled into it.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use ffmpeg_sys_next as ff;
use serde::{Deserialize, Serialize};

/// The FFmpeg that is linked, as it describes itself at run time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Ffmpeg {
    /// Release, as `ffmpeg -version` prints it.
    pub version: String,
    /// Versions of the libraries, `name major.minor.micro`.
    pub libraries: Vec<String>,
    /// "GPL version 2 or later" and the like: whose terms a program that links it takes on.
    pub license: String,
    /// The configure line.
    pub configuration: String,
    /// Video encoders.
    pub encoders: Vec<String>,
    /// Video decoders.
    pub decoders: Vec<String>,
    /// Filters.
    pub filters: Vec<String>,
    /// Kinds of hardware contexts.
    pub hwcontexts: Vec<String>,
}

impl Ffmpeg {
    /// Asks the libraries in this process.
    pub fn linked() -> Self {
        // SAFETY: functions without arguments that return static strings and numbers.
        unsafe {
            Ffmpeg {
                version: text(ff::av_version_info()),
                libraries: [
                    ("libavutil", ff::avutil_version()),
                    ("libavcodec", ff::avcodec_version()),
                    ("libavformat", ff::avformat_version()),
                    ("libavfilter", ff::avfilter_version()),
                    ("libswscale", ff::swscale_version()),
                    ("libswresample", ff::swresample_version()),
                ]
                .map(|(name, v)| format!("{name} {}.{}.{}", v >> 16, v >> 8 & 255, v & 255))
                .to_vec(),
                license: text(ff::avcodec_license()),
                configuration: text(ff::avcodec_configuration()),
                encoders: codecs(true),
                decoders: codecs(false),
                filters: filters(),
                hwcontexts: hwcontexts(),
            }
        }
    }

    /// Major and minor release number, where the version text begins with them (`5.1.9-0+deb12u1`, `n7.1`).
    pub fn release(&self) -> Option<(u32, u32)> {
        let text = self.version.strip_prefix('n').unwrap_or(&self.version);
        let mut parts = text.split(|c: char| !c.is_ascii_digit());
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

/// `FFmpeg 5.1.9` and its licence: one line of evidence.
pub(crate) fn line() -> String {
    // SAFETY: static strings.
    unsafe { format!("FFmpeg {} ({})", text(ff::av_version_info()), text(ff::avcodec_license())) }
}

/// # Safety
/// A terminated string that outlives the call, or null.
unsafe fn text(p: *const c_char) -> String {
    if p.is_null() {
        return String::new();
    }
    // SAFETY: the caller's word.
    unsafe { CStr::from_ptr(p) }.to_string_lossy().into_owned()
}

fn codecs(encoders: bool) -> Vec<String> {
    let mut names = Vec::new();
    let mut state: *mut c_void = ptr::null_mut();
    loop {
        // SAFETY: the iterator of libavcodec, with its own state; descriptions are static.
        let codec = unsafe { ff::av_codec_iterate(&mut state) };
        if codec.is_null() {
            break;
        }
        // SAFETY: as above.
        unsafe {
            let is_encoder = ff::av_codec_is_encoder(codec) != 0;
            if is_encoder == encoders && (*codec).type_ == ff::AVMediaType::AVMEDIA_TYPE_VIDEO {
                names.push(text((*codec).name));
            }
        }
    }
    names.sort();
    names
}

fn filters() -> Vec<String> {
    let mut names = Vec::new();
    let mut state: *mut c_void = ptr::null_mut();
    loop {
        // SAFETY: the iterator of libavfilter, with its own state; descriptions are static.
        let filter = unsafe { ff::av_filter_iterate(&mut state) };
        if filter.is_null() {
            break;
        }
        // SAFETY: as above.
        names.push(unsafe { text((*filter).name) });
    }
    names.sort();
    names
}

fn hwcontexts() -> Vec<String> {
    let mut names = Vec::new();
    let mut kind = ff::AVHWDeviceType::AV_HWDEVICE_TYPE_NONE;
    loop {
        // SAFETY: pure functions; NONE begins and ends the walk.
        kind = unsafe { ff::av_hwdevice_iterate_types(kind) };
        if kind == ff::AVHWDeviceType::AV_HWDEVICE_TYPE_NONE {
            return names;
        }
        // SAFETY: a static string for every kind.
        names.push(unsafe { text(ff::av_hwdevice_get_type_name(kind)) });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linked_ffmpeg_describes_itself() {
        let ffmpeg = Ffmpeg::linked();
        let (major, _) = ffmpeg.release().expect(&ffmpeg.version);
        assert!((5..=9).contains(&major), "{}", ffmpeg.version);
        assert!(ffmpeg.encoders.contains(&"libx264".to_owned()), "{:?}", ffmpeg.encoders);
        assert!(ffmpeg.decoders.contains(&"h264".to_owned()));
        assert!(ffmpeg.filters.contains(&"scale".to_owned()));
        assert!(ffmpeg.hwcontexts.contains(&"vaapi".to_owned()));
    }

    #[test]
    fn releases_are_read_as_distributions_write_them() {
        for (text, expected) in [
            ("5.1.9-0+deb12u1", Some((5, 1))),
            ("n7.1", Some((7, 1))),
            ("9.0", Some((9, 0))),
            ("10.2-dev", Some((10, 2))),
            ("4.4.2-0ubuntu0.22.04.1", Some((4, 4))),
            ("N-118000-g1234567", None),
            ("git-2025-01-01", None),
            ("", None),
        ] {
            let ffmpeg = Ffmpeg { version: text.to_owned(), ..Ffmpeg::default() };
            assert_eq!(ffmpeg.release(), expected, "{text}");
        }
    }
}
