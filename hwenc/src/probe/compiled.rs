//! Libraries in C that stand in for a vendor's, compiled by the tests that need them.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Makes a shared library of a source, with further options for the compiler.
pub(super) fn library(source: &str, options: &[&str], to: &Path) {
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC"]).args(options).arg("-o").arg(to).args(["-x", "c", "-"]);
    let child = compiler.stdin(Stdio::piped()).spawn();
    let mut child = child.expect("a C compiler, which FFmpeg's bindings need as well");
    child.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}
