//! The command's input and output, and the host's orders, over the serial lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result};
use nix::libc;
use nix::sys::reboot::{RebootMode, reboot};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{SetArg, cfmakeraw, tcdrain, tcgetattr, tcsetattr};
use nix::unistd::{Pid, sync};

use crate::kernel::wire::{self, CONTROL, ERROR, INPUT, Line, OUTPUT, Order};

/// Whether nobody on the host reads a stream any more.
type Gone = Arc<AtomicBool>;

pub(super) struct Lines {
    control: File,
    input: Option<File>,
    output: Option<File>,
    error: Option<File>,
    pumps: Vec<JoinHandle<()>>,
}

impl Lines {
    pub(super) fn open() -> Result<Self> {
        let (input, output, error) = (Some(open(INPUT)?), Some(open(OUTPUT)?), Some(open(ERROR)?));
        Ok(Self { control: open(CONTROL)?, input, output, error, pumps: Vec::new() })
    }

    /// One byte to the host.
    pub(super) fn tell(&mut self, what: u8) {
        // A host that has gone is noticed by the thread that listens to it.
        let _ = self.control.write_all(&[what]);
        let _ = tcdrain(&self.control);
    }

    /// Joins a command's streams to the lines, and lets the host send it signals.
    pub(super) fn serve(&mut self, child: &mut Child) -> Result<()> {
        let once = "the lines serve one command";
        let mut input = self.input.take().context(once)?;
        let mut control = self.control.try_clone()?;
        let to = child.stdin.take().context("the command has no input")?;
        thread::spawn(move || {
            // Ended by the host, or by a command that reads no more: the host then keeps what it has.
            let _ = wire::receive_blocks(&mut input, to, || {
                let _ = control.write_all(&[wire::TAKEN]);
            });
        });
        let stdout = child.stdout.take().context("the command has no output")?;
        let stderr = child.stderr.take().context("the command has no error output")?;
        let (output_gone, error_gone) = (Gone::default(), Gone::default());
        let output = self.output.take().context(once)?;
        let error = self.error.take().context(once)?;
        let flag = output_gone.clone();
        self.pumps.push(thread::spawn(move || pump(stdout, output, &flag)));
        let flag = error_gone.clone();
        self.pumps.push(thread::spawn(move || pump(stderr, error, &flag)));
        let mut control = self.control.try_clone()?;
        let child = Pid::from_raw(child.id() as i32);
        thread::spawn(move || obey(&mut control, child, &output_gone, &error_gone));
        Ok(())
    }

    /// Waits until everything that was written has left the machine. Nobody may hold the streams any more.
    pub(super) fn drain(&mut self) {
        for pump in self.pumps.drain(..) {
            // One that panicked has said so.
            let _ = pump.join();
        }
    }
}

fn open(line: Line) -> Result<File> {
    let device = line.device();
    let open = || -> io::Result<File> {
        let file = OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY).open(&device)?;
        let mut settings = tcgetattr(&file)?;
        cfmakeraw(&mut settings);
        tcsetattr(&file, SetArg::TCSANOW, &settings)?;
        Ok(file)
    };
    open().with_context(|| format!("the serial line {device} cannot be opened"))
}

/// Copies until the command and its children have closed the stream, or the host has.
fn pump(mut from: impl Read, mut line: File, gone: &Gone) {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            // Leaving closes the stream: who writes to it next gets SIGPIPE, as it would from the host's.
            Ok(_) if gone.load(Ordering::Relaxed) => return,
            Ok(len) => {
                if line.write_all(&buffer[..len]).is_err() {
                    return;
                }
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    let _ = tcdrain(&line);
}

/// Does what the host says, and turns the machine off when the host's program has vanished.
fn obey(control: &mut File, child: Pid, output: &Gone, error: &Gone) {
    while let Ok(order) = Order::read(control) {
        match order {
            Order::Signal(number) => {
                if let Ok(signal) = Signal::try_from(i32::from(number)) {
                    // It may have ended just now.
                    let _ = kill(child, signal);
                }
            }
            Order::OutputGone => output.store(true, Ordering::Relaxed),
            Order::ErrorGone => error.store(true, Ordering::Relaxed),
        }
    }
    let _ = kill(Pid::from_raw(-1), Signal::SIGKILL);
    sync();
    let _ = reboot(RebootMode::RB_POWER_OFF);
}
