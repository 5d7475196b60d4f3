//! Libraries that stand in for a vendor's: broken ones, and ones that do what drivers do at their worst.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// A file in the directory of a row.
pub(crate) struct StandIn {
    pub(crate) name: &'static str,
    pub(crate) what: What,
}

pub(crate) enum What {
    /// These bytes.
    Bytes(&'static str),
    /// A library of this C.
    Source(&'static str),
}

/// A file that is no library.
pub(crate) const fn file(name: &'static str, text: &'static str) -> StandIn {
    StandIn { name, what: What::Bytes(text) }
}

/// A library of this C.
pub(crate) const fn library(name: &'static str, source: &'static str) -> StandIn {
    StandIn { name, what: What::Source(source) }
}

impl StandIn {
    pub(crate) fn make(&self, directory: &Path) {
        let to = directory.join(self.name);
        match self.what {
            What::Bytes(text) => fs::write(to, text).unwrap(),
            What::Source(source) => compile(source, &to),
        }
    }
}

fn compile(source: &str, to: &Path) {
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-O1", "-o"]).arg(to).args(["-x", "c", "-"]);
    let child = compiler.stdin(Stdio::piped()).spawn();
    let mut child = child.expect("a C compiler, which FFmpeg's bindings need as well");
    child.stdin.take().unwrap().write_all(source.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}
