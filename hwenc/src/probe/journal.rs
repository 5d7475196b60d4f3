//! [`Journal`]: what is being tried, on disk before it begins, so that what took the machine down is known afterwards.
//!
//! A file of lines, one when a trial begins and one when it has ended, whatever came of it. Nothing is taken out of its middle;
//! when nothing is left open it is emptied. Where it cannot be written, trials go on without.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// How long to wait for another process that writes. One that was stopped meanwhile keeps its lock for ever.
const LOCK_WAIT: Duration = Duration::from_secs(2);
/// A larger file is not ours.
const LARGEST: u64 = 1 << 20;
/// When a process in another PID namespace must have ended: no trial takes so long.
const FOREIGN: Duration = Duration::from_secs(600);

/// The journal of one file.
#[derive(Clone, Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    writer: Writer,
}

/// Who wrote a line: a process, told from later ones with its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Writer {
    pid: u32,
    /// Since boot, in clock ticks (proc_pid_stat(5), field 22).
    start: u64,
    /// `/proc/self/ns/pid`: where the number counts.
    namespace: String,
    /// `/proc/sys/kernel/random/boot_id`
    boot: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    key: String,
    #[serde(flatten)]
    writer: Writer,
    /// Seconds since 1970.
    time: u64,
    /// The trial ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    ended: bool,
}

impl Journal {
    /// The journal in this file, written by this process. Nothing is read or made yet.
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Journal { path: path.into(), writer: Writer::here() }
    }

    /// Notes that a trial begins; on disk when this comes back.
    pub(crate) fn begin(&self, key: &str) {
        self.attempt("a trial is tried without a note of it", |entries, file| {
            entries.push(self.entry(key, false));
            file.add(entries)?;
            file.sync()
        });
    }

    /// Notes that it has ended, whatever came of it.
    pub(crate) fn end(&self, key: &str) {
        self.attempt("the end of a trial could not be noted", |entries, file| {
            entries.push(self.entry(key, true));
            if open(entries).is_empty() { file.replace(&[]) } else { file.add(entries) }
        });
    }

    /// Keys of trials that never ended: their process is gone, or the machine was started again.
    pub(crate) fn unfinished(&self) -> Vec<String> {
        let Ok(file) = File::open(&self.path) else { return Vec::new() };
        // Without the lock as well: at worst a line that is just being written is not seen.
        let _ = wait_for(|| file.try_lock_shared());
        let Ok((entries, _)) = read(&file) else { return Vec::new() };
        let mut keys: Vec<String> = Vec::new();
        for entry in open(&entries) {
            if !entry.may_run(&self.writer) && !keys.contains(&entry.key) {
                keys.push(entry.key.clone());
            }
        }
        keys
    }

    /// Takes a key out, so that it counts as never tried.
    pub(crate) fn forget(&self, key: &str) {
        if !self.path.exists() {
            return;
        }
        self.attempt("a trial that never ended could not be forgotten", |entries, file| {
            let left = open(entries).into_iter().filter(|e| e.key != key || e.may_run(&self.writer));
            let left: Vec<Entry> = left.cloned().collect();
            file.replace(&left)?;
            file.sync()
        });
    }

    fn entry(&self, key: &str, ended: bool) -> Entry {
        let time = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Entry { key: key.to_owned(), writer: self.writer.clone(), time, ended }
    }

    fn attempt(&self, fails: &str, change: impl FnOnce(&mut Vec<Entry>, &mut Locked) -> io::Result<()>) {
        let changed = Locked::open(&self.path).and_then(|mut file| {
            let (mut entries, sound) = read(&file.file)?;
            if !sound {
                file.replace(&entries)?;
            }
            change(&mut entries, &mut file)
        });
        if let Err(error) = changed {
            tracing::warn!("{fails}: {}: {error}", self.path.display());
        }
    }
}

/// The entries without an end.
fn open(entries: &[Entry]) -> Vec<&Entry> {
    let mut open: Vec<&Entry> = Vec::new();
    for entry in entries {
        if entry.ended {
            // One end for each beginning.
            let begun = open.iter().position(|e| e.key == entry.key && e.writer == entry.writer);
            begun.map(|at| open.remove(at));
        } else {
            open.push(entry);
        }
    }
    open
}

