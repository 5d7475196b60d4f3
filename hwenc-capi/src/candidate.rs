//! Candidates of a decision, or of an error that found none.

use std::ffi::{CString, c_char};
use std::ptr;

use hwenc::{Candidate, Verdict};

use crate::arguments::{Fill, grows};
use crate::failure::Failure;
use crate::status::{hwenc_status, hwenc_status_value};
use crate::text::c_string;

/// One encoder on one device, and what became of it. Set struct_size before the call; strings belong to the decision or error.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct hwenc_candidate {
    /// sizeof(hwenc_candidate)
    pub struct_size: usize,
    /// libavcodec's name, such as "h264_vaapi".
    pub encoder: *const c_char,
    /// "vaapi", "qsv", "cuda", "vulkan", "nvmpi", "v4l2m2m" or "software".
    pub backend: *const c_char,
    /// Node or index; NULL for the CPU, and where no device was found.
    pub device: *const c_char,
    /// "chosen", "usable" (another came first), "untried" or "rejected".
    pub verdict: *const c_char,
    /// Why, as a status: HWENC_ERROR_POLICY_CHOSEN for the one that is used.
    pub status: hwenc_status,
    /// How many lines of evidence there are.
    pub evidence_count: u32,
    /// The name of that status, such as "device.permission_denied".
    pub code: *const c_char,
    /// Why, in one sentence for a person.
    pub message: *const c_char,
    /// What to do next; empty where nothing can be said.
    pub remedy: *const c_char,
    /// What shows it; may name paths and versions of this machine.
    pub evidence: *const *const c_char,
}

grows!(hwenc_candidate, size_of::<hwenc_candidate>());

/// The strings of one candidate.
#[derive(Debug)]
struct Strings {
    encoder: CString,
    backend: CString,
    device: Option<CString>,
    verdict: CString,
    status: hwenc_status_value,
    code: CString,
    message: CString,
    remedy: CString,
    /// Kept for `pointers`.
    _evidence: Vec<CString>,
    pointers: Vec<*const c_char>,
}

/// Candidates as C sees them.
#[derive(Debug)]
pub(crate) struct Candidates(Vec<Strings>);

// SAFETY: the pointers are into heap memory of strings that stand beside them, which nobody changes.
unsafe impl Send for Candidates {}
// SAFETY: as above.
unsafe impl Sync for Candidates {}

impl Candidates {
    pub(crate) fn new(candidates: &[Candidate]) -> Self {
        Candidates(candidates.iter().map(Strings::new).collect())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn give(&self, index: usize, to: Fill<hwenc_candidate>) -> Result<(), Failure> {
        let candidate = self.0.get(index).ok_or_else(|| {
            let legal = format!("below {}", self.0.len());
            Failure::from(hwenc::Error::invalid("the number of the candidate", index, legal))
        })?;
        to.set(&candidate.seen());
        Ok(())
    }
}

impl Strings {
    fn new(candidate: &Candidate) -> Self {
        let verdict = match candidate.verdict {
            Verdict::Chosen => "chosen",
            Verdict::Usable => "usable",
            Verdict::Untried => "untried",
            Verdict::Rejected => "rejected",
        };
        let evidence: Vec<CString> = candidate.reason.evidence.iter().map(|line| c_string(line)).collect();
        Strings {
            encoder: c_string(&candidate.encoder),
            backend: c_string(&candidate.backend),
            device: candidate.device.as_deref().map(c_string),
            verdict: c_string(verdict),
            status: hwenc_status_value::of(candidate.reason.code),
            code: c_string(candidate.reason.code.as_str()),
            message: c_string(&candidate.reason.message),
            remedy: c_string(&candidate.reason.remedy),
            pointers: evidence.iter().map(|line| line.as_ptr()).collect(),
            _evidence: evidence,
        }
    }

    fn seen(&self) -> hwenc_candidate {
        hwenc_candidate {
            struct_size: 0,
            encoder: self.encoder.as_ptr(),
            backend: self.backend.as_ptr(),
            device: self.device.as_ref().map_or(ptr::null(), |device| device.as_ptr()),
            verdict: self.verdict.as_ptr(),
            status: self.status.number(),
            evidence_count: self.pointers.len() as u32,
            code: self.code.as_ptr(),
            message: self.message.as_ptr(),
            remedy: self.remedy.as_ptr(),
            evidence: self.pointers.as_ptr(),
        }
    }
}
