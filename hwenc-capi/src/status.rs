//! Status numbers: one for each [`Code`] of hwenc, and the few that only C has. None is ever used for anything else.

use std::collections::BTreeMap;
use std::ffi::{CString, c_char};
use std::sync::OnceLock;

use hwenc::Code;

use crate::boundary;
use crate::text::c_string;

/// What a function came to: HWENC_OK, something positive that is no failure, or a negative error. See enum hwenc_status_value.
pub type hwenc_status = i32;

/// Every status. Numbers are never reused, and new ones may come: treat those that you do not know as an error when negative.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum hwenc_status_value {
    /// Done.
    HWENC_OK = 0,
    /// No packet yet: send another picture first, or finish. No failure.
    HWENC_NEED_INPUT = 1,
    /// Every packet has come out. No failure.
    HWENC_FINISHED = 2,
    /// A fault of hwenc itself; please report it, with the evidence.
    HWENC_ERROR_INTERNAL = -1,
    /// An argument is NULL where that is not allowed, misaligned, no UTF-8, or a struct of a size that cannot be.
    HWENC_ERROR_INVALID_ARGUMENT = -2,
    /// The handle is NULL, was freed, is of another type, or never was one.
    HWENC_ERROR_INVALID_HANDLE = -3,
    /// Another thread is using the session at this moment.
    HWENC_ERROR_BUSY = -4,
    /// The command line is wrong.
    HWENC_ERROR_USAGE = -100,
    /// A value of the request is outside its legal range.
    HWENC_ERROR_REQUEST_INVALID = -110,
    /// The picture size cannot be coded with this codec and chroma format.
    HWENC_ERROR_REQUEST_SIZE_UNSUPPORTED = -111,
    /// No backend has an encoder of this name.
    HWENC_ERROR_REQUEST_UNKNOWN_ENCODER = -112,
    /// The named encoder makes another codec than the one asked for.
    HWENC_ERROR_REQUEST_CODEC_MISMATCH = -113,
    /// The encoder, demuxer or filter takes no option of this name.
    HWENC_ERROR_OPTION_UNKNOWN = -130,
    /// The option exists and refuses the value.
    HWENC_ERROR_OPTION_INVALID_VALUE = -131,
    /// The candidate is used.
    HWENC_ERROR_POLICY_CHOSEN = -200,
    /// Every candidate was rejected.
    HWENC_ERROR_SELECT_NO_ENCODER = -201,
    /// The candidate falls under a fallback that the request does not allow.
    HWENC_ERROR_POLICY_FALLBACK_DENIED = -202,
    /// The request names other encoders or another device.
    HWENC_ERROR_POLICY_NOT_REQUESTED = -203,
    /// A candidate before this one was taken.
    HWENC_ERROR_POLICY_NOT_NEEDED = -204,
    /// Nothing was tried yet that answers the request.
    HWENC_ERROR_SELECT_NEEDS_TRIALS = -205,
    /// The FFmpeg in this process was built without the encoder.
    HWENC_ERROR_ENCODER_NOT_COMPILED = -220,
    /// The encoder cannot do what is asked: bit depth, chroma, rate control.
    HWENC_ERROR_ENCODER_UNSUPPORTED = -221,
    /// The encoder did not open with these settings.
    HWENC_ERROR_ENCODER_OPEN_FAILED = -222,
    /// The encoder failed while running.
    HWENC_ERROR_ENCODER_FAILED = -223,
    /// This version of hwenc has no driver for the backend yet.
    HWENC_ERROR_BACKEND_NOT_DRIVEN = -240,
    /// No device of the kind that the backend needs.
    HWENC_ERROR_DEVICE_MISSING = -300,
    /// The device is there and this process may not open it.
    HWENC_ERROR_DEVICE_PERMISSION_DENIED = -301,
    /// The device is there and does not open or start.
    HWENC_ERROR_DEVICE_FAILED = -302,
    /// The device has no unit that encodes.
    HWENC_ERROR_DEVICE_NO_ENCODER = -303,
    /// The device or its driver did not come back within the deadline.
    HWENC_ERROR_DEVICE_HUNG = -304,
    /// Every encoding session that the driver allows is in use.
    HWENC_ERROR_DEVICE_SESSION_LIMIT = -305,
    /// A picture could not be put on the device, while running.
    HWENC_ERROR_DEVICE_UPLOAD_FAILED = -306,
    /// The driver took its process down.
    HWENC_ERROR_DRIVER_CRASHED = -330,
    /// The driver took more memory than a trial may.
    HWENC_ERROR_DRIVER_MEMORY_EXHAUSTED = -331,
    /// The driver is older than what the encoder library was built for.
    HWENC_ERROR_DRIVER_TOO_OLD = -332,
    /// The runtime behind Quick Sync did not start.
    HWENC_ERROR_RUNTIME_FAILED = -350,
    /// The first packet of the trial is not a picture that decoding can begin with.
    HWENC_ERROR_TRIAL_NO_IDR = -400,
    /// The stream of the trial names another size, profile, bit depth or colour than was asked for.
    HWENC_ERROR_TRIAL_WRONG_STREAM = -401,
    /// The stream of the trial does not decode.
    HWENC_ERROR_TRIAL_UNDECODABLE = -402,
    /// The stream of the trial decodes to other pictures than were sent.
    HWENC_ERROR_TRIAL_WRONG_PICTURE = -403,
    /// Fewer pictures came out of the trial than went in.
    HWENC_ERROR_TRIAL_INCOMPLETE = -404,
    /// Its last trial never ended, perhaps because the machine went down.
    HWENC_ERROR_TRIAL_QUARANTINED = -405,
    /// No helper process could be started, and one is required.
    HWENC_ERROR_HELPER_MISSING = -500,
    /// The helper uses another FFmpeg or hwenc than this process.
    HWENC_ERROR_HELPER_MISMATCH = -501,
    /// The helper itself failed.
    HWENC_ERROR_HELPER_FAILED = -502,
    /// A program that belongs to the `hwenc` command is not there, or does not start.
    HWENC_ERROR_PROGRAM_MISSING = -510,
    /// A library that the backend loads at run time is missing.
    HWENC_ERROR_LIBRARY_MISSING = -520,
    /// The library loaded and a symbol is missing from it.
    HWENC_ERROR_LIBRARY_SYMBOL_MISSING = -521,
    /// A copy would be needed where `zero_copy = require`.
    HWENC_ERROR_ENCODE_COPY_REQUIRED = -600,
    /// The picture handed in does not fit the session or its own planes.
    HWENC_ERROR_PICTURE_INVALID = -610,
    /// The pixels of a picture lie in memory as no picture of a known format does, or in another order than is read.
    HWENC_ERROR_PICTURE_LAYOUT = -611,
    /// The session was finished and takes no more pictures.
    HWENC_ERROR_SESSION_FINISHED = -620,
    /// The session was closed and can be asked for nothing more.
    HWENC_ERROR_SESSION_CLOSED = -621,
    /// No such file.
    HWENC_ERROR_INPUT_NOT_FOUND = -700,
    /// The file may not be read.
    HWENC_ERROR_INPUT_PERMISSION_DENIED = -701,
    /// A directory was given where a file belongs.
    HWENC_ERROR_INPUT_IS_DIRECTORY = -702,
    /// The file holds no byte.
    HWENC_ERROR_INPUT_EMPTY = -703,
    /// The content is no media that FFmpeg recognises.
    HWENC_ERROR_INPUT_NOT_MEDIA = -704,
    /// The file ends before its content does.
    HWENC_ERROR_INPUT_TRUNCATED = -705,
    /// Nothing in it is a video.
    HWENC_ERROR_INPUT_NO_VIDEO = -706,
    /// A part of the stream does not decode.
    HWENC_ERROR_INPUT_CORRUPT = -707,
    /// The pictures have a size that the codec cannot code.
    HWENC_ERROR_INPUT_SIZE_UNSUPPORTED = -708,
    /// The FFmpeg in this process has no decoder for the stream.
    HWENC_ERROR_INPUT_NO_DECODER = -709,
    /// Reading failed.
    HWENC_ERROR_INPUT_FAILED = -710,
    /// Input and output are the same file.
    HWENC_ERROR_OUTPUT_SAME_AS_INPUT = -800,
    /// The output exists.
    HWENC_ERROR_OUTPUT_EXISTS = -801,
    /// The directory of the output does not exist.
    HWENC_ERROR_OUTPUT_NO_DIRECTORY = -802,
    /// The output is a directory.
    HWENC_ERROR_OUTPUT_IS_DIRECTORY = -803,
    /// The directory cannot be written.
    HWENC_ERROR_OUTPUT_PERMISSION_DENIED = -804,
    /// The ending of the name tells no container that hwenc writes.
    HWENC_ERROR_OUTPUT_UNKNOWN_CONTAINER = -805,
    /// The container cannot hold the codec.
    HWENC_ERROR_OUTPUT_UNSUPPORTED_CODEC = -806,
    /// No space left.
    HWENC_ERROR_OUTPUT_DISK_FULL = -807,
    /// The reader at the other end went away.
    HWENC_ERROR_OUTPUT_CLOSED = -808,
    /// Writing failed.
    HWENC_ERROR_OUTPUT_FAILED = -809,
    /// A saved report cannot be read.
    HWENC_ERROR_REPORT_INVALID = -900,
    /// A filter could not be made or failed.
    HWENC_ERROR_FILTER_FAILED = -910,
    /// The caller cancelled.
    HWENC_ERROR_CANCELLED = -920,
    /// The output would have become larger than allowed.
    HWENC_ERROR_GATE_SIZE_EXCEEDED = -930,
    /// No memory.
    HWENC_ERROR_MEMORY_EXHAUSTED = -940,
}

