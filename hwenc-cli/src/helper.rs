//! `hwenc helper`: drivers are tried in a process of their own, which programs that use the library start. It is no command for
//! people, and so stands before all arguments: the less a helper does before it serves, the sooner a probe is done.

use std::ffi::OsString;
use std::io::IsTerminal as _;

/// Serves where that was asked for, and ends there; else this program can serve itself from now on.
pub(crate) fn serve_if_asked() {
    hwenc::helper();
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    serve_if_named(&words);
}

/// Serves where these words ask for it, and ends there.
pub(crate) fn serve_if_named(words: &[OsString]) {
    if *words == ["helper"] && !std::io::stdin().is_terminal() {
        hwenc::probe::serve();
    }
}
