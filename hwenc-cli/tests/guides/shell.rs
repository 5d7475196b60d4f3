//! Commands: those that can run here do, and the others are known for why they cannot.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::page::{Block, blocks, root};
use super::softgpu;

/// Commands that need another machine than the one of a test, and why.
const ELSEWHERE: &[(&str, &[&str])] = &[
    ("a container engine", &["docker", "podman"]),
    ("a cluster", &["kubectl", "helm", "ssh"]),
    ("a Proxmox host", &["pct", "qm", "proxmox-boot-tool", "update-grub"]),
    (
        "it changes the machine",
        &[
            "apt",
            "echo", // into files of the system
            "modprobe",
            "nvidia-ctk",
            "reboot",
            "sed",
            "setsebool",
            "systemctl",
            "udevadm",
            "update-initramfs",
            "usermod",
        ],
    ),
    ("hardware or the kernel's log", &["dmesg", "lspci", "nvidia-smi", "cat", "find"]),
];

/// Options that are agreed on and not in this build yet. They are looked up in the command's own help, so that nothing stays
/// untried once they are there.
const COMING: &[&str] = &[
    "--format",
    "--refresh",
    "--quarantined",
    "--no-isolation",
    "--snippet",
    "--codec",
    "--size",
    "--bit-depth",
];

const COMMANDS: &[&str] = &["probe", "select", "doctor", "transcode"];

/// The shell of a test: hwenc and softgpu are found, and nothing of the machine's own settings counts.
pub fn shell(script: &str, directory: &Path) -> Command {
    let own = Path::new(env!("CARGO_BIN_EXE_hwenc")).parent().unwrap();
    let places = [own.to_owned(), softgpu::program().parent().unwrap().to_owned()];
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(places.into_iter().chain(env::split_paths(&path))).unwrap();
    let mut command = Command::new("timeout");
    // Only what hangs takes so long.
    command.args(["--kill-after=5", "600", "sh", "-c", script]);
    command.current_dir(directory).stdin(Stdio::null()).env("PATH", path).env("LC_ALL", "C");
    command.env("HWENC_CACHE_DIR", directory.join("cache")).env("XDG_CACHE_HOME", directory.join("cache"));
    for name in ["HWENC_HELPER", "HWENC_LOG", "LIBVA_DRIVER_NAME", "LIBVA_DRIVERS_PATH", "ENV"] {
        command.env_remove(name);
    }
    command
}

pub fn directory() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root().join("examples"), directory.path().join("examples")).unwrap();
    directory
}

/// How a block is to be run, as its mark says: `run: softgpu DEVICE…; exit N or M; says TEXT`.
struct Mark {
    /// Arguments of `softgpu run`; none: as the machine is.
    device: Option<String>,
    exits: Vec<i32>,
    says: Vec<String>,
}

impl Mark {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.strip_prefix("run: ")?.split("; ");
        let device = match parts.next()?.split_once(' ') {
            None => None,
            Some(("softgpu", device)) => Some(format!("--device {device}")),
            Some(other) => panic!("{other:?} is no place to run something"),
        };
        let mut mark = Mark { device, exits: Vec::new(), says: Vec::new() };
        for part in parts {
            match part.split_once(' ').unwrap_or_else(|| panic!("{part} says nothing")) {
                ("exit", codes) => {
                    mark.exits = codes.split(" or ").map(|code| code.parse().unwrap()).collect()
                }
                ("says", words) => mark.says.push(words.to_owned()),
                other => panic!("{other:?} is not known in a mark"),
            }
        }
        assert!(!mark.exits.is_empty(), "{text} names no exit status");
        Some(mark)
    }

    /// Runs a script as the mark says and returns what it said.
    fn run(&self, place: &str, script: &str, directory: &Path) -> String {
        let whole = match &self.device {
            None => script.to_owned(),
            Some(device) => format!("softgpu run {device} -- sh -c '{}'", script.replace('\'', r"'\''")),
        };
        let output = shell(&whole, directory).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        let code = output.status.code();
        assert!(
            self.exits.iter().any(|exit| code == Some(*exit)),
            "{place}: {:?} and not {:?}\n{script}\n{said}",
            output.status,
            self.exits
        );
        said.into_owned()
    }
}

