//! How the shared library is linked.

/// The number of the ABI: raised where a program that was built with the last release would no longer work. `cargo xtask abi`
/// compares.
const ABI: u32 = 0;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libhwenc.so.{ABI}");
    // Threads, and callbacks in FFmpeg and libva, may outlive a program's dlclose(): the code has to stay.
    println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
}
