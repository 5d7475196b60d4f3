//! Writes docs/report.schema.json anew, or with `--check` says whether it is what the types say.
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs, io};

fn main() -> io::Result<ExitCode> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/report.schema.json");
    let made = hwenc::probe::schema();
    if !env::args().any(|argument| argument == "--check") {
        fs::write(path, made)?;
    } else if fs::read_to_string(path)? != made {
        eprintln!("docs/report.schema.json is not what the types of the report say");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
