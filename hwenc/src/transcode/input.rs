//! The source, checked before FFmpeg sees it, so that errors are plain.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::job::same_file;
use super::layout::Layout;
use super::{Cancel, OnCorrupt, Transcode};
use crate::av::{self, Demuxer};
use crate::error::{Code, Error, Result};

/// Opens the source. Says how large it is; 0 for streams.
pub(super) fn open(job: &Transcode, cancel: &Cancel) -> Result<(Demuxer, u64)> {
    let demux = || Demuxer::open(&job.input, cancel.flag()).map_err(|e| e.context(job.input.display()));
    let Some(input) = av::local_file(&job.input) else { return Ok((demux()?, 0)) };
    let metadata = fs::metadata(input).map_err(|e| refused(input, &e))?;
    if metadata.is_dir() {
        return Err(Error::new(Code::InputIsDirectory, format!("{} is a directory", input.display())));
    }
    if !metadata.is_file() {
        return Ok((demux()?, 0)); // a pipe: looking at it would take from it
    }
    let mut file = File::open(input).map_err(|e| refused(input, &e))?;
    if metadata.len() == 0 {
        return Err(Error::new(Code::InputEmpty, format!("{} is empty", input.display())));
    }
    // Two names of one file: a link, or a longer way to it.
    if fs::metadata(&job.output).is_ok_and(|o| (o.dev(), o.ino()) == (metadata.dev(), metadata.ino())) {
        return Err(same_file(&job.output));
    }
    let layout = Layout::read(&mut file).unwrap_or_default();
    if let (Some(error), OnCorrupt::Fail) = (layout.cut(input), job.on_corrupt) {
        return Err(error);
    }
    let demuxer = demux().map_err(|error| match error.code() {
        Code::InputNotMedia => layout.explain(error, input),
        _ => error,
    })?;
    Ok((demuxer, metadata.len()))
}

fn refused(input: &Path, error: &io::Error) -> Error {
    let place = input.display();
    let (code, text) = match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            (Code::InputMissing, format!("{place} does not exist"))
        }
        ErrorKind::PermissionDenied => {
            (Code::InputPermission, format!("{place} may not be read by this user"))
        }
        _ => (Code::InputFailed, format!("{place} cannot be opened")),
    };
    let e = Error::new(code, text);
    match error.raw_os_error() {
        Some(errno) => e.with_os(errno),
        None => e,
    }
}
