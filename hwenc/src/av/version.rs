//! Which FFmpeg is in this process, and what was compiled into it.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;

use ffmpeg_sys_next as ff;
use serde::{Deserialize, Serialize};

pub(crate) use super::unlinked::filters;
use super::unlinked::{FILTER, FORMAT, Unlinked};

/// The FFmpeg that is linked, as it describes itself at run time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Ffmpeg {
    /// Release, as `ffmpeg -version` prints it.
    pub version: String,
    /// Versions of the libraries in the process, `name major.minor.micro`.
    pub libraries: Vec<String>,
    /// "GPL version 2 or later" and the like: whose terms a program that links it takes on.
    pub license: String,
    /// The configure line.
    pub configuration: String,
    /// Video encoders.
    pub encoders: Vec<String>,
    /// Video decoders.
    pub decoders: Vec<String>,
    /// Filters; empty where libavfilter was not asked.
    pub filters: Vec<String>,
    /// Kinds of hardware contexts.
    pub hwcontexts: Vec<String>,
}

impl Ffmpeg {
    /// Asks the libraries in this process. libavformat and libavfilter are among them only where the program itself
    /// uses them; [`filters`](Ffmpeg::filters) is empty.
    pub fn linked() -> Self {
        let unlinked = |library: Unlinked| Some(named(library.name, library.version()?));
        // SAFETY: functions without arguments that return static strings and numbers.
        unsafe {
            let mut libraries =
                vec![named("libavutil", ff::avutil_version()), named("libavcodec", ff::avcodec_version())];
            libraries.extend([FORMAT, FILTER].into_iter().filter_map(unlinked));
            libraries.push(named("libswscale", ff::swscale_version()));
            libraries.push(named("libswresample", ff::swresample_version()));
            Ffmpeg {
                version: text(ff::av_version_info()),
                libraries,
                license: text(ff::avcodec_license()),
                configuration: text(ff::avcodec_configuration()),
                encoders: codecs(true),
                decoders: codecs(false),
                filters: Vec::new(),
                hwcontexts: hwcontexts(),
            }
        }
    }

    /// The same, and the filters: libavfilter is loaded for that, with all that it needs, and stays loaded. That takes
    /// some 40 ms in a process that does not have it.
    pub fn with_filters() -> Self {
        let filters = filters();
        Ffmpeg { filters, ..Ffmpeg::linked() }
    }

    /// Major and minor release number, where the version text begins with them (`5.1.9-0+deb12u1`, `n7.1`).
    pub fn release(&self) -> Option<(u32, u32)> {
        let text = self.version.strip_prefix('n').unwrap_or(&self.version);
        let mut parts = text.split(|c: char| !c.is_ascii_digit());
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

/// `libavcodec 59.37.100`, from libav's way to write a version as one number.
fn named(name: &str, version: u32) -> String {
    format!("{name} {}.{}.{}", version >> 16, version >> 8 & 255, version & 255)
}

/// Release, versions of the libraries that encode and the configure line: what tells one FFmpeg from another, at no cost.
pub(crate) fn identity() -> Vec<String> {
    // SAFETY: functions without arguments that return static strings and numbers.
    unsafe {
        vec![
            text(ff::av_version_info()),
            named("libavutil", ff::avutil_version()),
            named("libavcodec", ff::avcodec_version()),
            named("libswscale", ff::swscale_version()),
            text(ff::avcodec_configuration()),
        ]
    }
}

/// `FFmpeg 5.1.9` and its licence: one line of evidence.
pub(crate) fn line() -> String {
    // SAFETY: static strings.
    unsafe { format!("FFmpeg {} ({})", text(ff::av_version_info()), text(ff::avcodec_license())) }
}

/// # Safety
/// A terminated string that outlives the call, or null.
pub(super) unsafe fn text(p: *const c_char) -> String {
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
        assert!(ffmpeg.hwcontexts.contains(&"vaapi".to_owned()));
        assert_eq!(ffmpeg.filters, [""; 0]);
    }

    #[test]
    fn filters_are_there_for_those_who_ask() {
        let (linked, ffmpeg) = (Ffmpeg::linked(), Ffmpeg::with_filters());
        assert!(ffmpeg.filters.contains(&"scale".to_owned()), "{:?}", ffmpeg.filters);
        assert_eq!(
            Ffmpeg { filters: Vec::new(), libraries: linked.libraries.clone(), ..ffmpeg.clone() },
            linked
        );
        // What was loaded for them is told from then on.
        let names: Vec<_> = ffmpeg.libraries.iter().filter_map(|text| text.split(' ').next()).collect();
        let all = ["libavutil", "libavcodec", "libavformat", "libavfilter", "libswscale", "libswresample"];
        assert_eq!(names, all);
        assert_eq!(Ffmpeg::linked().libraries, ffmpeg.libraries);
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
