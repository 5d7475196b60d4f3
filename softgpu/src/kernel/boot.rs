//! The kernel's process on the host: started, talked to over its serial lines, waited for.

use std::fs::{self, File};
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::signal::{SigSet, Signal, killpg};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::Pid;

use crate::run::with_signal_mask;

use super::job::{Ended, Job};
use super::wire::{self, CONTROL, ERROR, INPUT, Line, OUTPUT, Order};

/// The variable that names the directory of the job, for PID 1.
pub(crate) const DIRECTORY: &str = "SOFTGPU_JOB";
/// Memory of the machine. Pages that nobody touches cost nothing but 16 kB a megabyte, and 10 ms of start-up a gigabyte.
const MEMORY: u64 = 4 << 30;
const LEAST_MEMORY: u64 = 256 << 20;
/// A tenth of a second is usual; this is for a machine that does ten other things.
const DEADLINE: Duration = Duration::from_secs(60);
/// From the end of the command to the end of the kernel.
const POWER_OFF: Duration = Duration::from_secs(20);
/// Passed on to the command, those of a terminal too: no process inside belongs to it. A signal that stops this process (SIGTSTP) cannot stop the machine.
const PASSED: [Signal; 8] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGWINCH,
];
const DEADLY: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM];

enum Event {
    /// A byte on the control line.
    Said(u8),
    /// The kernel's end of it is closed.
    Silent,
    Signal(Signal),
}

/// Runs a job in a kernel of its own. `directory` is the job's, and can be written to from inside.
pub(super) fn run(kernel: &Path, job: &Job, directory: &Path) -> Result<Ended> {
    job.save(directory)?;
    let (told, events) = mpsc::channel();
    // Before the kernel starts: a signal that comes meanwhile must not be lost.
    let before = SigSet::thread_get_mask()?;
    let watched = SigSet::from_iter(PASSED);
    watched.thread_block()?;
    let signals = SignalFd::with_flags(&watched, SfdFlags::SFD_CLOEXEC)?;
    let begun = Instant::now();
    let mut machine = Machine::start(kernel, directory, before)?;
    let (taken, blocks) = mpsc::channel();
    machine.connect(&told, signals)?;
    let (control, orders) = (machine.control.try_clone()?, Orders(machine.control.try_clone()?));
    thread::spawn(move || listen(control, &told, &taken));

    let deadline = deadline();
    loop {
        match events.recv_timeout(deadline.saturating_sub(begun.elapsed())) {
            Ok(Event::Said(wire::UP)) => break,
            Ok(Event::Said(_)) => {}
            // Nothing runs inside yet that could take it.
            Ok(Event::Signal(number)) if DEADLY.contains(&number) => return Ok(Ended::Killed(number as i32)),
            Ok(Event::Signal(_)) => {}
            Ok(Event::Silent) | Err(RecvTimeoutError::Disconnected) => return machine.result(),
            Err(RecvTimeoutError::Timeout) => {
                bail!("the kernel did not start within {} s{}", deadline.as_secs(), machine.messages());
            }
        }
    }
    eprintln!("softgpu: the kernel was up after {:.2} s", begun.elapsed().as_secs_f64());
    machine.feed(blocks)?;
    machine.serve(&events, orders)?;
    machine.result()
}

fn deadline() -> Duration {
    let asked = std::env::var("SOFTGPU_KERNEL_DEADLINE").ok().and_then(|text| text.parse().ok());
    asked.map_or(DEADLINE, Duration::from_secs)
}

fn listen(mut control: UnixStream, events: &Sender<Event>, taken: &Sender<()>) {
    let mut byte = [0];
    while matches!(control.read(&mut byte), Ok(1)) {
        // A receiver has gone where its stream or this process is about to end.
        match byte[0] {
            wire::TAKEN => drop(taken.send(())),
            what => drop(events.send(Event::Said(what))),
        }
    }
    let _ = events.send(Event::Silent);
}

/// The way for orders to PID 1. A machine that has ended takes none, and that is no fault.
struct Orders(UnixStream);

impl Orders {
    fn give(&mut self, order: Order) {
        let _ = order.write(&mut self.0);
    }
}

struct Machine {
    process: Child,
    control: UnixStream,
    input: Option<io::PipeWriter>,
    output: Option<PipeReader>,
    error: Option<PipeReader>,
    pumps: Vec<thread::JoinHandle<()>>,
    directory: PathBuf,
}

