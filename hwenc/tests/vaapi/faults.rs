//! Every way in which a driver can fail, each in a process of its own: what can be told is told as a typed error, in
//! bounded time and with nothing left alive; what a plain session cannot survive costs the process and nothing else.

use std::time::Duration;

use hwenc::{Code, Codec, PixelFormat, Request};
use libtest_mimic::Trial;

use super::common::pixels::Yuv;
use super::common::{judge, trusting};
use super::softgpu::{PATIENCE, Run};

/// How it has to end.
#[derive(Clone, Copy)]
enum End {
    /// This code, from opening or encoding.
    Error(&'static str),
    /// Without an error, and another picture than what was sent, which a judge of the stream sees.
    Wrong,
    /// Without an error, only later.
    Fine,
    /// The process is ended by this signal.
    Signal(i32),
    /// It never ends; whoever waits has to set a deadline.
    Hang,
}
use End::{Error, Fine, Hang, Signal, Wrong};

const SIGABRT: i32 = 6;
const SIGSEGV: i32 = 11;

/// Rules and how the same job ends with each.
const FAULTS: &[(&str, End)] = &[
    ("va.Initialize=OPERATION_FAILED", Error("device.failed")),
    ("va.CreateConfig=UNSUPPORTED_PROFILE", Error("encoder.open_failed")),
    ("va.CreateContext=ALLOCATION_FAILED", Error("encoder.open_failed")),
    ("va.CreateContext=RESOLUTION_NOT_SUPPORTED", Error("encoder.open_failed")),
    ("va.CreateSurfaces2=ALLOCATION_FAILED", Error("memory.exhausted")),
    ("va.CreateBuffer=ALLOCATION_FAILED@5", Error("encoder.failed")),
    ("va.BeginPicture=OPERATION_FAILED@5", Error("encoder.failed")),
    ("va.RenderPicture=INVALID_BUFFER@5", Error("encoder.failed")),
    ("va.EndPicture=ENCODING_ERROR@5", Error("encoder.failed")),
    ("va.EndPicture=OPERATION_FAILED@5+", Error("encoder.failed")),
    ("va.SyncBuffer=ENCODING_ERROR@5", Error("encoder.failed")),
    ("va.DeriveImage=OPERATION_FAILED", Fine),
    ("va.MapBuffer=OPERATION_FAILED@1", Error("device.upload_failed")),
    ("va.EndPicture=truncate@5", Wrong),
    ("va.EndPicture=wrong@5", Wrong),
    ("va.EndPicture=lost@5", Error("encoder.failed")),
    ("va.EndPicture=slow:20", Fine),
    ("va.EndPicture=eat", Fine),
    ("va.EndPicture=segv@5", Signal(SIGSEGV)),
    ("va.EndPicture=abort@5", Signal(SIGABRT)),
    ("va.EndPicture=hang@5", Hang),
    ("va.Initialize=segv", Signal(SIGSEGV)),
    ("va.Initialize=hang", Hang),
    ("drm.open=EIO", Error("device.failed")),
];

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |&(rule, end): &(&'static str, End)| {
        Trial::test(format!("fault::{rule}"), move || run(rule, end).map_err(Into::into))
    };
    FAULTS.iter().map(trial).collect()
}

fn run(rule: &str, end: End) -> Result<(), String> {
    let patience = if matches!(end, Hang) { Duration::from_secs(8) } else { PATIENCE };
    let mut run = Run::on("intel-arc").engine("lossless").fault(rule);
    if let Some(rest) = rule.strip_prefix("va.MapBuffer=") {
        run = run.fault(format!("va.MapBuffer2={rest}")); // what libavcodec calls where libva has it
    }
    let ran = run.case("fault", patience);
    let said = ran.said();
    let outcome = said.lines().find_map(|line| line.strip_prefix("outcome ")).unwrap_or("none");
    let expected = match end {
        Error(code) => code,
        Wrong => "wrong",
        Fine => "fine",
        Signal(signal) if ran.signal() == Some(signal) && outcome == "none" => return Ok(()),
        // So `timeout` says that it had to end what it ran.
        Hang if ran.output.status.code() == Some(124) && outcome == "none" => return Ok(()),
        Signal(_) | Hang => return Err(format!("{}, `{outcome}`\n{said}", ran.output.status)),
    };
    if outcome != expected {
        return Err(format!("`{expected}` was expected, not `{outcome}`: {}\n{said}", ran.output.status));
    }
    // What libavcodec does after a failure that it did not expect is not always by the rules; it leaves nothing behind.
    ran.empty()
}

/// The same job for every rule, in the process that the driver is in.
pub(crate) fn inside(_: &[&str]) {
    hwenc::log::install();
    match job() {
        Ok(true) => println!("outcome fine"),
        Ok(false) => println!("outcome wrong"),
        Err(error) => {
            let own = error.candidates().iter().find(|c| c.encoder.ends_with("_vaapi"));
            let reason = own.map_or(error.reason(), |candidate| &candidate.reason);
            assert!(!reason.message.is_empty() && !reason.evidence.is_empty(), "{error:?}");
            // Running out of memory has no remedy that hwenc knows of.
            assert!(!reason.remedy.is_empty() || error.code() == Code::OutOfMemory, "{error:?}");
            println!("outcome {}", own.map_or(error.code(), |candidate| candidate.reason.code));
        }
    }
}

fn job() -> hwenc::Result<bool> {
    let (width, height) = (320, 256);
    let films: Vec<Yuv> = (0..12).map(|n| Yuv::moving(width, height, 8, n)).collect();
    let request = Request::new(Codec::H264, width, height).encoder("h264_vaapi").b_frames(0);
    let mut session = trusting(&request)?.open()?;
    let mut packets = Vec::new();
    for film in &films {
        session.send(&film.picture(PixelFormat::NV12))?;
        drain(&mut session, &mut packets)?;
    }
    session.finish()?;
    drain(&mut session, &mut packets)?;
    assert_eq!(packets.len(), films.len());
    Ok(judge::try_decode(Codec::H264, &packets, (width, height), 8).is_some_and(|decoded| decoded == films))
}

fn drain(session: &mut hwenc::Session, packets: &mut Vec<hwenc::Packet>) -> hwenc::Result<()> {
    while let hwenc::Output::Packet(packet) = session.receive()? {
        packets.push(packet.try_clone()?);
    }
    Ok(())
}
