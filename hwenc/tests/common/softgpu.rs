//! The `softgpu` command and its drivers, for tests that need a device.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The path of the command. It and the drivers are built when first asked for, into where this program was built.
///
/// # Panics
/// When they do not build.
pub(crate) fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--locked", "--quiet", "--manifest-path"]);
        cargo.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"));
        for package in ["softgpu", "softgpu-va", "softgpu-codec", "softgpu-drm"] {
            cargo.args(["-p", package]);
        }
        if !cfg!(debug_assertions) {
            cargo.arg("--release");
        }
        let built = cargo.output().expect("cargo runs");
        assert!(built.status.success(), "softgpu does not build: {}", String::from_utf8_lossy(&built.stderr));
        // target/debug/deps/vaapi-…
        let here = std::env::current_exe().expect("this program has a path");
        here.ancestors().nth(2).expect("it lies in a target directory").join("softgpu")
    })
}