impl Machine {
    fn start(kernel: &Path, directory: &Path, signals: SigSet) -> Result<Self> {
        let (control, inner) = UnixStream::pair()?;
        let (input_inner, input) = io::pipe()?;
        let (output, output_inner) = io::pipe()?;
        let (error, error_inner) = io::pipe()?;
        inherit([&inner as &dyn AsRawAndFd, &input_inner, &output_inner, &error_inner])?;
        let lines = [
            CONTROL.argument(Some(inner.as_raw_fd()), Some(inner.as_raw_fd())),
            INPUT.argument(Some(input_inner.as_raw_fd()), None),
            Line::argument(OUTPUT, None, Some(output_inner.as_raw_fd())),
            Line::argument(ERROR, None, Some(error_inner.as_raw_fd())),
        ];

        let (memory_place, memory) = memory()?;
        let log = File::create(log_of(directory))?;
        // PID 1 is this very program.
        let init = std::env::current_exe().context("this program's own file is gone")?;
        let mut command = Command::new(kernel);
        command.arg0("softgpu-kernel");
        command.args([
            "root=none",
            "rootfstype=hostfs",
            "rootflags=/",
            "ro",
            "quiet",
            "con=null",
            "ssl=null",
        ]);
        command.arg(format!("mem={}M", memory >> 20)).args(lines);
        // Its loops of delays would be measured otherwise, which takes longer than the rest of the start.
        command.arg("lpj=10000000");
        command.arg(format!("uml_dir={}/", quotable(directory)?)).arg("umid=machine");
        command.arg(format!("init=\"{}\"", quotable(&init)?));
        command.arg(format!("{DIRECTORY}=\"{}\"", quotable(directory)?));
        command.env_clear().env("TMPDIR", memory_place).env("HOME", directory);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        with_signal_mask(&mut command, signals);
        let process = on_one_cpu(|| {
            command.spawn().with_context(|| format!("the kernel {} does not start", kernel.display()))
        })?;
        let (input, output, error) = (Some(input), Some(output), Some(error));
        Ok(Self {
            process,
            control,
            input,
            output,
            error,
            pumps: Vec::new(),
            directory: directory.to_owned(),
        })
    }

    /// Joins this process's output and signals to the machine's.
    fn connect(&mut self, told: &Sender<Event>, signals: SignalFd) -> Result<()> {
        let (output, error) = (self.output.take(), self.error.take());
        let streams = [
            (output, File::from(io::stdout().as_fd().try_clone_to_owned()?), Order::OutputGone),
            (error, File::from(io::stderr().as_fd().try_clone_to_owned()?), Order::ErrorGone),
        ];
        for (from, to, gone) in streams {
            let from = from.context("the machine is connected once")?;
            let orders = Orders(self.control.try_clone()?);
            self.pumps.push(thread::spawn(move || pump(from, to, orders, gone)));
        }
        let told = told.clone();
        thread::spawn(move || {
            while let Ok(Some(info)) = signals.read_signal() {
                let signal = Signal::try_from(info.ssi_signo.cast_signed());
                if signal.is_ok_and(|signal| told.send(Event::Signal(signal)).is_err()) {
                    return;
                }
            }
        });
        Ok(())
    }

    /// Joins this process's standard input, too. Not earlier: a line that PID 1 has not prepared yet edits what it is given.
    fn feed(&mut self, taken: Receiver<()>) -> Result<()> {
        let mut line = self.input.take().context("the machine is connected once")?;
        let mut input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        // Never joined: it may wait for a terminal for ever.
        thread::spawn(move || {
            // A machine that has ended takes no input, and that is no fault.
            let _ = wire::send_blocks(&mut input, &mut line, || taken.recv().is_ok());
            // Kept open: a line that is closed loses what was not read yet.
            thread::park();
        });
        Ok(())
    }

    /// Until the machine is off.
    fn serve(&mut self, events: &Receiver<Event>, mut orders: Orders) -> Result<()> {
        let mut done: Option<Instant> = None;
        loop {
            let event = match done {
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(since) => events.recv_timeout(POWER_OFF.saturating_sub(since.elapsed())),
            };
            match event {
                Ok(Event::Said(wire::DONE)) => done = Some(Instant::now()),
                Ok(Event::Said(_)) => {}
                Ok(Event::Signal(number)) => orders.give(Order::Signal(number as u8)),
                Ok(Event::Silent) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
                Err(RecvTimeoutError::Timeout) => {
                    bail!("the kernel did not end after its command had{}", self.messages());
                }
            }
        }
    }