/// What a file holds, and whether it holds nothing else.
fn read(mut file: &File) -> io::Result<(Vec<Entry>, bool)> {
    if file.metadata()?.len() > LARGEST {
        return Ok((Vec::new(), false));
    }
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut text)?;
    let mut sound = text.is_empty() || text.ends_with(b"\n");
    let mut entries = Vec::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(entry) => entries.push(entry),
            Err(_) => sound = false,
        }
    }
    Ok((entries, sound))
}

/// The file, to be changed by nobody else meanwhile.
struct Locked {
    file: File,
}

impl Locked {
    fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true).mode(0o600);
        let file = match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let directory = path.parent().unwrap_or(Path::new("."));
                fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
                let file = options.open(path)?;
                // The name is on disk too.
                File::open(directory)?.sync_all()?;
                file
            }
            other => other?,
        };
        wait_for(|| file.try_lock())?;
        Ok(Locked { file })
    }

    /// Appends the last entry.
    fn add(&mut self, entries: &[Entry]) -> io::Result<()> {
        let last = entries.last().into_iter().collect::<Vec<_>>();
        self.file.write_all(&lines(last))
    }

    fn replace(&mut self, entries: &[Entry]) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.write_all(&lines(entries))
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// Takes a lock that may be another process's, within [`LOCK_WAIT`].
///
/// # Errors
/// Where it is not given until then.
pub(super) fn wait_for(mut lock: impl FnMut() -> Result<(), TryLockError>) -> io::Result<()> {
    let began = Instant::now();
    loop {
        match lock() {
            // A file system without locks: as good as one can.
            Ok(()) | Err(TryLockError::Error(_)) => return Ok(()),
            Err(TryLockError::WouldBlock) if began.elapsed() < LOCK_WAIT => sleep(Duration::from_millis(1)),
            Err(TryLockError::WouldBlock) => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "another process keeps it locked"));
            }
        }
    }
}

fn lines<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Vec<u8> {
    let mut text = Vec::new();
    for entry in entries {
        serde_json::to_writer(&mut text, entry).expect("an entry is plain data");
        text.push(b'\n');
    }
    text
}

impl Writer {
    fn here() -> Self {
        let pid = std::process::id();
        let namespace = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        Writer {
            pid,
            start: started(pid).unwrap_or_default(),
            namespace: namespace.to_string_lossy().into_owned(),
            boot: fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned(),
        }
    }
}

impl Entry {
    /// Its process may still be at it, as seen by `here`.
    fn may_run(&self, here: &Writer) -> bool {
        if self.writer.boot != here.boot {
            return false;
        }
        if self.writer.namespace != here.namespace {
            // Its number means nothing here.
            let age = SystemTime::now().duration_since(UNIX_EPOCH + Duration::from_secs(self.time));
            return age.is_ok_and(|age| age < FOREIGN);
        }
        started(self.writer.pid) == Some(self.writer.start)
    }
}

