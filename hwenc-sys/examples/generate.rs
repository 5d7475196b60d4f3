//! Makes the checked-in bindings anew from the system's headers, or compares them.
//!
//! `cargo run -p hwenc-sys --example generate` writes, `-- --check` compares and exits 1 when something
//! differs. The reference is Debian 12: libva 2.17 (libva-dev) and FFmpeg 5.1 (libavutil-dev), read by its
//! libclang. `BINDGEN_EXTRA_CLANG_ARGS=--sysroot=DIR` reads the headers of another system instead.

use std::path::Path;
use std::process::ExitCode;

use bindgen::{Builder, EnumVariation, Formatter};

/// A checked-in file and how it is made. Several builders' output stands in one file, in this order.
struct Target {
    path: &'static str,
    headers: &'static str,
    make: fn() -> Vec<Builder>,
}

const TARGETS: &[Target] = &[
    Target { path: "src/va/generated.rs", headers: "libva's va.h, va_drm.h and va_str.h", make: va },
    Target {
        path: "src/side_data/generated.rs",
        headers: "FFmpeg's libavutil/mastering_display_metadata.h",
        make: side_data,
    },
];

/// What the probe asks of libva, and nothing that draws, decodes or encodes: FFmpeg does that.
const VA_FUNCTIONS: &[&str] = &[
    "vaInitialize",
    "vaTerminate",
    "vaSetDriverName",
    "vaSetInfoCallback",
    "vaSetErrorCallback",
    "vaErrorStr",
    "vaProfileStr",
    "vaEntrypointStr",
    "vaQueryVendorString",
    "vaMaxNumProfiles",
    "vaQueryConfigProfiles",
    "vaMaxNumEntrypoints",
    "vaQueryConfigEntrypoints",
    "vaMaxNumConfigAttributes",
    "vaGetConfigAttributes",
    "vaCreateConfig",
    "vaDestroyConfig",
    "vaQuerySurfaceAttributes",
];

/// The values that those functions take and give.
const VA_CONSTANTS: &[&str] = &[
    "VA_(MAJOR|MINOR)_VERSION",
    "VA_STATUS_.*",
    "VA_INVALID_ID",
    "VA_ATTRIB_NOT_SUPPORTED",
    "VA_RT_FORMAT_.*",
    "VA_RC_.*",
    "VA_ENC_PACKED_HEADER_.*",
    "VA_ENC_SLICE_STRUCTURE_.*",
    "VA_SURFACE_ATTRIB_.*",
    "VA_FOURCC_(NV12|P010|BGRA|BGRX|RGBA|RGBX|AYUV|XYUV|Y410)",
];

/// Their fields are the same in FFmpeg 5.1, 7.1 and 9.
const SIDE_DATA_TYPES: &[&str] = &["AVMasteringDisplayMetadata", "AVContentLightMetadata"];

/// Declared in FFmpeg 5.1 and every later one. `av_mastering_display_metadata_alloc_size` is not (7.1 on).
const SIDE_DATA_FUNCTIONS: &[&str] = &[
    "av_mastering_display_metadata_alloc",
    "av_mastering_display_metadata_create_side_data",
    "av_content_light_metadata_alloc",
    "av_content_light_metadata_create_side_data",
];

fn common(header: &str) -> Builder {
    bindgen::builder()
        .header_contents("headers.h", header)
        // The C names' documentation is in the headers; theirs is another licence.
        .generate_comments(false)
        .disable_header_comment()
        // A driver may answer with a number that this header does not know: no Rust enum.
        .default_enum_style(EnumVariation::NewType { is_bitfield: false, is_global: false })
        .prepend_enum_name(false)
        // Does not depend on the rustfmt at hand.
        .formatter(Formatter::Prettyplease)
}

fn va() -> Vec<Builder> {
    let header = "#include <va/va.h>\n#include <va/va_drm.h>\n#include <va/va_str.h>\n";
    let mut libva = common(header).dynamic_library_name("LibVa");
    for name in VA_FUNCTIONS {
        libva = libva.allowlist_function(name);
    }
    for name in VA_CONSTANTS {
        libva = libva.allowlist_var(name);
    }
    // VADisplay is declared in the same file already.
    let libva_drm = common(header)
        .dynamic_library_name("LibVaDrm")
        .allowlist_function("vaGetDisplayDRM")
        .blocklist_type("VADisplay");
    vec![libva, libva_drm]
}

fn side_data() -> Vec<Builder> {
    let mut builder = common("#include <libavutil/mastering_display_metadata.h>\n")
        // AVFrame and AVRational are ffmpeg-sys-next's, so that values pass between the two crates.
        .allowlist_recursively(false)
        .raw_line("use ffmpeg_sys_next::{AVFrame, AVRational};")
        // FFmpeg may append fields: a copy made here would lose them.
        .derive_copy(false);
    for name in SIDE_DATA_TYPES {
        builder = builder.allowlist_type(name);
    }
    for name in SIDE_DATA_FUNCTIONS {
        builder = builder.allowlist_function(name);
    }
    vec![builder]
}

fn generate(target: &Target) -> Result<String, String> {
    let mut text = format!(
        "// Generated from {} by bindgen: see examples/generate.rs. Do not edit.\n\n",
        target.headers
    );
    for builder in (target.make)() {
        let bindings = builder.generate().map_err(|e| format!("{}: {e}", target.path))?;
        text.push_str(&bindings.to_string());
    }
    Ok(text)
}

/// The number (from 1) of the first line that differs.
fn first_difference(a: &str, b: &str) -> usize {
    a.lines().zip(b.lines()).take_while(|(a, b)| a == b).count() + 1
}

fn write(target: &Target, path: &Path) -> Result<(), String> {
    std::fs::write(path, generate(target)?).map_err(|e| format!("{}: {e}", target.path))
}

fn compare(target: &Target, path: &Path) -> Result<(), String> {
    let present = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", target.path))?;
    let made = generate(target)?;
    if present == made {
        return Ok(());
    }
    let line = first_difference(&present, &made);
    Err(format!(
        "{} differs from {} from line {line} on: run `cargo run -p hwenc-sys --example generate`",
        target.path, target.headers
    ))
}

fn run(act: fn(&Target, &Path) -> Result<(), String>) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let failures: Vec<String> =
        TARGETS.iter().filter_map(|target| act(target, &root.join(target.path)).err()).collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => run(write),
        ["--check"] => run(compare),
        _ => Err("usage: generate [--check]".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
