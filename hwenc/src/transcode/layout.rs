//! [`Layout`]: how long a file says that it is, which tells one that was cut. Libavformat reads such files to their end
//! without a word, or says no more than "invalid data".

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use crate::error::{Code, Error};

const NO_INDEX: &str = "copy or record the file again; without its index (moov) nothing in it can be found";

/// The outermost parts of a file, as far as they can be followed.
#[derive(Default)]
pub(super) struct Layout {
    len: u64,
    is_iso: bool,
    parts: Vec<Part>,
}

/// A box of MP4, the segment of Matroska, the body of AVI.
struct Part {
    name: String,
    /// Where it ends by its own word; `None`: wherever the file does.
    end: Option<u64>,
}

impl Layout {
    /// Reads the heads of the parts. Other containers than these three have none.
    pub(super) fn read(file: &mut File) -> io::Result<Self> {
        let len = file.metadata()?.len();
        let mut head = Vec::new();
        file.take(64).read_to_end(&mut head)?;
        let is_iso = head.get(4..8) == Some(b"ftyp");
        let parts = if is_iso {
            boxes(file, len)?
        } else if head.starts_with(&[0x1A, 0x45, 0xDF, 0xA3]) {
            segment(&head).into_iter().collect()
        } else if head.starts_with(b"RIFF") {
            riff(&head).into_iter().collect()
        } else {
            Vec::new()
        };
        Ok(Layout { len, is_iso, parts })
    }

    /// The error for a file whose last part says that it is longer than the file.
    pub(super) fn cut(&self, input: &Path) -> Option<Error> {
        let (last, others) = self.parts.split_last()?;
        let end = last.end.filter(|end| *end > self.len)?;
        let (len, name) = (self.len, &last.name);
        let text = format!("{} was cut: it has {len} bytes, and its {name} ends at {end}", input.display());
        let error = Error::new(Code::InputTruncated, text);
        // Without the index nothing can be taken of it, whatever the policy.
        let lost = self.is_iso && !others.iter().any(|part| part.name == "moov");
        Some(if lost { error.with_remedy(NO_INDEX) } else { error })
    }

    /// An MP4 whose index is missing: that is worth more than "not recognised".
    pub(super) fn explain(&self, error: Error, input: &Path) -> Error {
        if !self.is_iso || self.parts.iter().any(|part| part.name == "moov") {
            return error;
        }
        let text =
            format!("{} is an MP4 without its index (moov): it was cut or never completed", input.display());
        let names: Vec<&str> = self.parts.iter().map(|part| part.name.as_str()).collect();
        let fresh = Error::new(Code::InputTruncated, text).with_remedy(NO_INDEX);
        let fresh = error.reason().evidence.iter().fold(fresh, |e, line| e.with_evidence(line.clone()));
        fresh.with_evidence(format!("boxes found: {}", names.join(", ")))
    }
}

/// The outermost boxes of an ISO base media file (ISO/IEC 14496-12, 4.2).
fn boxes(file: &mut File, len: u64) -> io::Result<Vec<Part>> {
    /// Fragmented files have thousands; the first tell enough.
    const MOST: usize = 4096;
    let (mut found, mut at) = (Vec::new(), 0u64);
    while at.saturating_add(8) <= len && found.len() < MOST {
        file.seek(SeekFrom::Start(at))?;
        let mut head = [0u8; 8];
        file.read_exact(&mut head)?;
        let [a, b, c, d, name @ ..] = head;
        let size = match u32::from_be_bytes([a, b, c, d]) {
            0 => None, // to the end of the file
            1 => {
                let mut long = [0u8; 8];
                if file.read_exact(&mut long).is_err() {
                    break;
                }
                Some(u64::from_be_bytes(long).max(16))
            }
            n => Some(u64::from(n).max(8)),
        };
        let end = size.map(|size| at.saturating_add(size));
        found.push(Part { name: String::from_utf8_lossy(&name).into_owned(), end });
        match end {
            Some(end) => at = end,
            None => break,
        }
    }
    Ok(found)
}