/// Commands of a block, each with the output that stands below it.
fn commands(block: &Block) -> Vec<(String, Vec<String>)> {
    let mut found: Vec<(String, Vec<String>)> = Vec::new();
    let mut goes_on = false;
    for line in block.text.lines() {
        if goes_on {
            let (command, _) = found.last_mut().unwrap();
            command.pop();
            command.push_str(line.trim());
        } else if block.language == "console" {
            match line.strip_prefix("$ ") {
                Some(command) => found.push((command.to_owned(), Vec::new())),
                None => found.last_mut().expect("a command before its output").1.push(line.to_owned()),
            }
        } else if !line.trim().is_empty() && !line.trim_start().starts_with('#') {
            found.push((line.trim().to_owned(), Vec::new()));
        }
        goes_on = line.ends_with('\\');
    }
    found
}

fn shell_blocks() -> Vec<Block> {
    let all = blocks();
    for block in &all {
        let known = ["sh", "console", "yaml", "dockerfile", "ini", "text"];
        assert!(known.contains(&&*block.language), "{}: {:?} is no language", block.place, block.language);
        let shell = ["sh", "console"].contains(&&*block.language);
        let run = block.mark.as_deref().is_some_and(|mark| mark.starts_with("run:"));
        assert!(shell || !run, "{}: only commands can be run", block.place);
    }
    all.into_iter().filter(|block| ["sh", "console"].contains(&&*block.language)).collect()
}

/// The calls of hwenc in a script or a command line, as far as the next operator of the shell.
pub fn calls(text: &str) -> Vec<Vec<String>> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let hwenc = |word: &str| {
        let name = word.rsplit('/').next().unwrap_or(word);
        name == "hwenc" || name.starts_with("hwenc:")
    };
    let mut found = Vec::new();
    for (n, pair) in words.windows(2).enumerate() {
        if !hwenc(pair[0].trim_start_matches(['"', '\'', '(', '$'])) || !COMMANDS.contains(&pair[1]) {
            continue;
        }
        let mut call = Vec::new();
        for word in &words[n + 1..] {
            let operator = |c: char| ">|&;)".contains(c);
            if word.starts_with(operator) || *word == "2>&1" {
                break;
            }
            call.push(word.trim_end_matches(operator).trim_matches(['"', '\'']).to_owned());
            if word.ends_with(operator) {
                break;
            }
        }
        found.push(call);
    }
    found
}

/// What a command's help says, asked once.
fn help(command: &str) -> &'static str {
    static HELP: OnceLock<Vec<(&str, String)>> = OnceLock::new();
    let all = HELP.get_or_init(|| {
        let ask = |command: &&'static str| {
            let output =
                Command::new(env!("CARGO_BIN_EXE_hwenc")).args([command, "--help"]).output().unwrap();
            (*command, String::from_utf8(output.stdout).unwrap())
        };
        COMMANDS.iter().map(ask).collect()
    });
    &all.iter().find(|(name, _)| *name == command).unwrap().1
}

/// An option of a call that this build does not have yet.
pub fn coming(call: &[String]) -> Option<&str> {
    let options = call[1..].iter().filter(|word| word.starts_with("--"));
    options.map(|word| &**word).find(|option| !help(&call[0]).contains(*option) && COMING.contains(option))
}