/// When a process that has not ended was started, in clock ticks since boot.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, also parentheses.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn journal() -> (tempfile::TempDir, Journal) {
        let directory = tempfile::tempdir().unwrap();
        let journal = Journal::at(directory.path().join("below").join("journal"));
        (directory, journal)
    }

    /// The same file, as a process sees it that ran before.
    fn of_another(journal: &Journal, change: impl FnOnce(&mut Writer)) -> Journal {
        let mut other = journal.clone();
        change(&mut other.writer);
        other
    }

    #[test]
    fn what_ended_leaves_nothing() {
        let (_directory, journal) = journal();
        journal.begin("a");
        journal.begin("b");
        journal.end("a");
        assert!(fs::metadata(&journal.path).unwrap().len() > 0);
        journal.end("b");
        assert_eq!(fs::metadata(&journal.path).unwrap().len(), 0);
        assert_eq!(journal.unfinished(), [""; 0]);
    }

    #[test]
    fn a_process_that_lives_is_at_it() {
        let (_directory, journal) = journal();
        journal.begin("a");
        assert_eq!(journal.unfinished(), [""; 0]);
        assert_eq!(Journal::at(&journal.path).unfinished(), [""; 0]);
    }

    #[test]
    fn what_never_ended_is_named_until_forgotten() {
        let (_directory, journal) = journal();
        type Change = (&'static str, fn(&mut Writer));
        let writers: [Change; 4] = [
            ("number of a later process", |w| w.start += 1),
            ("no such process", |w| w.pid = u32::MAX - 1),
            ("before the machine was started again", |w| w.boot = "other".into()),
            ("zombie or not, the same twice", |w| w.pid = u32::MAX - 1),
        ];
        for (key, change) in writers {
            of_another(&journal, change).begin(key);
        }
        journal.begin("mine");
        let mut expected: Vec<_> = writers.iter().map(|(key, _)| *key).collect();
        assert_eq!(journal.unfinished(), expected);
        while let Some(key) = expected.pop() {
            journal.forget(key);
            assert_eq!(journal.unfinished(), expected);
        }
        journal.forget("mine");
        assert!(
            fs::read_to_string(&journal.path).unwrap().contains("mine"),
            "a trial that runs is not forgotten"
        );
        journal.end("mine");
        assert_eq!(fs::metadata(&journal.path).unwrap().len(), 0);
    }

    #[test]
    fn an_end_closes_the_own_beginning_alone() {
        let (_directory, journal) = journal();
        of_another(&journal, |w| w.start += 1).begin("a");
        journal.begin("a");
        journal.end("a");
        assert_eq!(journal.unfinished(), ["a"]);
    }

    #[test]
    fn a_process_of_another_namespace_has_its_time() {
        let (_directory, journal) = journal();
        let other = of_another(&journal, |w| {
            w.namespace = "pid:[1]".into();
            w.pid = u32::MAX - 1;
        });
        other.begin("a");
        assert_eq!(journal.unfinished(), [""; 0]);
        let text = fs::read_to_string(&journal.path).unwrap();
        let mut entry: Entry = serde_json::from_str(&text).unwrap();
        entry.time -= FOREIGN.as_secs() + 1;
        fs::write(&journal.path, lines([&entry])).unwrap();
        assert_eq!(journal.unfinished(), ["a"]);
    }

    #[test]
    fn what_is_no_journal_is_written_anew() {
        let (_directory, journal) = journal();
        let lost = of_another(&journal, |w| w.start += 1);
        for garbage in [&b"\0\xff{"[..], b"[]\n{}\n", b"{\"key\":\"cut of", b"\n\n\n"] {
            lost.begin("kept");
            let mut text = fs::read(&journal.path).unwrap();
            text.extend_from_slice(garbage);
            fs::write(&journal.path, &text).unwrap();
            assert_eq!(journal.unfinished(), ["kept"]);
            journal.begin("a");
            assert_eq!(journal.unfinished(), ["kept"]);
            assert!(read(&File::open(&journal.path).unwrap()).unwrap().1, "{garbage:?}");
            journal.end("a");
            journal.forget("kept");
            assert_eq!(journal.unfinished(), [""; 0]);
        }
        let huge = File::create(&journal.path).unwrap();
        huge.set_len(LARGEST + 1).unwrap();
        assert_eq!(journal.unfinished(), [""; 0]);
        lost.begin("a");
        assert_eq!(journal.unfinished(), ["a"]);
    }

    #[test]
    fn where_it_cannot_be_written_trials_go_on() {
        let (directory, journal) = journal();
        fs::write(directory.path().join("below"), "a file").unwrap();
        journal.begin("a");
        journal.end("a");
        journal.forget("a");
        assert_eq!(journal.unfinished(), [""; 0]);
    }

    #[test]
    fn nobody_else_reads_it() {
        let (_directory, journal) = journal();
        journal.begin("a");
        assert_eq!(fs::metadata(&journal.path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn many_write_at_the_same_time() {
        let (_directory, journal) = journal();
        std::thread::scope(|scope| {
            for writer in 0..4_u64 {
                let journal = of_another(&journal, |w| w.start += writer);
                scope.spawn(move || {
                    for round in 0..10 {
                        let key = format!("{writer} {round}");
                        journal.begin(&key);
                        if round != 7 || writer == 0 {
                            journal.end(&key);
                        }
                    }
                });
            }
        });
        let mut left = journal.unfinished();
        left.sort();
        let expected: Vec<_> = (1..4).map(|writer| format!("{writer} 7")).collect();
        assert_eq!(left, expected);
    }
}