/// The segment that follows Matroska's header (RFC 8794 and 9559); live recordings do not know its size.
fn segment(head: &[u8]) -> Option<Part> {
    let (header, at) = size(head, 4)?;
    let at = at + usize::try_from(header?).ok()?;
    if head.get(at..at + 4)? != [0x18, 0x53, 0x80, 0x67] {
        return None;
    }
    let (size, at) = size(head, at + 4)?;
    Some(Part { name: "segment".to_owned(), end: size.map(|size| size.saturating_add(at as u64)) })
}

/// The size of an EBML element, `None` within for unknown, and where its content begins.
fn size(head: &[u8], at: usize) -> Option<(Option<u64>, usize)> {
    let first = *head.get(at)?;
    let more = first.leading_zeros() as usize;
    let bytes = head.get(at..at + more + 1).filter(|_| more < 8)?;
    let value = bytes.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
    let mask = (1u64 << (7 * (more + 1))) - 1; // without the bit that ends the zeros
    Some(((value & mask != mask).then_some(value & mask), at + more + 1))
}

/// The body of AVI; longer ones continue in further bodies.
fn riff(head: &[u8]) -> Option<Part> {
    let size: [u8; 4] = head.get(4..8)?.try_into().ok()?;
    let size = u64::from(u32::from_le_bytes(size));
    // 0 and all ones are what recorders leave that did not come back to fill it in.
    let known = (1..u64::from(u32::MAX)).contains(&size);
    Some(Part { name: "body".to_owned(), end: known.then_some(size + 8) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(bytes: &[u8]) -> Layout {
        let mut file = tempfile::tempfile().unwrap();
        io::Write::write_all(&mut file, bytes).unwrap();
        file.rewind().unwrap();
        Layout::read(&mut file).unwrap()
    }

    fn cut(bytes: &[u8]) -> bool {
        layout(bytes).cut(Path::new("x")).is_some()
    }

    #[test]
    fn boxes_that_end_behind_the_file_are_noticed() {
        let whole = b"\0\0\0\x08ftyp\0\0\0\x0Cmdatabcd";
        assert!(!cut(whole));
        assert!(cut(&whole[..18]));
        assert!(!cut(b"\0\0\0\x08ftyp\0\0\0\0mdatabcd"), "to the end of the file");
        assert!(!cut(b"\0\0\0\x00ftyp\0\0\0\0"), "no endless loop");
        let long = b"\0\0\0\x08ftyp\0\0\0\x01mdat\0\0\0\0\0\0\0\x11a";
        assert!(!cut(long));
        assert!(cut(&long[..24]));
    }

    #[test]
    fn segments_that_end_behind_the_file_are_noticed() {
        let head = [0x1A, 0x45, 0xDF, 0xA3, 0x82, 1, 2, 0x18, 0x53, 0x80, 0x67];
        let with = |size: &[u8], body: usize| [&head[..], size, &vec![0; body]].concat();
        assert!(!cut(&with(&[0x84], 4)));
        assert!(cut(&with(&[0x84], 3)));
        assert!(cut(&with(&[0x01, 0, 0, 0, 0, 0, 1, 0], 255)));
        assert!(!cut(&with(&[0x01, 255, 255, 255, 255, 255, 255, 255], 3)), "unknown");
        assert!(!cut(&head[..9]), "cut within its head: no media at all");
        assert!(!cut(&[0x1A, 0x45, 0xDF, 0xA3, 0]), "no such size");
    }

    #[test]
    fn bodies_that_end_behind_the_file_are_noticed() {
        assert!(!cut(b"RIFF\x04\0\0\0AVI "));
        assert!(cut(b"RIFF\x05\0\0\0AVI "));
        assert!(!cut(b"RIFF\0\0\0\0AVI "));
        assert!(!cut(b""));
    }
}
