//! Bindings to the installed libva headers: the driver has the table of the version that it is built against.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

const HEADERS: &[&str] = &[
    "va_backend.h",
    "va_backend_vpp.h",
    "va_drmcommon.h",
    "va_vpp.h",
    "va_enc_h264.h",
    "va_enc_hevc.h",
    "va_enc_av1.h",
    "va_enc_vp9.h",
    "va_enc_jpeg.h",
    "va_dec_hevc.h",
    "va_dec_vp9.h",
    "va_dec_av1.h",
    "va_dec_jpeg.h",
];

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let mut includes = String::new();
    for header in HEADERS {
        writeln!(includes, "#include <va/{header}>").expect("a string takes everything");
    }
    let bindings = bindgen::builder()
        .header_contents("headers.h", &includes)
        .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
        .allowlist_type("_?VA.*|drm_state")
        .allowlist_var("VA_.*")
        // Clients send numbers that this header may not know: no Rust enums.
        .default_enum_style(bindgen::EnumVariation::Consts)
        .prepend_enum_name(false)
        .derive_default(true)
        .generate_comments(false)
        .layout_tests(false)
        .generate()
        .expect("the libva headers (libva-dev) are installed");
    let text = bindings.to_string();
    fs::write(out.join("va.rs"), &text).expect("OUT_DIR can be written");

    // libva looks for the function of its own version first, then for older ones.
    let minor = number(&text, "VA_MINOR_VERSION");
    let mut init = String::new();
    for minor in [17, minor] {
        let function = format!(
            "/// libva {minor} and later ones start the driver here.\n///\n/// # Safety\n\
             /// libva calls it, with its own driver context.\n#[unsafe(no_mangle)]\n\
             pub unsafe extern \"C\" fn __vaDriverInit_1_{minor}(ctx: *mut sys::VADriverContext) -> sys::VAStatus {{\n\
             // SAFETY: libva passes its own driver context.\nunsafe {{ driver::init(ctx) }}\n}}\n"
        );
        if !init.contains(&function) {
            init.push_str(&function);
        }
    }
    fs::write(out.join("init.rs"), init).expect("OUT_DIR can be written");

    println!("cargo::rustc-check-cfg=cfg(map_buffer2)");
    if text.contains("vaMapBuffer2") {
        println!("cargo::rustc-cfg=map_buffer2");
    }
    println!("cargo::rerun-if-changed=build.rs");
}

fn number(bindings: &str, name: &str) -> u32 {
    let (_, rest) = bindings.split_once(&format!("pub const {name}: u32 = ")).expect("va_version.h names it");
    let (digits, _) = rest.split_once(';').expect("a constant ends");
    digits.parse().expect("a version is a number")
}
