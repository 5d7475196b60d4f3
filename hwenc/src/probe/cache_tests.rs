use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use super::super::{Trial, Tried};
use super::*;
use crate::error::Reason;
use crate::select::{Codec, Request};

const TEN: Duration = Duration::from_secs(10);

/// A directory that is not there yet, and what stands for this machine.
fn cache() -> (tempfile::TempDir, Cache, Fingerprint) {
    let directory = tempfile::tempdir().unwrap();
    let cache = Cache::at(directory.path().join("a/b"));
    (directory, cache, fingerprint(10))
}

/// Of one of several machines.
fn fingerprint(machine: u64) -> Fingerprint {
    serde_json::from_value(serde_json::json!({ "hwenc": machine.to_string() })).unwrap()
}

/// A trial that is told from others by its width, and ended with this code.
fn tried(width: u32, code: Code) -> Tried {
    let trial = Trial::new("h264_vaapi", Some("0"), None, &Request::new(Codec::H264, width, 720));
    Tried::new(trial, Outcome::Failed(Reason::new(code, "it failed")), 1.0)
}

fn report(trials: impl IntoIterator<Item = Tried>) -> Report {
    Report { trials: trials.into_iter().collect(), ..Report::default() }
}

fn widths(report: &Report) -> Vec<u32> {
    let mut widths: Vec<u32> = report.trials.iter().map(|tried| tried.trial.request.width).collect();
    widths.sort_unstable();
    widths
}

