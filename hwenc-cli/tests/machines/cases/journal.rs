//! Trials that never ended.

use std::fs;
use std::process::Command;
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use super::{Case, coded, outcome, pictures, report, script, unclean};
use crate::place::Place;

pub(super) const CASES: &[Case] = &[
    ("what_took_the_machine_down_is_left_alone_until_asked_for", what_took_the_machine_down_is_left_alone),
    ("what_a_dead_process_was_at_is_left_alone", what_a_dead_process_was_at_is_left_alone),
    ("the_end_of_hwenc_alone_is_none_of_the_machine", the_end_of_hwenc_alone_is_none_of_the_machine),
    ("an_interrupted_probe_leaves_nothing", an_interrupted_probe_leaves_nothing),
];

const HASWELL: &[&str] = &["--device", "intel-haswell"];
const HANGS: &[&str] = &["--device", "intel-haswell", "--fault", "va.EndPicture=hang"];
const PATIENCE: Duration = Duration::from_secs(60);

/// The number of hwenc's process.
fn hwenc(place: &Place) -> u32 {
    let lines = place.processes();
    let line = lines.iter().find(|line| line.contains("hwenc probe --json") && !line.contains("softgpu run"));
    let line = line.unwrap_or_else(|| panic!("it runs: {lines:?}"));
    line.split(['/', ':']).nth(2).unwrap().parse().unwrap()
}

/// The helper that a process started.
fn helper(of: u32) -> u32 {
    let stat = |pid: &u32| fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let parent =
        |pid: &u32| stat(pid).rsplit_once(')').and_then(|(_, rest)| rest.split(' ').nth(2)?.parse().ok());
    let all =
        fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut own = all.filter(|pid: &u32| parent(pid) == Some(of));
    own.next().expect("it has a helper")
}

fn signal(name: &str, pids: &[u32]) {
    let pids = pids.iter().map(u32::to_string);
    assert!(Command::new("kill").arg(format!("-{name}")).args(pids).status().unwrap().success());
}

fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !so() {
        assert!(begin.elapsed() < PATIENCE, "{what} did not happen");
        sleep(Duration::from_millis(5));
    }
}

/// Runs a probe of a device that hangs, until its trial is noted; then something is done to its processes.
fn in_the_middle(place: &Place, then: impl FnOnce(u32)) -> crate::common::Ran {
    crate::softgpu::program(); // building it takes its time
    scope(|scope| {
        let ran = scope.spawn(|| {
            unclean(
                place,
                HANGS,
                "exec \"$HWENC\" probe --json --codec h264 --bit-depth 8 --size 320x192 --deadline 100",
            )
        });
        let journal = place.cache().join("journal");
        until("the note", || fs::metadata(&journal).is_ok_and(|file| file.len() > 0));
        then(hwenc(place));
        ran.join().unwrap()
    })
}

/// Everything is gone at once, as when the machine is: the helper before anybody can tell it of an end, its workers with it.
fn what_took_the_machine_down_is_left_alone() {
    let place = Place::new();
    in_the_middle(&place, |hwenc| signal("KILL", &[helper(hwenc), hwenc]));
    quarantined(&place);
}

/// The note of a process that there never was.
fn what_a_dead_process_was_at_is_left_alone() {
    let place = Place::new();
    let note = r#"{"key":"h264_vaapi /dev/dri/renderD128 H264High EncSlice","pid":4194304,"start":7,"namespace":"","boot":"before","time":7}"#;
    fs::write(place.cache().join("journal"), format!("{note}\n")).unwrap();
    quarantined(&place);
}

fn quarantined(place: &Place) {
    let doctor = "\"$HWENC\" doctor --input 1.json > doctor.txt || test $? = 4";
    let ran = unclean(place, HASWELL, &format!("probe > 1.json; probe > 2.json; {doctor}")).ok();
    assert_eq!(ran.stderr, "");
    for name in ["1.json", "2.json"] {
        let found = report(place, name);
        let outcome = outcome(&found, "h264_vaapi", "renderD128");
        assert_eq!(outcome["failed"]["code"], "trial.quarantined", "{outcome}");
    }
    let doctor = fs::read_to_string(place.path().join("doctor.txt")).unwrap();
    assert!(
        doctor.contains("[trial.quarantined]") && doctor.contains("hwenc probe --quarantined"),
        "{doctor}"
    );
    assert_eq!(coded(place), 0);
    assert!(!fs::read_to_string(place.cache().join("journal")).unwrap().is_empty());
    fs::remove_file(place.path().join("gpu.json")).unwrap();
    script(place, HASWELL, "probe --quarantined > 3.json; probe > 4.json");
    assert_eq!(report(place, "3.json"), report(place, "4.json"));
    assert_eq!(coded(place), pictures(&report(place, "3.json"), "h264_vaapi"));
}

/// Its helper lives, ends the trial and says so.
fn the_end_of_hwenc_alone_is_none_of_the_machine() {
    let place = Place::new();
    let ran = in_the_middle(&place, |hwenc| signal("KILL", &[hwenc]));
    assert_ne!(ran.code, 0);
    until("the end of the note", || fs::metadata(place.cache().join("journal")).unwrap().len() == 0);
    place.is_left_clean();
}

fn an_interrupted_probe_leaves_nothing() {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let place = Place::new();
        let ran = in_the_middle(&place, |hwenc| signal(name, &[hwenc]));
        assert_eq!(ran.code, code, "{}", ran.stderr);
        assert!(ran.stderr.starts_with("error[cancelled]"), "{}", ran.stderr);
        place.is_left_clean();
    }
}