    /// Waits for the process and its last bytes; then says how the command ended.
    fn result(&mut self) -> Result<Ended> {
        let status = self.process.wait()?;
        for pump in self.pumps.drain(..) {
            ensure!(pump.join().is_ok(), "a thread that moves output has panicked");
        }
        match Ended::load(&self.directory) {
            Some(ended) => Ok(ended),
            None => bail!("the kernel ended ({status}) before its command did{}", self.messages()),
        }
    }

    /// What the kernel said, for an error.
    fn messages(&self) -> String {
        let text = fs::read(log_of(&self.directory)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let tail = &lines[lines.len().saturating_sub(15)..];
        if tail.is_empty() { String::new() } else { format!("; it said:\n    {}", tail.join("\n    ")) }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(Some(_))) {
            return;
        }
        // It made itself the leader of a session; the processes that hold the machine's address spaces belong to it.
        let group = Pid::from_raw(self.process.id() as i32);
        if killpg(group, Signal::SIGKILL).is_err() {
            // It had not come that far.
            let _ = self.process.kill();
        }
        let _ = self.process.wait();
    }
}

fn log_of(directory: &Path) -> PathBuf {
    directory.join("messages")
}

/// Copies until the end. When nobody takes it, the machine is told, and the rest is read and dropped.
fn pump(mut from: PipeReader, mut to: File, mut orders: Orders, gone: Order) {
    let mut buffer = vec![0; 64 << 10];
    let mut open = true;
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return,
            Ok(len) if open => {
                if to.write_all(&buffer[..len]).is_err() {
                    open = false;
                    orders.give(gone);
                }
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

trait AsRawAndFd {
    fn keep(&self) -> nix::Result<i32>;
}

impl<T: AsFd> AsRawAndFd for T {
    fn keep(&self) -> nix::Result<i32> {
        fcntl(self.as_fd(), FcntlArg::F_SETFD(FdFlag::empty()))
    }
}

/// Lets a process that is started next have these descriptors.
fn inherit(descriptors: [&dyn AsRawAndFd; 4]) -> Result<()> {
    for descriptor in descriptors {
        descriptor.keep().context("a descriptor cannot be passed on")?;
    }
    Ok(())
}

/// Starts a process on one of the CPUs that this one may use. On several, the kernel and the processes that stand for its
/// address spaces wake each other across CPUs, and programs start six to eight times slower.
fn on_one_cpu<T>(start: impl FnOnce() -> Result<T>) -> Result<T> {
    let this = Pid::from_raw(0);
    let all = sched_getaffinity(this).context("which CPUs can be used is not known")?;
    let usable: Vec<_> = (0..CpuSet::count()).filter(|cpu| all.is_set(*cpu).unwrap_or(false)).collect();
    ensure!(!usable.is_empty(), "no CPU can be used");
    // Several machines at once should not all choose the same one.
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().subsec_micros();
    let mut one = CpuSet::new();
    one.set(usable[now as usize % usable.len()])?;
    sched_setaffinity(this, &one).context("the kernel cannot be bound to a CPU")?;
    let started = start();
    sched_setaffinity(this, &all)?;
    started
}

/// Where the machine's memory lies, and how much it is. It is a file, mapped and executed.
fn memory() -> Result<(PathBuf, u64)> {
    let temporary = std::env::temp_dir();
    let mut reasons = String::new();
    for place in [Path::new("/dev/shm"), &temporary, Path::new("/var/tmp")] {
        let status = match statvfs(place) {
            Ok(status) => status,
            Err(error) => {
                reasons += &format!("; {}: {error}", place.display());
                continue;
            }
        };
        let free = status.blocks_available() * status.fragment_size();
        // Docker mounts /dev/shm so, and small.
        if status.flags().contains(FsFlags::ST_NOEXEC) {
            reasons += &format!("; {} is mounted noexec", place.display());
        } else if free < LEAST_MEMORY {
            reasons += &format!("; {} has {} MB", place.display(), free / 1_000_000);
        } else {
            return Ok((place.to_owned(), MEMORY.min(free)));
        }
    }
    bail!("nowhere is room for the machine's memory, {} MB at least{reasons}", LEAST_MEMORY >> 20)
}

/// A path that can stand in quotes on the kernel's command line.
fn quotable(path: &Path) -> Result<&str> {
    let text = path.to_str().filter(|text| !text.contains(['"', '\n']));
    text.with_context(|| format!("{} cannot be put on the kernel's command line", path.display()))
}