/// A call must at least be understood.
#[track_caller]
pub fn understood(place: &str, call: &[String]) {
    if coming(call).is_some() {
        return;
    }
    let directory = directory();
    let quoted: Vec<_> = call.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
    let script = format!("softgpu run --device intel-arc -- hwenc {}", quoted.join(" "));
    let output = shell(&script, directory.path()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code().unwrap_or_else(|| panic!("{place}: {script}: {}", output.status));
    assert!([0, 1, 3, 4].contains(&code), "{place}: {script} ends with {code}\n{said}");
}

/// A script must be one.
#[track_caller]
pub fn is_shell(place: &str, script: &str) {
    let output = Command::new("sh").args(["-n", "-c", script]).output().unwrap();
    assert!(output.status.success(), "{place}: {}\n{script}", String::from_utf8_lossy(&output.stderr));
}

/// Whether a line has the parts of a pattern in their order; `…` stands for anything.
fn fits(pattern: &str, line: &str) -> bool {
    let mut rest = line;
    pattern.trim().split('…').map(str::trim).all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

#[test]
fn every_command_is_one() {
    for block in shell_blocks() {
        for (command, _) in commands(&block) {
            is_shell(&block.place, &command);
        }
        if block.language == "sh" {
            is_shell(&block.place, &block.text);
        }
    }
}

#[test]
fn commands_that_can_run_here_do_what_the_guide_says() {
    let mut ran = 0;
    for block in shell_blocks() {
        let Some(mark) = block.mark.as_deref().and_then(Mark::parse) else { continue };
        if calls(&block.text).iter().any(|call| coming(call).is_some()) {
            continue;
        }
        let directory = directory();
        let mut said = String::new();
        if block.language == "sh" {
            let strict = if mark.exits == [0] { "set -e\n" } else { "" };
            assert!(mark.exits == [0] || commands(&block).len() == 1, "{}: whose exit status?", block.place);
            said = mark.run(&block.place, &format!("{strict}{}", block.text), directory.path());
        } else {
            for (command, expected) in commands(&block) {
                let output = mark.run(&block.place, &command, directory.path());
                let mut lines = output.lines();
                for pattern in expected.iter().filter(|line| !["", "…"].contains(&line.trim())) {
                    let found = lines.any(|line| fits(pattern, line));
                    assert!(found, "{}: {command} does not say {pattern:?}:\n{output}", block.place);
                }
                said += &output;
            }
        }
        for words in &mark.says {
            assert!(said.contains(words), "{}: it does not say {words:?}:\n{said}", block.place);
        }
        ran += 1;
    }
    assert!(ran >= 12, "only {ran} blocks ran");
}

#[test]
fn commands_that_do_not_run_here_are_known_to_need_another_machine() {
    let known: BTreeSet<&str> = ELSEWHERE.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let mut used = BTreeSet::new();
    for block in shell_blocks().iter().filter(|block| block.mark.is_none()) {
        for (command, _) in commands(block) {
            let mut words = command.split_whitespace().filter(|word| *word != "sudo");
            let first = words.next().unwrap_or_default();
            let name = known.get(first).unwrap_or_else(|| {
                panic!("{}: `{command}` neither runs here nor is known to need another machine", block.place)
            });
            used.insert(*name);
            for call in calls(&command) {
                understood(&block.place, &call);
            }
        }
    }
    assert_eq!(used, known, "the list is longer than the guides need");
}

/// `lxc.idmap` must give each id of the container one of the host, and none twice.
#[test]
fn maps_of_ids_are_complete() {
    let mut maps = 0;
    for block in blocks().iter().filter(|block| block.text.starts_with("lxc.")) {
        for kind in ["u", "g"] {
            let lines = block.text.lines().filter_map(|line| line.strip_prefix("lxc.idmap: "));
            let lines = lines.filter_map(|line| line.strip_prefix(kind));
            let mut next = 0;
            for line in lines {
                let numbers: Vec<u32> = line.split_whitespace().map(|n| n.parse().unwrap()).collect();
                let [inside, outside, count] = numbers[..] else { panic!("{}: {line}", block.place) };
                assert_eq!(inside, next, "{}: {line}", block.place);
                assert!(outside == 100_000 + inside || count == 1, "{}: {line}", block.place);
                next = inside + count;
                maps += 1;
            }
            assert!([0, 65_536].contains(&next), "{}: {kind} ends at {next}", block.place);
        }
    }
    assert!(maps >= 4, "only {maps}");
}
