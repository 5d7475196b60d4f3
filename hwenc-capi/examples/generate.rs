//! Makes `include/hwenc.h` from the crate's own comments and signatures, or compares it.
//!
//! `cargo run -p hwenc-capi --example generate` writes, `-- --check` compares and exits 1 when it differs.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

const HEADER: &str = "../include/hwenc.h";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (path, text) = (root.join(HEADER), header(root)?);
    if !env::args().any(|arg| arg == "--check") {
        fs::write(path, text)?;
    } else if fs::read_to_string(path).ok().as_ref() != Some(&text) {
        eprintln!("include/hwenc.h is not what the crate says; `cargo xtask headers` makes it anew");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn header(root: &Path) -> Result<String, Box<dyn Error>> {
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    config.header = Some(fs::read_to_string(root.join("header.txt"))?.trim_end().to_owned());
    let mut bytes = Vec::new();
    cbindgen::Builder::new()
        .with_src(root.join("src/lib.rs"))
        .with_config(config)
        .generate()?
        .write(&mut bytes);
    Ok(on_one_line(&String::from_utf8(bytes)?))
}

/// Comments of one line take one line.
fn on_one_line(header: &str) -> String {
    let lines: Vec<&str> = header.lines().collect();
    let mut out = String::new();
    let mut at = 0;
    while at < lines.len() {
        let short = match lines[at..] {
            [open, text, close, ..] if open.trim() == "/**" && close.trim() == "*/" => {
                let indent = &open[..open.len() - 3];
                text.trim().strip_prefix("* ").map(|text| format!("{indent}/** {text} */"))
            }
            _ => None,
        };
        at += if short.is_some() { 3 } else { 1 };
        out.push_str(short.as_deref().unwrap_or(lines[at - 1]));
        out.push('\n');
    }
    out
}
