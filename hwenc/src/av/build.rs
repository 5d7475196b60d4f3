//! [`Build`]: which libavcodec this process calls, told without loading more of FFmpeg than that takes.

use std::fs;

use ffmpeg_sys_next as ff;
use serde::{Deserialize, Serialize};

use super::version::text;

/// The FFmpeg that encodes: versions, configuration, and the files that were loaded. Two processes with equal builds run
/// the same code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Build {
    /// Release, as `ffmpeg -version` prints it.
    pub(crate) version: String,
    /// `name major.minor.micro`
    pub(crate) libraries: Vec<String>,
    /// The configure line of libavcodec.
    pub(crate) configuration: String,
    /// Where the libraries were loaded from; none for those that are linked into the program itself.
    pub(crate) files: Vec<LoadedFile>,
}

/// A library of this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LoadedFile {
    pub(crate) library: String,
    pub(crate) path: String,
    /// Device and inode, as `/proc/PID/maps` writes them: the same file under any path.
    pub(crate) identity: String,
}

impl Build {
    /// Of this process.
    pub(crate) fn linked() -> Self {
        let functions: [(&str, u32, usize); 3] = [
            // SAFETY: functions without arguments that return numbers.
            ("libavutil", unsafe { ff::avutil_version() }, ff::avutil_version as *const () as usize),
            // SAFETY: as above.
            ("libavcodec", unsafe { ff::avcodec_version() }, ff::avcodec_version as *const () as usize),
            // SAFETY: as above.
            ("libswscale", unsafe { ff::swscale_version() }, ff::swscale_version as *const () as usize),
        ];
        let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
        let file = |(library, _, address): &(&str, u32, usize)| {
            let (path, identity) = mapping(&maps, *address)?;
            let name = path.rsplit('/').next()?;
            // Linked statically, the address lies in the program or in the library that holds hwenc.
            let shared = name.starts_with(library);
            shared.then(|| LoadedFile { library: (*library).to_owned(), path, identity })
        };
        Build {
            // SAFETY: a static string.
            version: unsafe { text(ff::av_version_info()) },
            libraries: functions
                .iter()
                .map(|(name, v, _)| format!("{name} {}.{}.{}", v >> 16, v >> 8 & 255, v & 255))
                .collect(),
            // SAFETY: likewise.
            configuration: unsafe { text(ff::avcodec_configuration()) },
            files: functions.iter().filter_map(file).collect(),
        }
    }

    /// The file of a library, where it is one.
    pub(crate) fn file(&self, library: &str) -> Option<&LoadedFile> {
        self.files.iter().find(|file| file.library == library)
    }
}

/// Path and identity of the file that is mapped at an address (proc_pid_maps(5)).
pub(crate) fn mapping(maps: &str, address: usize) -> Option<(String, String)> {
    for line in maps.lines() {
        // 7f1c2000-7f1c3000 r-xp 00000000 fe:01 1234   /usr/lib/libavcodec.so.59.37.100
        let mut fields = line.split_ascii_whitespace();
        let Some((from, to)) = fields.next().and_then(|range| range.split_once('-')) else { continue };
        let (Ok(from), Ok(to)) = (usize::from_str_radix(from, 16), usize::from_str_radix(to, 16)) else {
            continue;
        };
        if !(from..to).contains(&address) {
            continue;
        }
        let device = fields.nth(2)?;
        let inode = fields.next()?;
        let path = line.find('/').map(|at| line[at..].to_owned())?;
        return Some((path, format!("{device} {inode}")));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_libraries_are_found_where_they_were_loaded() {
        let build = Build::linked();
        for library in ["libavutil", "libavcodec", "libswscale"] {
            let file = build.file(library).expect(library);
            assert!(std::path::Path::new(&file.path).exists(), "{file:?}");
        }
        assert_eq!(build, Build::linked());
        assert!(build.configuration.starts_with("--"), "{}", build.configuration);
    }

    #[test]
    fn an_address_belongs_to_one_file() {
        let maps = "00400000-00452000 r-xp 00000000 08:02 173521      /usr/bin/dbus daemon\n\
                    7f1c2000-7f1c3000 rw-p 00000000 00:00 0 \n";
        let found = mapping(maps, 0x0045_1fff);
        assert_eq!(found, Some(("/usr/bin/dbus daemon".into(), "08:02 173521".into())));
        assert_eq!(mapping(maps, 0x0045_2000), None);
        assert_eq!(mapping(maps, 0x7f1c_2000), None);
    }
}