use hwenc_status_value::*;

/// The status of each code.
const CODES: &[(hwenc_status_value, Code)] = &[
    (HWENC_ERROR_USAGE, Code::Usage),
    (HWENC_ERROR_REQUEST_INVALID, Code::RequestInvalid),
    (HWENC_ERROR_REQUEST_SIZE_UNSUPPORTED, Code::RequestSize),
    (HWENC_ERROR_REQUEST_UNKNOWN_ENCODER, Code::RequestUnknownEncoder),
    (HWENC_ERROR_REQUEST_CODEC_MISMATCH, Code::RequestCodecMismatch),
    (HWENC_ERROR_OPTION_UNKNOWN, Code::OptionUnknown),
    (HWENC_ERROR_OPTION_INVALID_VALUE, Code::OptionInvalid),
    (HWENC_ERROR_POLICY_CHOSEN, Code::Chosen),
    (HWENC_ERROR_SELECT_NO_ENCODER, Code::NoEncoder),
    (HWENC_ERROR_POLICY_FALLBACK_DENIED, Code::FallbackDenied),
    (HWENC_ERROR_POLICY_NOT_REQUESTED, Code::NotRequested),
    (HWENC_ERROR_POLICY_NOT_NEEDED, Code::NotNeeded),
    (HWENC_ERROR_ENCODER_NOT_COMPILED, Code::EncoderNotCompiled),
    (HWENC_ERROR_ENCODER_UNSUPPORTED, Code::EncoderUnsupported),
    (HWENC_ERROR_BACKEND_NOT_DRIVEN, Code::BackendNotDriven),
    (HWENC_ERROR_DEVICE_MISSING, Code::DeviceMissing),
    (HWENC_ERROR_DEVICE_PERMISSION_DENIED, Code::DevicePermission),
    (HWENC_ERROR_DEVICE_FAILED, Code::DeviceFailed),
    (HWENC_ERROR_DEVICE_NO_ENCODER, Code::DeviceNoEncoder),
    (HWENC_ERROR_DEVICE_HUNG, Code::DeviceHung),
    (HWENC_ERROR_DRIVER_CRASHED, Code::DriverCrashed),
    (HWENC_ERROR_DRIVER_MEMORY_EXHAUSTED, Code::DriverMemory),
    (HWENC_ERROR_DRIVER_TOO_OLD, Code::DriverTooOld),
    (HWENC_ERROR_RUNTIME_FAILED, Code::RuntimeFailed),
    (HWENC_ERROR_DEVICE_SESSION_LIMIT, Code::SessionLimit),
    (HWENC_ERROR_SELECT_NEEDS_TRIALS, Code::NeedsTrials),
    (HWENC_ERROR_TRIAL_NO_IDR, Code::TrialNoIdr),
    (HWENC_ERROR_TRIAL_WRONG_STREAM, Code::TrialStream),
    (HWENC_ERROR_TRIAL_UNDECODABLE, Code::TrialUndecodable),
    (HWENC_ERROR_TRIAL_WRONG_PICTURE, Code::TrialPicture),
    (HWENC_ERROR_TRIAL_INCOMPLETE, Code::TrialIncomplete),
    (HWENC_ERROR_TRIAL_QUARANTINED, Code::TrialQuarantined),
    (HWENC_ERROR_HELPER_MISSING, Code::HelperMissing),
    (HWENC_ERROR_HELPER_MISMATCH, Code::HelperMismatch),
    (HWENC_ERROR_HELPER_FAILED, Code::HelperFailed),
    (HWENC_ERROR_PROGRAM_MISSING, Code::ProgramMissing),
    (HWENC_ERROR_LIBRARY_MISSING, Code::LibraryMissing),
    (HWENC_ERROR_LIBRARY_SYMBOL_MISSING, Code::LibrarySymbol),
    (HWENC_ERROR_ENCODER_OPEN_FAILED, Code::EncoderOpenFailed),
    (HWENC_ERROR_DEVICE_UPLOAD_FAILED, Code::DeviceUpload),
    (HWENC_ERROR_ENCODER_FAILED, Code::EncoderFailed),
    (HWENC_ERROR_ENCODE_COPY_REQUIRED, Code::CopyRequired),
    (HWENC_ERROR_PICTURE_INVALID, Code::PictureInvalid),
    (HWENC_ERROR_PICTURE_LAYOUT, Code::PictureLayout),
    (HWENC_ERROR_SESSION_FINISHED, Code::SessionFinished),
    (HWENC_ERROR_SESSION_CLOSED, Code::SessionClosed),
    (HWENC_ERROR_INPUT_NOT_FOUND, Code::InputMissing),
    (HWENC_ERROR_INPUT_PERMISSION_DENIED, Code::InputPermission),
    (HWENC_ERROR_INPUT_IS_DIRECTORY, Code::InputIsDirectory),
    (HWENC_ERROR_INPUT_EMPTY, Code::InputEmpty),
    (HWENC_ERROR_INPUT_NOT_MEDIA, Code::InputNotMedia),
    (HWENC_ERROR_INPUT_TRUNCATED, Code::InputTruncated),
    (HWENC_ERROR_INPUT_NO_VIDEO, Code::InputNoVideo),
    (HWENC_ERROR_INPUT_CORRUPT, Code::InputCorrupt),
    (HWENC_ERROR_INPUT_SIZE_UNSUPPORTED, Code::InputSize),
    (HWENC_ERROR_INPUT_NO_DECODER, Code::InputNoDecoder),
    (HWENC_ERROR_INPUT_FAILED, Code::InputFailed),
    (HWENC_ERROR_OUTPUT_SAME_AS_INPUT, Code::OutputIsInput),
    (HWENC_ERROR_OUTPUT_EXISTS, Code::OutputExists),
    (HWENC_ERROR_OUTPUT_NO_DIRECTORY, Code::OutputNoDirectory),
    (HWENC_ERROR_OUTPUT_IS_DIRECTORY, Code::OutputIsDirectory),
    (HWENC_ERROR_OUTPUT_PERMISSION_DENIED, Code::OutputPermission),
    (HWENC_ERROR_OUTPUT_UNKNOWN_CONTAINER, Code::OutputUnknownContainer),
    (HWENC_ERROR_OUTPUT_UNSUPPORTED_CODEC, Code::OutputUnsupportedCodec),
    (HWENC_ERROR_OUTPUT_DISK_FULL, Code::OutputDiskFull),
    (HWENC_ERROR_OUTPUT_CLOSED, Code::OutputClosed),
    (HWENC_ERROR_OUTPUT_FAILED, Code::OutputFailed),
    (HWENC_ERROR_REPORT_INVALID, Code::ReportInvalid),
    (HWENC_ERROR_FILTER_FAILED, Code::FilterFailed),
    (HWENC_ERROR_CANCELLED, Code::Cancelled),
    (HWENC_ERROR_GATE_SIZE_EXCEEDED, Code::SizeGate),
    (HWENC_ERROR_MEMORY_EXHAUSTED, Code::OutOfMemory),
    (HWENC_ERROR_INTERNAL, Code::Internal),
];

