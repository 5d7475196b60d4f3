//! [`Drill`]: misbehaving on purpose, as drivers do, to see that isolation holds.

use std::process;
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal, raise};
use serde::{Deserialize, Serialize};

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Drill {
    /// Nothing wrong: the answer is the number of the process.
    Answer,
    /// Write to both standard streams, then answer.
    Say { text: String },
    /// Never come back, with every signal blocked that can be.
    Hang,
    /// Die of a signal.
    Raise { signal: i32 },
    /// Take memory without end, in steps of so many bytes.
    Eat { step: usize },
    /// End the process.
    Exit { status: i32 },
    /// Panic.
    Panic,
    /// Answer, and hang when the process is to end.
    Linger,
}

thread_local! {
    static LINGER: Linger = const { Linger };
}

/// Hangs in its destructor, as a driver's may.
struct Linger;

impl Drop for Linger {
    fn drop(&mut self) {
        hang();
    }
}

fn hang() -> ! {
    let _ = SigSet::all().thread_block();
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

impl Drill {
    pub(super) fn perform(&self) -> u32 {
        match self {
            Drill::Answer => {}
            Drill::Say { text } => {
                print!("{text}");
                eprintln!("{text}");
            }
            Drill::Hang => hang(),
            Drill::Raise { signal } => {
                if let Ok(signal) = Signal::try_from(*signal) {
                    let _ = raise(signal);
                }
            }
            Drill::Eat { step } => {
                let mut eaten = Vec::new();
                loop {
                    // Written to, so that it is really there; kept, so that it stays.
                    eaten.push(std::hint::black_box(vec![1_u8; *step]));
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
            Drill::Exit { status } => process::exit(*status),
            Drill::Panic => panic!("a drill"),
            Drill::Linger => LINGER.with(|_| ()),
        }
        process::id()
    }
}
