//! The serial lines between the host and PID 1, and what runs over them.
//!
//! A line cannot be closed from the host's side: the kernel would drop what has not been read yet. Nor may it fill up: the
//! kernel stops reading then, and does not begin again. So standard input runs in blocks that fit a line, one at a time, with
//! an empty one at its end, and everything that is no data has a line of its own.

use std::io::{self, Read, Write};

/// Orders to PID 1; bytes come back.
pub(crate) const CONTROL: Line = Line(0);
/// Standard input, in blocks.
pub(crate) const INPUT: Line = Line(1);
/// Standard output, raw.
pub(crate) const OUTPUT: Line = Line(2);
/// Standard error, raw.
pub(crate) const ERROR: Line = Line(3);

/// What comes back on the control line: all is ready for the command.
pub(crate) const UP: u8 = b'u';
/// A block of standard input has been taken off its line.
pub(crate) const TAKEN: u8 = b't';
/// The command has ended, and all that it wrote is out.
pub(crate) const DONE: u8 = b'd';

/// A serial line of the kernel.
#[derive(Clone, Copy)]
pub(crate) struct Line(u8);

impl Line {
    /// The kernel's argument that connects it to descriptors of its process.
    pub(crate) fn argument(self, input: Option<i32>, output: Option<i32>) -> String {
        let channel = |descriptor: Option<i32>| match descriptor {
            Some(descriptor) => format!("fd:{descriptor}"),
            None => "null".to_owned(),
        };
        format!("ssl{}={},{}", self.0, channel(input), channel(output))
    }

    /// Its device inside.
    pub(crate) fn device(self) -> String {
        format!("/dev/ttyS{}", self.0)
    }
}

/// A command on the control line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Send the command this signal.
    Signal(u8),
    /// Nobody reads its standard output any more.
    OutputGone,
    /// Nobody reads its standard error any more.
    ErrorGone,
}

impl Order {
    pub(crate) fn write(self, line: &mut impl Write) -> io::Result<()> {
        line.write_all(&match self {
            Self::Signal(number) => [b's', number],
            Self::OutputGone => [b'o', 0],
            Self::ErrorGone => [b'e', 0],
        })
    }

    pub(crate) fn read(line: &mut impl Read) -> io::Result<Self> {
        let mut bytes = [0; 2];
        line.read_exact(&mut bytes)?;
        match bytes {
            [b's', number] => Ok(Self::Signal(number)),
            [b'o', _] => Ok(Self::OutputGone),
            [b'e', _] => Ok(Self::ErrorGone),
            _ => Err(io::Error::new(io::ErrorKind::InvalidData, "the control line carries no order")),
        }
    }
}

/// The longest block of standard input. A line holds 4096 bytes, and counts as full somewhat earlier.
const BLOCK: usize = 3072;

/// Sends all of a stream, then its end. `taken` waits until a block has been taken; false: there is nobody to take it.
pub(crate) fn send_blocks(
    from: &mut impl Read,
    line: &mut impl Write,
    mut taken: impl FnMut() -> bool,
) -> io::Result<()> {
    let mut block = [0; 2 + BLOCK];
    loop {
        let len = match from.read(&mut block[2..]) {
            Ok(len) => len,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // Such as a terminal in the background: as good as its end.
            Err(_) => 0,
        };
        block[..2].copy_from_slice(&(len as u16).to_le_bytes());
        line.write_all(&block[..2 + len])?;
        if len == 0 || !taken() {
            return Ok(());
        }
    }
}

/// Receives a stream up to its end, and says of each block that it has been taken.
pub(crate) fn receive_blocks(
    line: &mut impl Read,
    mut to: impl Write,
    mut taken: impl FnMut(),
) -> io::Result<()> {
    let mut block = [0; BLOCK];
    loop {
        let mut len = [0; 2];
        line.read_exact(&mut len)?;
        let len = usize::from(u16::from_le_bytes(len));
        if len == 0 {
            return Ok(());
        }
        let block = block.get_mut(..len).ok_or(io::ErrorKind::InvalidData)?;
        line.read_exact(block)?;
        taken();
        to.write_all(block)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_carry_every_byte() {
        for len in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK + 7] {
            let sent: Vec<u8> = (0..len).map(|at| (at * 7) as u8).collect();
            let (mut line, mut received) = (Vec::new(), Vec::new());
            let (mut out, mut back) = (0, 0);
            let taken = || {
                out += 1;
                true
            };
            send_blocks(&mut &sent[..], &mut line, taken).expect("it is sent");
            line.extend(b"later");
            receive_blocks(&mut &line[..], &mut received, || back += 1).expect("it is received");
            assert_eq!(received, sent);
            assert_eq!(out, back);
        }
    }

    #[test]
    fn nobody_who_takes_blocks_ends_it() {
        let mut line = Vec::new();
        send_blocks(&mut &[1; 3 * BLOCK][..], &mut line, || false).expect("one is sent");
        assert_eq!(line.len(), 2 + BLOCK);
        let nothing: &mut [u8] = &mut [];
        let error = receive_blocks(&mut &line[..], nothing, || ()).expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    }

    #[test]
    fn orders_arrive_as_they_were_sent() {
        let mut line = Vec::new();
        let orders = [Order::Signal(15), Order::OutputGone, Order::ErrorGone];
        for order in orders {
            order.write(&mut line).expect("it is sent");
        }
        let mut line = &line[..];
        for order in orders {
            assert_eq!(Order::read(&mut line).expect("it is received"), order);
        }
        assert!(Order::read(&mut line).is_err());
        assert!(Order::read(&mut &b"x1"[..]).is_err());
    }
}
