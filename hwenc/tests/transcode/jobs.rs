//! A job as a whole: cancel, progress, size gate, checks.

use std::sync::atomic::{AtomicU64, Ordering};

use hwenc::{Cancel, Code, Codec, Progress, Transcode};

use crate::media::Dir;
use crate::{H264, MOVING, fails, job, run};

#[test]
fn another_thread_can_cancel() {
    let dir = Dir::new();
    let film = dir.film("in.mp4", &format!("-f lavfi -i testsrc2=s=320x180:r=25:d=60 {H264}"));
    let output = dir.join("out.mp4");
    let before = dir.content();
    let (cancel, seen) = (Cancel::new(), AtomicU64::new(0));
    let mut slow = job(&film, &output);
    slow.preset = Some("veryslow".into());
    let error = std::thread::scope(|scope| {
        let running =
            scope.spawn(|| slow.run(&cancel, |progress| seen.store(progress.frames, Ordering::SeqCst)));
        while seen.load(Ordering::SeqCst) == 0 {
            assert!(!running.is_finished(), "it ended before it could be cancelled");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        cancel.cancel();
        running.join().unwrap().unwrap_err()
    });
    assert_eq!(error.code(), Code::Cancelled);
    assert_eq!(dir.content(), before, "something was left behind");

    // The switch stays on: a job that begins later does not begin.
    let late = job(&film, &output).run(&cancel, |_| {}).unwrap_err();
    assert_eq!(late.code(), Code::Cancelled);
    assert_eq!(dir.content(), before);
}

#[test]
fn progress_goes_up_and_ends_whole() {
    let dir = Dir::new();
    let film = dir.film("in.mp4", &format!("{MOVING} {H264}"));
    let mut all: Vec<Progress> = Vec::new();
    let job = job(&film, &dir.join("out.mp4"));
    let report = job.run(&Cancel::new(), |progress| all.push(*progress)).unwrap();
    assert!(all.windows(2).all(|w| w[0].frames <= w[1].frames && w[0].elapsed_s <= w[1].elapsed_s));
    let last = all.last().expect("at least the last word");
    assert_eq!((last.frames, last.total_frames, last.fraction()), (50, Some(50), Some(1.0)));
    assert_eq!(last.bytes_out, report.bytes_out);
    assert_eq!(last.eta_s, Some(0.0));
}

#[test]
fn the_size_gate_stops_what_grows() {
    let dir = Dir::new();
    let film = dir.film("in.mp4", &format!("{MOVING} -c:v libx264 -preset ultrafast -crf 45"));
    let mut large = job(&film, &dir.join("out.mp4"));
    large.rate_control = hwenc::RateControl::Quality(95);
    large.max_size_ratio = Some(0.9);
    assert_eq!(fails(&large).code(), Code::SizeGate);
    assert_eq!(dir.names(), ["in.mp4"]);
    large.max_size_ratio = Some(1000.0);
    run(&large);
}

#[test]
fn what_the_job_alone_tells_is_refused_before_any_file_is_looked_at() {
    let wrong = |change: &dyn Fn(&mut Transcode)| {
        let mut job = Transcode::new("/nowhere/in.mp4", "/nowhere/out.mp4");
        change(&mut job);
        job.check().unwrap_err().code()
    };
    assert_eq!(wrong(&|j| j.rate_control = hwenc::RateControl::Quality(101)), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.rate_control = hwenc::RateControl::Vbr(0)), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.size = Some((20_000, 20_000))), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.size = Some((641, 271))), Code::RequestSize);
    assert_eq!(wrong(&|j| j.bit_depth = Some(12)), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.gop = Some(0)), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.threads = u32::MAX), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.max_size_ratio = Some(f64::NAN)), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.max_size_ratio = Some(0.0)), Code::RequestInvalid);
    assert_eq!(wrong(&|j| j.encoder = Some("nosuch".into())), Code::RequestUnknownEncoder);
    assert_eq!(wrong(&|j| j.options = vec![("nosuch".into(), "1".into())]), Code::OptionUnknown);
    assert_eq!(wrong(&|j| j.output = "/nowhere/in.mp4".into()), Code::OutputIsInput);
    assert_eq!(wrong(&|j| j.output = "/nowhere/./in.mp4".into()), Code::OutputIsInput);
    assert_eq!(wrong(&|j| j.output = "/nowhere/out.avi".into()), Code::OutputUnknownContainer);
    assert_eq!(
        wrong(&|j| (j.output, j.codec) = ("a.h264".into(), Some(Codec::Hevc))),
        Code::OutputUnsupportedCodec
    );
}
