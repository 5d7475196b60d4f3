//! Commands that are programs of their own.

use std::env;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use hwenc::{Code, Error};

use crate::{exit_code, say};

/// This process becomes the program: it keeps its number, its files and its terminal, and whoever waits for it or
/// signals it notices nothing. Returns when that fails.
pub(crate) fn become_program(name: &str, words: &[OsString]) -> u8 {
    let mut refused = None;
    for place in places(name) {
        let error = Command::new(place).args(words).exec();
        if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) {
            refused.get_or_insert(error);
        }
    }
    let error = match refused.map(|error| error.raw_os_error()) {
        None => Error::new(Code::ProgramMissing, format!("the program {name} is missing"))
            .with_evidence("it is neither beside hwenc, nor in ../libexec/hwenc from there, nor on PATH"),
        Some(os) => {
            let error = Error::new(Code::ProgramMissing, format!("the program {name} does not start"));
            if let Some(errno) = os { error.with_os(errno) } else { error }
        }
    };
    let json = words.iter().any(|word| word == "--json");
    say::error(&error, true, json, None);
    exit_code(&error)
}

/// Where a program of that name may be: with this one, wherever links lead to it, and on PATH.
fn places(name: &str) -> Vec<PathBuf> {
    let own = env::current_exe().ok().and_then(|own| Some(own.parent()?.to_owned()));
    let with = own.iter().flat_map(|bin| [bin.join(name), bin.join("../libexec/hwenc").join(name)]);
    let path = env::var_os("PATH").unwrap_or_default();
    // An empty part is the working directory by POSIX; no program is taken from there.
    let on_path = env::split_paths(&path).filter(|part| part.is_absolute()).map(|part| part.join(name));
    with.chain(on_path).collect()
}
