//! Lines of JSON through pipes that never block: what arrived, and what is still to be written.

use std::io::{self, ErrorKind};
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use nix::poll::{PollFd, PollTimeout, poll};
use nix::sys::socket::{MsgFlags, send};
use nix::unistd::{read, write};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longer lines than any that is sent; who writes more does not speak this language.
const LONGEST: usize = 16 << 20;

/// Makes reads and writes come back at once.
pub(super) fn never_block(fd: &OwnedFd) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(fd, FcntlArg::F_GETFL)?);
    fcntl(fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

/// Waits until one of them is ready, at most until then. Signals only cut it short.
pub(super) fn wait(fds: &mut [PollFd<'_>], until: Instant) -> io::Result<()> {
    let left = until.saturating_duration_since(Instant::now());
    // poll counts whole milliseconds; one more, so as not to turn in circles before a deadline.
    let left = if left.is_zero() { left } else { left + Duration::from_millis(1) };
    match poll(fds, PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)) {
        Ok(_) | Err(Errno::EINTR) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

/// What came through a pipe so far.
#[derive(Default)]
pub(super) struct Incoming {
    buffer: Vec<u8>,
    /// Up to here there is no end of a line.
    searched: usize,
    /// The other end was closed.
    pub(super) ended: bool,
}

impl Incoming {
    /// Takes what is there.
    pub(super) fn fill(&mut self, fd: &OwnedFd) -> io::Result<()> {
        let mut chunk = [0; 16 << 10];
        while !self.ended {
            match read(fd, &mut chunk) {
                Ok(0) => self.ended = true,
                Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            if self.buffer.len() > LONGEST {
                return Err(io::Error::new(ErrorKind::InvalidData, "a line without an end"));
            }
        }
        Ok(())
    }

    /// Forgets what arrived.
    pub(super) fn clear(&mut self) {
        self.buffer.clear();
        self.searched = 0;
    }

    /// The next whole line, read.
    pub(super) fn next<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let Some(end) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') else {
            self.searched = self.buffer.len();
            return Ok(None);
        };
        let line: Vec<u8> = self.buffer.drain(..=self.searched + end).collect();
        self.searched = 0;
        let read = serde_json::from_slice(&line);
        read.map(Some).map_err(|error| {
            let shown = String::from_utf8_lossy(&line[..line.len().min(200)]).trim_end().to_owned();
            io::Error::new(ErrorKind::InvalidData, format!("{error}: {shown:?}"))
        })
    }
}

/// What is to go through a pipe.
#[derive(Default)]
pub(super) struct Outgoing {
    buffer: Vec<u8>,
}

impl Outgoing {
    pub(super) fn push(&mut self, message: &impl Serialize) {
        serde_json::to_writer(&mut self.buffer, message).expect("messages are plain data");
        self.buffer.push(b'\n');
    }

    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Writes what a pipe takes now.
    pub(super) fn flush(&mut self, pipe: &OwnedFd) -> io::Result<()> {
        self.flush_by(|bytes| write(pipe, bytes))
    }

    /// Sends what a socket takes now. Where nobody reads any more that is an error and no SIGPIPE, whatever this program does
    /// with it.
    pub(super) fn send(&mut self, socket: &OwnedFd) -> io::Result<()> {
        self.flush_by(|bytes| send(socket.as_raw_fd(), bytes, MsgFlags::MSG_NOSIGNAL))
    }

    fn flush_by(&mut self, mut some: impl FnMut(&[u8]) -> nix::Result<usize>) -> io::Result<()> {
        while !self.buffer.is_empty() {
            match some(&self.buffer) {
                Ok(n) => drop(self.buffer.drain(..n)),
                Err(Errno::EAGAIN) => break,
                Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
        Ok(())
    }
}

/// The last of what a process wrote to its standard error.
#[derive(Default)]
pub(super) struct Said {
    buffer: Vec<u8>,
    ended: bool,
}

impl Said {
    const KEPT: usize = 4 << 10;
    const LINES: usize = 8;

    /// Takes what is there and keeps its end. A process that writes without end gets no more than its turn, which is more than
    /// a pipe holds (pipe(7)).
    pub(super) fn fill(&mut self, fd: &OwnedFd) {
        let mut chunk = [0; 16 << 10];
        for _ in 0..8 {
            match read(fd, &mut chunk) {
                Ok(0) => self.ended = true,
                Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
                Err(Errno::EINTR) => continue,
                Err(Errno::EAGAIN) => break,
                Err(_) => self.ended = true,
            }
            if self.ended {
                break;
            }
        }
        let excess = self.buffer.len().saturating_sub(Self::KEPT);
        self.buffer.drain(..excess);
    }

    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// The last lines.
    pub(super) fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.buffer);
        let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(Self::LINES)..].iter().map(|line| (*line).to_owned()).collect()
    }

    pub(super) fn clear(&mut self) {
        self.buffer.clear();
    }
}
