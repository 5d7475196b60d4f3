//! Calls into the crate without the GIL.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use hwenc::{Code, Error};
use pyo3::prelude::*;

use crate::error::{OrRaise as _, raise};
use crate::log;

/// How often the main thread looks for a signal while it waits.
pub(crate) const LOOK: Duration = Duration::from_millis(50);

/// Runs a call that is over soon without the GIL: one picture, a name. What it logs is with `logging` when it returns.
pub(crate) fn quick<T: Send>(py: Python<'_>, call: impl FnOnce() -> hwenc::Result<T> + Send) -> PyResult<T> {
    log::refresh_now_and_then(py)?;
    let result = py.detach(call);
    log::flush(py)?;
    result.or_raise()
}

/// Runs a call that can take seconds without the GIL. On the main thread Ctrl-C ends the wait; the call itself then ends by its own
/// deadlines, on a thread of its own, and what it returns is dropped.
pub(crate) fn slow<T: Send + 'static>(
    py: Python<'_>,
    call: impl FnOnce() -> hwenc::Result<T> + Send + 'static,
) -> PyResult<T> {
    log::refresh(py)?;
    if !is_main_thread(py)? {
        return quick(py, call);
    }
    let (answers, mut answer) = mpsc::channel();
    let run = move || _ = answers.send(call());
    thread::Builder::new().name("hwenc".into()).spawn(run).map_err(no_thread)?;
    loop {
        let answer = &mut answer; // it may move to another thread, and not be shared
        let answered = py.detach(move || answer.recv_timeout(LOOK));
        log::flush(py)?;
        match answered {
            Ok(result) => return result.or_raise(),
            Err(RecvTimeoutError::Timeout) => py.check_signals()?,
            Err(RecvTimeoutError::Disconnected) => return Err(panicked()),
        }
    }
}

/// Signals reach Python on this thread alone.
pub(crate) fn is_main_thread(py: Python<'_>) -> PyResult<bool> {
    let threading = py.import("threading")?;
    let main = threading.call_method0("main_thread")?.getattr("ident")?;
    threading.call_method0("get_ident")?.eq(main)
}

/// There can be no other thread.
pub(crate) fn no_thread(error: std::io::Error) -> PyErr {
    let text = Error::new(Code::OutOfMemory, "no thread can be started");
    raise(match error.raw_os_error() {
        Some(errno) => text.with_os(errno),
        None => text,
    })
}

/// The thread ended without an answer.
pub(crate) fn panicked() -> PyErr {
    raise(Error::new(Code::Internal, "a thread of hwenc panicked"))
}
