//! Bindings to the codecs' own libraries, made from the headers that are installed: their structs change from one release to
//! the next, and a library is only called through those of its own version.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    bind(&out, "x264", "x264.h", &["x264_.*", "X264_.*"]);
    bind(&out, "x265", "x265.h", &["x265_.*", "X265_.*"]);
}

/// Writes `NAME.rs` with what `patterns` match in `header`.
fn bind(out: &Path, name: &str, header: &str, patterns: &[&str]) {
    let mut builder = bindgen::Builder::default()
        .header_contents(&format!("{name}-wrapper.h"), &format!("#include <stdint.h>\n#include <{header}>\n"))
        .layout_tests(false)
        .generate_comments(false)
        .prepend_enum_name(false)
        .derive_default(false)
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()));
    for pattern in patterns {
        builder = builder.allowlist_type(*pattern).allowlist_var(*pattern);
    }
    let bindings = builder.generate().unwrap_or_else(|error| {
        panic!("{header}: {error}; install the package that has it (cargo xtask setup)")
    });
    bindings.write_to_file(out.join(format!("{name}.rs"))).expect("OUT_DIR is writable");
}