/// Statuses that no [`Code`] stands behind, with their names.
const OWN: &[(hwenc_status_value, &str)] = &[
    (HWENC_OK, "ok"),
    (HWENC_NEED_INPUT, "need_input"),
    (HWENC_FINISHED, "finished"),
    (HWENC_ERROR_INVALID_ARGUMENT, "argument.invalid"),
    (HWENC_ERROR_INVALID_HANDLE, "handle.invalid"),
    (HWENC_ERROR_BUSY, "session.busy"),
];

impl hwenc_status_value {
    /// As functions return it.
    pub(crate) const fn number(self) -> hwenc_status {
        self as hwenc_status
    }

    /// The status of a code; INTERNAL for one that the table lacks, which its test does not let be.
    pub(crate) fn of(code: Code) -> Self {
        CODES.iter().find(|(_, known)| *known == code).map_or(HWENC_ERROR_INTERNAL, |(status, _)| *status)
    }

    /// Its stable name.
    pub(crate) fn name(self) -> &'static str {
        let own = OWN.iter().find(|(status, _)| *status == self).map(|(_, name)| *name);
        let code = || CODES.iter().find(|(status, _)| *status == self).map(|(_, code)| code.as_str());
        own.or_else(code).unwrap_or("internal")
    }
}

fn names() -> &'static BTreeMap<hwenc_status, CString> {
    static NAMES: OnceLock<BTreeMap<hwenc_status, CString>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let own = OWN.iter().map(|(status, name)| (status.number(), c_string(name)));
        let codes = CODES.iter().map(|(status, code)| (status.number(), c_string(code.as_str())));
        own.chain(codes).collect()
    })
}

/// The stable name of a status, such as "device.permission_denied": the same as in the command, in Rust and in Python. NULL for
/// numbers that this library does not know. It lives as long as the library.
#[unsafe(no_mangle)]
pub extern "C" fn hwenc_status_name(status: hwenc_status) -> *const c_char {
    boundary::plain(std::ptr::null(), || names().get(&status).map_or(std::ptr::null(), |name| name.as_ptr()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_number_and_every_number_one_meaning() {
        for code in Code::ALL {
            let found: Vec<_> = CODES.iter().filter(|(_, known)| known == code).collect();
            assert_eq!(found.len(), 1, "{code} stands in the table {} times", found.len());
            assert_eq!(hwenc_status_value::of(*code).name(), code.as_str());
        }
        assert_eq!(CODES.len(), Code::ALL.len());
        assert_eq!(names().len(), CODES.len() + OWN.len());
    }

    #[test]
    fn constants_are_called_after_their_codes() {
        for (status, code) in CODES {
            let expected = format!("HWENC_ERROR_{}", code.as_str().replace('.', "_").to_uppercase());
            assert_eq!(format!("{status:?}"), expected);
            assert!(status.number() < 0);
        }
    }
}
