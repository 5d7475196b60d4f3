//! [`Ahead`]: a decoder on a thread of its own, a few packets ahead of the encoder.
//!
//! The answers to a packet are taken when [`PACKETS`] more have been sent, never earlier, however quick the decoder was:
//! so the order of everything is the same in every run.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};

use crate::av::{Decoded, Decoder, Frame, Packet, Rational};
use crate::error::{Code, Error, Result};

/// Packets that are decoded while one picture is encoded. Each costs a picture's memory.
const PACKETS: usize = 3;

type Answer = Vec<Result<Frame>>;

/// Decodes ahead. What a packet gave, pictures and errors, comes in the order of the packets.
pub(super) struct Ahead {
    time_base: Rational,
    /// `None` once the end was sent; closing it ends the thread.
    packets: Option<Sender<Packet>>,
    answers: Receiver<Answer>,
    /// Times of the packets whose answers were not taken yet, in seconds.
    sent: VecDeque<f64>,
    ready: std::vec::IntoIter<Result<Frame>>,
    /// Time of the packet that the last answer belongs to.
    at: f64,
    /// The answer to the end was taken.
    finished: bool,
    thread: Option<JoinHandle<()>>,
}

impl Ahead {
    /// # Errors
    /// [`Code::Internal`] when the system gives no thread.
    pub(super) fn new(decoder: Decoder) -> Result<Self> {
        let time_base = decoder.time_base();
        let (packets, input) = channel();
        let (output, answers) = channel();
        let thread = thread::Builder::new()
            .name("hwenc-decode".into())
            .spawn(move || work(decoder, &input, &output))
            .map_err(|error| Error::new(Code::Internal, format!("no thread for the decoder: {error}")))?;
        Ok(Ahead {
            time_base,
            packets: Some(packets),
            answers,
            sent: VecDeque::new(),
            ready: Vec::new().into_iter(),
            at: 0.0,
            finished: false,
            thread: Some(thread),
        })
    }

    /// Sends a packet whose time is `at` seconds.
    pub(super) fn send(&mut self, packet: &Packet, at: f64) -> Result<()> {
        let packet = packet.try_clone()?;
        if self.packets.as_ref().is_none_or(|packets| packets.send(packet).is_err()) {
            return Err(gone());
        }
        self.sent.push_back(at);
        Ok(())
    }

    /// No more packets will come.
    pub(super) fn end(&mut self) {
        self.packets = None;
    }

    /// The next picture, into `frame`.
    ///
    /// # Errors
    /// [`Code::InputCorrupt`]; decoding goes on with the next packet.
    pub(super) fn receive(&mut self, frame: &mut Frame) -> Result<Decoded> {
        loop {
            if let Some(result) = self.ready.next() {
                *frame = result?;
                return Ok(Decoded::Frame);
            }
            if self.finished {
                return Ok(Decoded::Finished);
            }
            if self.packets.is_some() && self.sent.len() < PACKETS {
                return Ok(Decoded::NeedInput);
            }
            self.ready = self.answers.recv().map_err(|_| gone())?.into_iter();
            match self.sent.pop_front() {
                Some(at) => self.at = at,
                None => self.finished = true,
            }
        }
    }

    /// Time of the packet that the last picture or error came with, in seconds.
    pub(super) fn at(&self) -> f64 {
        self.at
    }

    pub(super) fn time_base(&self) -> Rational {
        self.time_base
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.packets = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic there was reported by `gone`
        }
    }
}

fn gone() -> Error {
    Error::new(Code::Internal, "the decoder's thread is gone")
}

/// One answer for every packet, and one for the end.
fn work(mut decoder: Decoder, packets: &Receiver<Packet>, answers: &Sender<Answer>) {
    loop {
        let packet = packets.recv().ok();
        let mut answer = Vec::new();
        if let Err(error) = decoder.send(packet.as_ref()) {
            answer.push(Err(error));
        }
        loop {
            let received = Frame::empty().and_then(|mut frame| Ok((decoder.receive(&mut frame)?, frame)));
            match received {
                Ok((Decoded::Frame, frame)) => answer.push(Ok(frame)),
                Ok(_) => break,
                Err(error) => answer.push(Err(error)),
            }
        }
        if answers.send(answer).is_err() || packet.is_none() {
            return;
        }
    }
}
