//! Makes `include/hwenc.h` from the crate's own comments and signatures, or compares it.
//!
//! `cargo run -p hwenc-capi --example generate` writes, `-- --check` compares and exits 1 when it differs.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

const HEADER: &str = "../include/hwenc.h";
/// As in cbindgen.toml.
const WIDTH: usize = 100;

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
    Ok(wrapped(&String::from_utf8(bytes)?))
}

/// Comments as wide as the rest; those that fit take one line.
fn wrapped(header: &str) -> String {
    let mut out = String::new();
    let mut lines = header.lines();
    while let Some(line) = lines.next() {
        let Some(indent) = line.strip_suffix("/**") else {
            out.push_str(line);
            out.push('\n');
            continue;
        };
        let texts = lines.by_ref().map(str::trim).take_while(|line| *line != "*/");
        let texts: Vec<&str> = texts.map(|line| line.trim_start_matches('*').trim()).collect();
        comment(&mut out, indent, &texts.join(" "));
    }
    out
}

fn comment(out: &mut String, indent: &str, text: &str) {
    if indent.len() + text.len() + "/**  */".len() <= WIDTH {
        out.push_str(&format!("{indent}/** {text} */\n"));
        return;
    }
    out.push_str(&format!("{indent}/**"));
    let mut column = WIDTH;
    for word in text.split(' ') {
        if column + 1 + word.len() > WIDTH {
            out.push_str(&format!("\n{indent} *"));
            column = indent.len() + 2;
        }
        out.push_str(&format!(" {word}"));
        column += 1 + word.len();
    }
    out.push_str(&format!("\n{indent} */\n"));
}
