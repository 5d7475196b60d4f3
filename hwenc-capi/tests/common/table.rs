//! Every function of the interface, with what its parameters are.

use hwenc_capi::*;

use super::call::Callable;

/// What a handle stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Error,
    Request,
    Report,
    Decision,
    Session,
    Packet,
    Transcode,
    Cancel,
    Log,
}

impl Kind {
    pub(crate) const ALL: &'static [Kind] = &[
        Kind::Error,
        Kind::Request,
        Kind::Report,
        Kind::Decision,
        Kind::Session,
        Kind::Packet,
        Kind::Transcode,
        Kind::Cancel,
        Kind::Log,
    ];
}

/// What a struct is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Struct {
    Picture,
    Options,
    Candidate,
    Facts,
    Stats,
}

/// What a parameter is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Is {
    Handle(Kind),
    HandleOrNull(Kind),
    /// That of a function that frees.
    Freed(Kind),
    FreedString,
    /// Where a handle is put.
    Out(Kind),
    OutString,
    /// Where a pointer into a handle's memory is put.
    OutPointer,
    OutNumber,
    /// Where the error is put.
    Slot,
    /// A string, and one that the function takes.
    Text(&'static str),
    TextOrNull(&'static str),
    Path(&'static str),
    /// A program and its arguments.
    CommandOrNull,
    Reads(Struct),
    ReadsOrNull(Struct),
    Fills(Struct),
    /// Any number will do, or be refused.
    Number(u64),
    LogCallback,
    ProgressCallbackOrNull,
    /// Handed to a callback.
    User,
}

/// What a function gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gives {
    Status,
    /// A value: 0 or NULL for a handle that is none.
    Value,
    /// A text that is never NULL.
    Text,
}

/// A function.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) parameters: &'static [Is],
    pub(crate) gives: Gives,
    pub(crate) function: Box<dyn Callable>,
}

macro_rules! hole {
    ($_any:expr) => {
        _
    };
}

macro_rules! table {
    ($($name:ident($($is:expr),*) -> $gives:ident;)*) => {
        vec![$(Row {
            name: stringify!($name),
            parameters: &[$($is),*],
            gives: Gives::$gives,
            function: Box::new($name as unsafe extern "C" fn($(hole!($is)),*) -> _),
        }),*]
    };
}

