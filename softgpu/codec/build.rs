//! Bindings to the codecs' own libraries, made from the headers that are installed: their structs change from one release to
//! the next, and a library is only called through those of its own version.

use std::path::{Path, PathBuf};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    bind(&out, "x264", &["x264.h"], &["x264_.*", "X264_.*"], &[]);
    bind(&out, "x265", &["x265.h"], &["x265_.*", "X265_.*"], &[]);
    bind(
        &out,
        "aom",
        &["aom/aom_encoder.h", "aom/aomcx.h"],
        &["aom_.*", "aome_.*", "AOM_.*", "AOME_.*", "AV1E_.*"],
        &[
            "aom_codec_av1_cx",
            "aom_codec_enc_config_default",
            "aom_codec_enc_config_set",
            "aom_codec_enc_init_ver",
            "aom_codec_control",
            "aom_codec_encode",
            "aom_codec_get_cx_data",
            "aom_codec_destroy",
            "aom_img_wrap",
        ],
    );
    bind(
        &out,
        "vpx",
        &["vpx/vpx_encoder.h", "vpx/vp8cx.h"],
        &["vpx_.*", "vp8e?_.*", "vp9_.*", "VPX_.*", "VP8E_.*", "VP9E_.*"],
        &[
            "vpx_codec_vp9_cx",
            "vpx_codec_enc_config_default",
            "vpx_codec_enc_config_set",
            "vpx_codec_enc_init_ver",
            "vpx_codec_control_",
            "vpx_codec_encode",
            "vpx_codec_get_cx_data",
            "vpx_codec_destroy",
            "vpx_img_wrap",
        ],
    );
    println!("cargo::rustc-env=SOFTGPU_VPX_SONAME={}", soname("vpx"));
}

/// The soname of the library that is installed with a package's headers, which do not say it: the link that linkers follow
/// leads to `libNAME.so.MAJOR.…`.
fn soname(name: &str) -> String {
    let link = format!("lib{name}.so");
    let output = std::process::Command::new("cc").arg(format!("-print-file-name={link}")).output();
    let path = String::from_utf8(output.expect("cc is installed").stdout).expect("a path");
    let target = std::fs::canonicalize(path.trim()).unwrap_or_else(|error| {
        panic!("{link}: {error}; install the package that has it (cargo xtask setup)")
    });
    let name = target.file_name().and_then(|name| name.to_str()).expect("a library's name");
    let (stem, version) = name.split_once(".so.").unwrap_or_else(|| panic!("{name} has no version"));
    let major = version.split('.').next().unwrap_or(version);
    format!("{stem}.so.{major}")
}

/// Writes `NAME.rs` with what `patterns` match in `headers`, and `functions` as a struct `Api` that loads a library.
fn bind(out: &Path, name: &str, headers: &[&str], patterns: &[&str], functions: &[&str]) {
    let includes: String = headers.iter().map(|header| format!("#include <{header}>\n")).collect();
    let mut builder = bindgen::Builder::default()
        .header_contents(&format!("{name}-wrapper.h"), &format!("#include <stdint.h>\n{includes}"))
        .layout_tests(false)
        .generate_comments(false)
        .prepend_enum_name(false)
        .derive_default(false)
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()));
    for pattern in patterns {
        builder = builder.allowlist_type(*pattern).allowlist_var(*pattern);
    }
    if !functions.is_empty() {
        // Tables of the library's own, which nobody here reads.
        builder = builder.blocklist_item(".*_algo");
        builder = builder.dynamic_library_name("Api").dynamic_link_require_all(true);
        builder = functions.iter().fold(builder, |builder, function| builder.allowlist_function(function));
    }
    let bindings = builder.generate().unwrap_or_else(|error| {
        panic!("{headers:?}: {error}; install the package that has it (cargo xtask setup)")
    });
    bindings.write_to_file(out.join(format!("{name}.rs"))).expect("OUT_DIR is writable");
}
