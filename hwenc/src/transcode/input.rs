//! The source, checked before FFmpeg sees it, so that errors are plain.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::job::same_file;
use super::{Cancel, OnCorrupt, Transcode};
use crate::av::Demuxer;
use crate::error::{Code, Error, Result};

/// Opens the source. Says how large it is; 0 for streams.
pub(super) fn open(job: &Transcode, cancel: &Cancel) -> Result<(Demuxer, u64)> {
    let input = &job.input;
    let demux = || Demuxer::open(input, cancel.flag()).map_err(|e| e.context(input.display()));
    if input.to_string_lossy().contains("://") {
        return Ok((demux()?, 0));
    }
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
    let boxes = boxes(&mut file).unwrap_or_default();
    if let (Some(error), OnCorrupt::Fail) = (cut(&boxes, metadata.len(), input), job.on_corrupt) {
        return Err(error);
    }
    let demuxer = demux().map_err(|error| match error.code() {
        Code::InputNotMedia => explain(&boxes, error, input),
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

/// A box of an ISO base media file.
struct Box {
    name: [u8; 4],
    /// Where it ends by its own word.
    end: u64,
}

/// An MP4 whose last box says that it is longer than the file was cut.
fn cut(boxes: &[Box], len: u64, input: &Path) -> Option<Error> {
    let last = boxes.last().filter(|b| is_iso(boxes) && b.end != u64::MAX && b.end > len)?;
    let name = String::from_utf8_lossy(&last.name).into_owned();
    let text =
        format!("{} was cut: it has {len} bytes, and its box `{name}` ends at {}", input.display(), last.end);
    // Without the index nothing can be taken of it, whatever the policy.
    let indexed = boxes[..boxes.len() - 1].iter().any(|b| &b.name == b"moov");
    let error = Error::new(Code::InputTruncated, text);
    Some(if indexed { error } else { error.with_remedy(NO_INDEX) })
}

fn is_iso(boxes: &[Box]) -> bool {
    boxes.first().is_some_and(|b| &b.name == b"ftyp")
}

const NO_INDEX: &str = "copy or record the file again; without its index (moov) nothing in it can be found";

/// An MP4 whose index is missing: that is worth more than "not recognised".
fn explain(boxes: &[Box], error: Error, input: &Path) -> Error {
    if !is_iso(boxes) || boxes.iter().any(|b| &b.name == b"moov") {
        return error;
    }
    let text =
        format!("{} is an MP4 without its index (moov): it was cut or never completed", input.display());
    let names: Vec<_> = boxes.iter().map(|b| String::from_utf8_lossy(&b.name)).collect();
    let fresh = Error::new(Code::InputTruncated, text).with_remedy(NO_INDEX);
    let fresh = error.reason().evidence.iter().fold(fresh, |e, line| e.with_evidence(line.clone()));
    fresh.with_evidence(format!("boxes found: {}", names.join(", ")))
}

/// The outermost boxes of an ISO base media file (ISO/IEC 14496-12, 4.2), as far as they can be followed. For any
/// other file the list makes no sense and does no harm.
fn boxes(file: &mut File) -> io::Result<Vec<Box>> {
    /// Fragmented files have thousands; the first tell enough.
    const MOST: usize = 4096;
    let len = file.metadata()?.len();
    let (mut found, mut at) = (Vec::new(), 0u64);
    while at.saturating_add(8) <= len && found.len() < MOST {
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0u8; 8];
        file.read_exact(&mut head)?;
        let [a, b, c, d, name @ ..] = head;
        let end = match u32::from_be_bytes([a, b, c, d]) {
            0 => u64::MAX, // to the end of the file
            1 => {
                let mut long = [0u8; 8];
                if file.read_exact(&mut long).is_err() {
                    break;
                }
                at.saturating_add(u64::from_be_bytes(long).max(16))
            }
            n => at.saturating_add(u64::from(n).max(8)),
        };
        found.push(Box { name, end });
        if found.len() == 1 && &found[0].name != b"ftyp" {
            break;
        }
        at = end;
    }
    Ok(found)
}