#[test]
fn a_report_is_found_again_for_its_own_fingerprint_alone() {
    let (_directory, cache, fingerprint) = cache();
    assert_eq!(cache.load(&fingerprint, TEN), None);
    let kept = report([tried(640, Code::DriverCrashed)]);
    cache.store(&fingerprint, &kept, TEN, true);
    assert_eq!(cache.load(&fingerprint, TEN), Some(kept));
    let other = self::fingerprint(11);
    assert_eq!(cache.load(&other, TEN), None);
    // Two that share a name, by chance or because somebody copied a file.
    fs::copy(cache.file(&fingerprint), cache.file(&other)).unwrap();
    assert_eq!(cache.load(&other, TEN), None);
    assert_eq!(fs::metadata(cache.directory()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn what_cannot_be_read_is_ignored_and_written_anew() {
    let (_directory, cache, fingerprint) = cache();
    let kept = report([tried(640, Code::DriverCrashed)]);
    cache.store(&fingerprint, &kept, TEN, true);
    let file = cache.file(&fingerprint);
    let whole = fs::read(&file).unwrap();
    let old = String::from_utf8(whole.clone()).unwrap();
    let old = old.replace(&format!("\"schema\":{SCHEMA}"), &format!("\"schema\":{}", SCHEMA - 1));
    assert_ne!(old.as_bytes(), whole);
    let damaged = [&b""[..], b"{}", b"null", b"\0\xff", &whole[..whole.len() / 2], old.as_bytes()];
    for bytes in damaged {
        fs::write(&file, bytes).unwrap();
        assert_eq!(cache.load(&fingerprint, TEN), None, "{:?}", String::from_utf8_lossy(bytes));
        cache.store(&fingerprint, &kept, TEN, true);
        assert_eq!(cache.load(&fingerprint, TEN).as_ref(), Some(&kept));
    }
    fs::File::create(&file).unwrap().set_len(LARGEST + 1).unwrap();
    assert_eq!(cache.load(&fingerprint, TEN), None);
    cache.store(&fingerprint, &kept, TEN, true);
    assert_eq!(cache.load(&fingerprint, TEN), Some(kept));
}

#[test]
fn only_the_own_files_are_believed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let metadata = file.as_file().metadata().unwrap();
    assert!(trusted(&metadata, metadata.uid()));
    assert!(!trusted(&metadata, metadata.uid() + 1));
    assert!(!trusted(&fs::metadata("/").unwrap(), fs::metadata("/").unwrap().uid()));
}

#[test]
fn what_passes_is_not_kept() {
    let (_directory, cache, fingerprint) = cache();
    let codes = [
        (1, Code::DriverCrashed, true),
        (2, Code::DeviceHung, true),
        (3, Code::TrialPicture, true),
        (4, Code::SessionLimit, false),
        (5, Code::OutOfMemory, false),
        (6, Code::HelperFailed, false),
        (7, Code::TrialQuarantined, false),
    ];
    cache.store(&fingerprint, &report(codes.map(|(width, code, _)| tried(width, code))), TEN, true);
    let expected: Vec<u32> = codes.iter().filter(|(.., kept)| *kept).map(|(width, ..)| *width).collect();
    assert_eq!(widths(&cache.load(&fingerprint, TEN).unwrap()), expected);
}

#[test]
fn what_others_tried_stays_unless_it_is_to_go() {
    let (_directory, cache, fingerprint) = cache();
    cache.store(
        &fingerprint,
        &report([tried(1, Code::DriverCrashed), tried(2, Code::DriverCrashed)]),
        TEN,
        true,
    );
    cache.store(
        &fingerprint,
        &report([tried(2, Code::DeviceHung), tried(3, Code::DriverCrashed)]),
        TEN,
        true,
    );
    let both = cache.load(&fingerprint, TEN).unwrap();
    assert_eq!(widths(&both), [1, 2, 3]);
    let second = tried(2, Code::DeviceHung);
    assert_eq!(both.tried(&second.trial), Some(&second), "the later one counts");
    cache.store(&fingerprint, &report([tried(4, Code::DriverCrashed)]), TEN, false);
    assert_eq!(widths(&cache.load(&fingerprint, TEN).unwrap()), [4]);
}

#[test]
fn many_write_at_the_same_time() {
    let (_directory, cache, fingerprint) = cache();
    std::thread::scope(|scope| {
        for writer in 0..8 {
            let (cache, fingerprint) = (&cache, &fingerprint);
            scope.spawn(move || {
                for round in 0..8 {
                    let own = report([tried(100 + writer * 8 + round, Code::DriverCrashed)]);
                    cache.store(fingerprint, &own, TEN, true);
                    cache.load(fingerprint, TEN).expect("a whole file at any time");
                }
            });
        }
    });
    assert_eq!(widths(&cache.load(&fingerprint, TEN).unwrap()), (100..164).collect::<Vec<_>>());
    let mut left: Vec<_> =
        fs::read_dir(cache.directory()).unwrap().map(|entry| entry.unwrap().path()).collect();
    left.sort();
    let mut expected = [cache.file(&fingerprint), cache.directory().join("lock")];
    expected.sort();
    assert_eq!(left, expected);
}

/// Waiting without limit would keep this test from ending.
#[test]
fn a_process_that_keeps_the_lock_stops_nobody() {
    let (_directory, cache, fingerprint) = cache();
    cache.store(&fingerprint, &report([]), TEN, true);
    let lock = File::open(cache.directory().join("lock")).unwrap();
    lock.lock().unwrap();
    cache.store(&fingerprint, &report([tried(1, Code::DriverCrashed)]), TEN, true);
    assert_eq!(cache.load(&fingerprint, TEN), Some(report([])));
}

#[test]
fn a_directory_that_cannot_be_made_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "mine").unwrap();
    let cache = Cache::at(&file);
    cache.store(&fingerprint(10), &report([]), TEN, true);
    assert_eq!(cache.load(&fingerprint(10), TEN), None);
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

#[test]
fn the_oldest_of_too_many_go() {
    let (_directory, cache, _) = cache();
    let all: Vec<Fingerprint> = (0..MOST as u64 + 3).map(fingerprint).collect();
    for (age, fingerprint) in all.iter().rev().enumerate() {
        cache.store(fingerprint, &report([]), TEN, true);
        let file = File::options().write(true).open(cache.file(fingerprint)).unwrap();
        let then = SystemTime::now() - Duration::from_secs(3600 + all.len() as u64 - age as u64);
        file.set_modified(then).unwrap();
    }
    cache.store(&all[0], &report([]), TEN, true);
    let kept: Vec<bool> = all.iter().map(|fingerprint| cache.load(fingerprint, TEN).is_some()).collect();
    assert_eq!(kept.iter().filter(|kept| **kept).count(), MOST);
    assert!(kept[0] && kept[1] && !kept[all.len() - 1]);
}

#[test]
fn what_hung_is_asked_again_by_who_waits_longer() {
    let (_directory, cache, fingerprint) = cache();
    let second = Duration::from_secs(1);
    for (code, again) in [(Code::DeviceHung, true), (Code::DriverCrashed, false)] {
        let found = report([tried(1, code)]);
        cache.store(&fingerprint, &found, second, false);
        assert_eq!(cache.load(&fingerprint, second).as_ref(), Some(&found));
        assert_eq!(cache.load(&fingerprint, second / 2).as_ref(), Some(&found));
        assert_eq!(cache.load(&fingerprint, TEN).is_none(), again, "{code}");
        // What was not believed is not merged either.
        cache.store(&fingerprint, &report([tried(2, code)]), TEN, true);
        assert_eq!(widths(&cache.load(&fingerprint, TEN).unwrap()).len(), if again { 1 } else { 2 });
    }
}

#[test]
fn a_hang_or_a_crash_is_not_believed_for_ever() {
    for (code, believed) in
        [(Code::DeviceHung, false), (Code::DriverCrashed, false), (Code::TrialPicture, true)]
    {
        let (_directory, cache, fingerprint) = cache();
        cache.store(&fingerprint, &report([tried(640, code)]), TEN, true);
        assert!(cache.load(&fingerprint, TEN).is_some(), "{code}");
        let file = File::options().write(true).open(cache.file(&fingerprint)).unwrap();
        file.set_modified(SystemTime::now() - 2 * BELIEF).unwrap();
        assert_eq!(cache.load(&fingerprint, TEN).is_some(), believed, "{code}");
    }
}