/// The table. A function of the header that is not here fails the test that uses it.
pub(crate) fn table() -> Vec<Row> {
    use Is::*;
    use Kind::{Cancel, Decision, Error, Log, Packet, Report, Request, Session, Transcode};
    table! {
        hwenc_abi_version() -> Value;
        hwenc_version() -> Value;
        hwenc_version_string() -> Value;
        hwenc_ffmpeg_version() -> Value;
        hwenc_handles_open() -> Value;
        hwenc_status_name(Number(0)) -> Value;
        hwenc_string_free(FreedString) -> Status;

        hwenc_error_status(Handle(Error)) -> Status;
        hwenc_error_code(Handle(Error)) -> Text;
        hwenc_error_message(Handle(Error)) -> Text;
        hwenc_error_remedy(Handle(Error)) -> Text;
        hwenc_error_json(Handle(Error)) -> Text;
        hwenc_error_evidence_count(Handle(Error)) -> Value;
        hwenc_error_evidence(Handle(Error), Number(0)) -> Value;
        hwenc_error_value(Handle(Error)) -> Value;
        hwenc_error_legal(Handle(Error)) -> Value;
        hwenc_error_os_error(Handle(Error)) -> Value;
        hwenc_error_av_error(Handle(Error)) -> Value;
        hwenc_error_candidate_count(Handle(Error)) -> Value;
        hwenc_error_candidate(Handle(Error), Number(0), Fills(Struct::Candidate), Slot) -> Status;
        hwenc_error_free(Freed(Error)) -> Status;

        hwenc_request_new(Text("h264"), Number(64), Number(48), Out(Request), Slot) -> Status;
        hwenc_request_copy(Handle(Request), Out(Request), Slot) -> Status;
        hwenc_request_free(Freed(Request)) -> Status;
        hwenc_request_validate(Handle(Request), Slot) -> Status;
        hwenc_request_to_json(Handle(Request), OutString, Slot) -> Status;
        hwenc_request_from_json(Text(r#"{"codec":"av1","width":64,"height":64}"#), Out(Request), Slot) -> Status;
        hwenc_request_set_fps(Handle(Request), Number(30000), Number(1001), Slot) -> Status;
        hwenc_request_set_time_base(Handle(Request), Number(1), Number(90000), Slot) -> Status;
        hwenc_request_set_bit_depth(Handle(Request), Number(10), Slot) -> Status;
        hwenc_request_set_chroma(Handle(Request), Text("4:4:4"), Slot) -> Status;
        hwenc_request_set_input(Handle(Request), Text("bgra"), Slot) -> Status;
        hwenc_request_set_color(Handle(Request), Number(1), Number(1), Number(1), Number(1), Slot) -> Status;
        hwenc_request_set_sample_aspect_ratio(Handle(Request), Number(4), Number(3), Slot) -> Status;
        hwenc_request_set_quality(Handle(Request), Number(70), Slot) -> Status;
        hwenc_request_set_qp(Handle(Request), Number(20), Slot) -> Status;
        hwenc_request_set_bitrate(Handle(Request), Number(1_000_000), Slot) -> Status;
        hwenc_request_set_cbr(Handle(Request), Number(1_000_000), Slot) -> Status;
        hwenc_request_set_qvbr(Handle(Request), Number(60), Number(1_000_000), Slot) -> Status;
        hwenc_request_set_gop(Handle(Request), Number(30), Slot) -> Status;
        hwenc_request_set_b_frames(Handle(Request), Number(2), Slot) -> Status;
        hwenc_request_set_latency(Handle(Request), Text("low"), Slot) -> Status;
        hwenc_request_set_preset(Handle(Request), Text("fast"), Slot) -> Status;
        hwenc_request_set_threads(Handle(Request), Number(2), Slot) -> Status;
        hwenc_request_set_encoder(Handle(Request), Text("libx264"), Slot) -> Status;
        hwenc_request_set_device(Handle(Request), Path("/dev/dri/renderD128"), Slot) -> Status;
        hwenc_request_set_input_device(Handle(Request), Path("/dev/dri/renderD128"), Slot) -> Status;
        hwenc_request_set_fallback(Handle(Request), Text("software"), Slot) -> Status;
        hwenc_request_set_zero_copy(Handle(Request), Text("require"), Slot) -> Status;
        hwenc_request_set_parameter_sets(Handle(Request), Text("global"), Slot) -> Status;
        hwenc_request_set_option(Handle(Request), Text("key"), Text("value"), Slot) -> Status;

        hwenc_probe(ReadsOrNull(Struct::Options), Out(Report), Slot) -> Status;
        hwenc_choose(Handle(Request), ReadsOrNull(Struct::Options), Out(Decision), Slot) -> Status;

        hwenc_report_from_json(Text(r#"{"schema":2}"#), Out(Report), Slot) -> Status;
        hwenc_report_to_json(Handle(Report), OutString, Slot) -> Status;
        hwenc_report_format(Handle(Report), Text("dask"), OutString, Slot) -> Status;
        hwenc_report_snippet(Handle(Report), Text("docker"), OutString, Slot) -> Status;
        hwenc_report_select(Handle(Report), Handle(Request), Out(Decision), Slot) -> Status;
        hwenc_report_doctor_text(Handle(Report), TextOrNull("ffmpeg.version"), Number(1), OutString, Slot) -> Status;
        hwenc_report_doctor_json(Handle(Report), TextOrNull("ffmpeg.version"), Number(0), OutString, Slot) -> Status;
        hwenc_report_problems(Handle(Report), OutNumber, Slot) -> Status;
        hwenc_report_free(Freed(Report)) -> Status;

        hwenc_decision_encoder(Handle(Decision)) -> Value;
        hwenc_decision_backend(Handle(Decision)) -> Value;
        hwenc_decision_device(Handle(Decision)) -> Value;
        hwenc_decision_fallback_used(Handle(Decision)) -> Value;
        hwenc_decision_candidate_count(Handle(Decision)) -> Value;
        hwenc_decision_candidate(Handle(Decision), Number(0), Fills(Struct::Candidate), Slot) -> Status;
        hwenc_decision_text(Handle(Decision), Number(1), OutString, Slot) -> Status;
        hwenc_decision_to_json(Handle(Decision), OutString, Slot) -> Status;
        hwenc_decision_open(Handle(Decision), Out(Session), Slot) -> Status;
        hwenc_decision_free(Freed(Decision)) -> Status;

        hwenc_session_send(Handle(Session), Reads(Struct::Picture), Slot) -> Status;
        hwenc_session_receive(Handle(Session), Out(Packet), Slot) -> Status;
        hwenc_session_finish(Handle(Session), Slot) -> Status;
        hwenc_session_force_idr(Handle(Session), Slot) -> Status;
        hwenc_session_stats(Handle(Session), Fills(Struct::Stats), Slot) -> Status;
        hwenc_session_time_base(Handle(Session), OutNumber, OutNumber, Slot) -> Status;
        hwenc_session_extradata(Handle(Session), OutPointer, OutNumber, Slot) -> Status;
        hwenc_session_encoder(Handle(Session)) -> Value;
        hwenc_session_requested_json(Handle(Session)) -> Value;
        hwenc_session_applied_json(Handle(Session)) -> Value;
        hwenc_session_decision(Handle(Session), Out(Decision), Slot) -> Status;
        hwenc_session_close(Handle(Session), Slot) -> Status;
        hwenc_session_free(Freed(Session)) -> Status;

        hwenc_packet_data(Handle(Packet)) -> Value;
        hwenc_packet_size(Handle(Packet)) -> Value;
        hwenc_packet_info(Handle(Packet), Fills(Struct::Facts), Slot) -> Status;
        hwenc_packet_clone(Handle(Packet), Out(Packet), Slot) -> Status;
        hwenc_packet_free(Freed(Packet)) -> Status;

        hwenc_transcode_new(Path("in.mp4"), Path("out.mp4"), Out(Transcode), Slot) -> Status;
        hwenc_transcode_check(Handle(Transcode), Slot) -> Status;
        hwenc_transcode_run(
            Handle(Transcode), ProgressCallbackOrNull, User, HandleOrNull(Cancel), OutString, Slot
        ) -> Status;
        hwenc_transcode_free(Freed(Transcode)) -> Status;
        hwenc_transcode_set_codec(Handle(Transcode), Text("hevc"), Slot) -> Status;
        hwenc_transcode_set_size(Handle(Transcode), Number(320), Number(240), Slot) -> Status;
        hwenc_transcode_set_bit_depth(Handle(Transcode), Number(10), Slot) -> Status;
        hwenc_transcode_set_quality(Handle(Transcode), Number(50), Slot) -> Status;
        hwenc_transcode_set_qp(Handle(Transcode), Number(30), Slot) -> Status;
        hwenc_transcode_set_bitrate(Handle(Transcode), Number(1_000_000), Slot) -> Status;
        hwenc_transcode_set_cbr(Handle(Transcode), Number(1_000_000), Slot) -> Status;
        hwenc_transcode_set_qvbr(Handle(Transcode), Number(50), Number(1_000_000), Slot) -> Status;
        hwenc_transcode_set_gop(Handle(Transcode), Number(30), Slot) -> Status;
        hwenc_transcode_set_preset(Handle(Transcode), Text("fast"), Slot) -> Status;
        hwenc_transcode_set_threads(Handle(Transcode), Number(2), Slot) -> Status;
        hwenc_transcode_set_encoder(Handle(Transcode), Text("libx264"), Slot) -> Status;
        hwenc_transcode_set_device(Handle(Transcode), Path("/dev/dri/renderD128"), Slot) -> Status;
        hwenc_transcode_set_fallback(Handle(Transcode), Text("software"), Slot) -> Status;
        hwenc_transcode_set_zero_copy(Handle(Transcode), Text("allow"), Slot) -> Status;
        hwenc_transcode_set_decode_on(Handle(Transcode), Text("cpu"), Slot) -> Status;
        hwenc_transcode_set_option(Handle(Transcode), Text("key"), Text("value"), Slot) -> Status;
        hwenc_transcode_set_on_corrupt(Handle(Transcode), Text("skip"), Slot) -> Status;
        hwenc_transcode_set_max_size_ratio(Handle(Transcode), Number(0x3fe0_0000_0000_0000), Slot) -> Status;
        hwenc_transcode_set_faststart(Handle(Transcode), Number(1), Slot) -> Status;
        hwenc_transcode_set_overwrite(Handle(Transcode), Number(1), Slot) -> Status;

        hwenc_cancel_new(Out(Cancel), Slot) -> Status;
        hwenc_cancel_cancel(Handle(Cancel), Slot) -> Status;
        hwenc_cancel_is_cancelled(Handle(Cancel)) -> Value;
        hwenc_cancel_free(Freed(Cancel)) -> Status;

        hwenc_log_subscribe(Number(3), LogCallback, User, Out(Log), Slot) -> Status;
        hwenc_log_capture_ffmpeg(Slot) -> Status;
        hwenc_log_quiet_ffmpeg() -> Value;
        hwenc_log_free(Freed(Log)) -> Status;

        // No helper of this name starts: nothing is probed after this.
        hwenc_set_helper(CommandOrNull, Slot) -> Status;
        // The last: from here on this program would be its own helper.
        hwenc_helper() -> Value;
    }
}
