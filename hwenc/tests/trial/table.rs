//! What works on each device, written down, with every way of asking for it.

use hwenc::probe::{Outcome, Proof};
use libtest_mimic::Trial;

use super::case::outcomes;
use super::softgpu::Run;

/// Everything that a device encodes, through every entrypoint.
const DEVICES: &[(&str, &[&str])] = &[
    ("intel-haswell", &["h264 8 EncSlice"]),
    (
        "intel-gen9",
        &[
            "h264 8 EncSlice",
            "h264 8 EncSliceLP",
            "hevc 8 EncSlice",
            "hevc 10 EncSlice",
            "mjpeg 8 EncPicture",
        ],
    ),
    (
        "intel-arc",
        &[
            "h264 8 EncSliceLP",
            "hevc 8 EncSliceLP",
            "hevc 10 EncSliceLP",
            "av1 8 EncSliceLP",
            "av1 10 EncSliceLP",
            "vp9 8 EncSliceLP",
            "mjpeg 8 EncPicture",
        ],
    ),
    ("amd-rdna2", &["h264 8 EncSlice", "hevc 8 EncSlice", "hevc 10 EncSlice"]),
    (
        "amd-rdna3",
        &["h264 8 EncSlice", "hevc 8 EncSlice", "hevc 10 EncSlice", "av1 8 EncSlice", "av1 10 EncSlice"],
    ),
];

/// Ways of asking that every device of the row has to hold: none may be taken for a failure.
const WAYS: &[(&str, &[&str])] = &[
    (
        "intel-arc",
        &[
            "size=64x64 rate=qp:51",
            "rate=quality:0",
            "rate=quality:100",
            "codec=h264 size=1280x720 rate=quality:10",
            "codec=hevc size=1920x1088 latency=low",
            "codec=h264 rate=cbr:1000",
            "codec=h264 rate=cbr:40000",
            "codec=hevc rate=vbr:1000",
            "codec=hevc rate=vbr:40000",
            "codec=h264 rate=qvbr:2000000",
            "codec=h264 latency=low",
            "codec=h264 b=0",
            "codec=h264 b=4",
        ],
    ),
    ("amd-rdna2", &["size=128x128 rate=qp:51", "rate=cbr:40000", "codec=h264 latency=low"]),
    ("intel-gen9", &["codec=h264 rate=qp:51", "codec=hevc rate=cbr:400000"]),
];

/// Formats of pictures in memory and on the device.
const INPUTS: &[&str] =
    &["nv12", "yuv420p", "p010le", "yuv420p10le", "bgra", "rgba", "bgr0", "yuv444p", "rgb24", "vaapi"];

pub(crate) fn trials() -> Vec<Trial> {
    let mut trials = Vec::new();
    for engine in ["x264", "null"] {
        for &(device, expected) in DEVICES {
            let run = move || device_table(device, engine, expected).map_err(Into::into);
            trials.push(Trial::test(format!("table::{engine}::{device}"), run));
        }
    }
    for &(device, ways) in WAYS {
        for &way in ways {
            let run = move || verified(device, way).map_err(Into::into);
            trials.push(Trial::test(format!("way::{device}::{way}"), run));
        }
    }
    for input in INPUTS {
        for codec in ["codec=h264 depth=8", "codec=hevc depth=10"] {
            // A pool holds the encoder's own format; everything else is converted.
            let run = move || verified("intel-arc", &format!("{codec} input={input}")).map_err(Into::into);
            trials.push(Trial::test(format!("input::{input}::{codec}"), run));
        }
    }
    trials.push(Trial::test("colours_are_found_in_the_stream", || {
        for proof in proofs("intel-arc", "codec=hevc depth=10 color=hdr10")? {
            if proof.color != hwenc::Color::HDR10 {
                return Err(format!("{proof:?}").into());
            }
        }
        Ok(())
    }));
    trials
}

fn is_missing(what: &str) -> bool {
    // FFmpeg has av1_vaapi since 7.0.
    what.starts_with("av1") && super::common::release() < (7, 0)
}

fn device_table(device: &'static str, engine: &'static str, expected: &[&str]) -> Result<(), String> {
    let (found, ran) = outcomes(&Run::on(device).engine(engine), "")?;
    let tried: Vec<&str> = found.iter().map(|(what, _)| what.as_str()).collect();
    if tried != expected {
        return Err(format!("tried {tried:?} instead of {expected:?}"));
    }
    for (what, outcome) in &found {
        check(what, outcome)?;
    }
    ran.clean()
}

fn verified(device: &'static str, case: &str) -> Result<(), String> {
    proofs(device, case).map(drop)
}

fn proofs(device: &'static str, case: &str) -> Result<Vec<Proof>, String> {
    let (found, ran) = outcomes(&Run::on(device), case)?;
    ran.clean()?;
    let proofs = found.iter().map(|(what, outcome)| check(what, outcome));
    proofs.collect::<Result<Vec<_>, _>>().map(|proofs| proofs.into_iter().flatten().collect())
}

/// A proof whose figures can be, or the reason that was expected.
fn check(what: &str, outcome: &Outcome) -> Result<Option<Proof>, String> {
    let wrong = || Err(format!("{what}: {outcome:?}"));
    let proof = match outcome {
        Outcome::Failed(reason) if is_missing(what) && reason.code.as_str() == "encoder.not_compiled" => {
            return Ok(None);
        }
        Outcome::Verified(proof) if !is_missing(what) => proof,
        _ => return wrong(),
    };
    let depth: u8 = what.split(' ').nth(1).unwrap().parse().unwrap();
    let sane = (3..=6).contains(&proof.frames)
        && proof.bytes > 100
        && proof.psnr_luma_db > 10.0
        && proof.psnr_chroma_db > 10.0
        && !proof.profile.is_empty()
        && proof.bit_depth == depth
        && proof.open_ms > 0.0
        && proof.first_packet_ms > 0.0
        && (1..=proof.frames).contains(&proof.delay_frames);
    if sane { Ok(Some(proof.clone())) } else { wrong() }
}
