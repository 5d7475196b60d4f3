//! Building the kernel, once, by tools that only pretend.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Unpacks nothing.
const TAR: &str = "exit 0";
/// Configures what it is asked for, and takes its time to compile a kernel that says how it was called.
const MAKE: &str = r#"
here=${0%/*}
case "$*" in
*allnoconfig*) for word; do case $word in KCONFIG_ALLCONFIG=*) cp "${word#*=}" "$2/.config";; esac; done;;
*) echo compiled >>"$here/log"; sleep 1; test ! -e "$here/broken" || { echo no memory; exit 2; }; echo kernel >"$2/linux";;
esac
"#;

struct Tools(tempfile::TempDir);

impl Tools {
    fn new() -> Self {
        let tools = Self(tempfile::tempdir().expect("a directory"));
        for (name, text) in [("tar", TAR), ("make", MAKE)] {
            let path = tools.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("it can be written");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("it can be run");
        }
        tools
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn cache(&self) -> std::path::PathBuf {
        self.path().join("cache")
    }

    fn build(&self) -> Command {
        let mut build = Command::new(env!("CARGO_BIN_EXE_softgpu"));
        let path = format!("{}:{}", self.path().display(), std::env::var("PATH").expect("there is a PATH"));
        build.arg("kernel").env_remove("SOFTGPU_KERNEL").env("HWENC_CACHE", self.cache()).env("PATH", path);
        build.stdout(Stdio::piped()).stderr(Stdio::piped());
        build
    }

    fn compiled(&self) -> usize {
        fs::read_to_string(self.path().join("log")).unwrap_or_default().lines().count()
    }

    /// What is in the cache beside the lock.
    fn entries(&self) -> usize {
        let entries = fs::read_dir(self.cache().join("kernel")).expect("there is a cache");
        entries.filter(|entry| entry.as_ref().expect("it can be read").file_name() != "lock").count()
    }
}

fn binary(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

#[test]
fn two_at_once_build_one_kernel_and_later_ones_none() {
    let tools = Tools::new();
    let runs = [(); 2].map(|()| tools.build().spawn().expect("softgpu starts"));
    let outputs = runs.map(|run| run.wait_with_output().expect("it ends"));
    let later = tools.build().output().expect("softgpu starts");
    let [one, other] = outputs.each_ref().map(binary);
    assert_eq!((one.as_str(), one.as_str()), (other.as_str(), binary(&later).as_str()));
    assert!(Path::new(&one).starts_with(tools.cache()), "{one}");
    assert_eq!(fs::read_to_string(&one).expect("it is there"), "kernel\n");
    assert_eq!((tools.compiled(), tools.entries()), (1, 1));
    assert!(later.stderr.is_empty(), "{later:?}");
    let said: String = outputs.iter().map(|output| String::from_utf8_lossy(&output.stderr)).collect();
    assert_eq!(said.matches("compiling: done after").count(), 1, "{said}");
}

#[test]
fn a_build_that_fails_says_why_and_leaves_nothing() {
    let tools = Tools::new();
    fs::write(tools.path().join("broken"), "").expect("it can be written");
    // Such as a run that was killed leaves behind.
    fs::create_dir_all(tools.cache().join("kernel/build.old/linux")).expect("it can be made");
    let output = tools.build().output().expect("softgpu starts");
    let said = crate::refusal(&output);
    assert!(said.contains("compiling failed (exit status: 2)") && said.contains("no memory"), "{said}");
    assert_eq!(tools.entries(), 0);
    fs::remove_file(tools.path().join("broken")).expect("it can be removed");
    binary(&tools.build().output().expect("softgpu starts"));
    assert_eq!((tools.compiled(), tools.entries()), (2, 1));
}

#[test]
fn what_is_missing_is_named_with_the_line_that_installs_it() {
    let tools = Tools::new();
    let said = crate::refusal(&tools.build().env("PATH", "/nowhere").output().expect("softgpu starts"));
    let line = "sudo apt-get install -y --no-install-recommends make gcc flex bison bc tar xz-utils";
    assert!(said.contains(line), "{said}");
}
