//! The commands of the README do what it says.

#[path = "../../hwenc/tests/common/softgpu.rs"]
mod softgpu;

use std::env;
use std::path::Path;
use std::process::Command;

/// Lines of ```sh blocks that call hwenc or softgpu, with the exit code that stands in their comment.
fn commands(text: &str) -> Vec<(String, i32)> {
    let mut inside = false;
    let mut found = Vec::new();
    for line in text.lines() {
        match line {
            "```sh" => inside = true,
            "```" => inside = false,
            _ if inside && (line.starts_with("hwenc ") || line.starts_with("softgpu ")) => {
                let (command, comment) = line.split_once('#').unwrap_or((line, ""));
                let code = comment.split_whitespace().find_map(|word| word.parse().ok()).unwrap_or(0);
                found.push((command.trim().to_owned(), code));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn commands_run_as_written() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("README.md")).unwrap();
    let commands = commands(&text);
    assert!(commands.len() >= 9, "{commands:?}");
    let own = Path::new(env!("CARGO_BIN_EXE_hwenc")).parent().unwrap();
    let places = [own.to_owned(), softgpu::program().parent().unwrap().to_owned()];
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(places.into_iter().chain(env::split_paths(&path))).unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root.canonicalize().unwrap().join("examples"), dir.path().join("examples"))
        .unwrap();
    for (line, expected) in commands {
        let mut command = Command::new("sh");
        command.args(["-c", &line]).env("PATH", &path).env("HWENC_CACHE_DIR", dir.path().join("cache"));
        let output = command.current_dir(dir.path()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        // What a GPU would change: there may be nothing to complain of.
        let fits = if line.starts_with("hwenc doctor") {
            matches!(output.status.code(), Some(0 | 4))
        } else {
            output.status.code() == Some(expected)
        };
        assert!(fits, "{line}: {:?}\n{said}", output.status);
    }
}
