//! The guides as they are written: fenced blocks, the marks before them, links.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The guides, below the top of the repository.
pub const GUIDES: &[&str] =
    &["docs/codes.md", "docs/DOCKER.md", "docs/KUBERNETES.md", "docs/PROXMOX_GPU_PASSTHROUGH.md"];

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A fenced block.
#[derive(Debug)]
pub struct Block {
    /// Guide and line.
    pub place: String,
    pub language: String,
    /// The comment on the line before it: `run: …` or `file: …`.
    pub mark: Option<String>,
    pub text: String,
}

/// Every block of every guide.
pub fn blocks() -> Vec<Block> {
    GUIDES.iter().flat_map(|guide| blocks_of(guide, &read(guide))).collect()
}

fn blocks_of(guide: &str, text: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<(usize, Block)> = None;
    let mut mark = None;
    for (number, line) in text.lines().enumerate() {
        let place = format!("{guide}:{}", number + 1);
        let (bare, indent) = (line.trim_start(), line.len() - line.trim_start().len());
        match (&mut open, bare.strip_prefix("```")) {
            (Some(_), Some("")) => found.extend(open.take().map(|(_, block)| block)),
            (Some((indent, block)), _) => {
                block.text += line.get(*indent..).unwrap_or(bare);
                block.text.push('\n');
            }
            (None, Some(language)) => {
                let (mark, text) = (mark.take(), String::new());
                open = Some((indent, Block { place, language: language.to_owned(), mark, text }));
            }
            (None, None) if bare.is_empty() => {}
            (None, None) => {
                assert_eq!(mark, None, "{place}: a mark without a block");
                let comment = bare.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->"));
                let comment = comment.filter(|text| text.starts_with("run:") || text.starts_with("file:"));
                mark = comment.map(str::to_owned);
            }
        }
    }
    assert!(open.is_none() && mark.is_none(), "{guide} ends within a block");
    found
}

/// The name under which a heading can be linked to.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    headings.map(|line| anchor(line.trim_start_matches('#').trim_start())).collect()
}

#[test]
fn every_link_leads_somewhere() {
    let mut seen = 0;
    for guide in GUIDES {
        let text = read(guide);
        for link in text.split("](").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)) {
            if link.starts_with("https://") {
                continue;
            }
            let (file, part) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                text.clone()
            } else {
                let path = root().join(guide).parent().unwrap().join(file);
                assert!(path.exists(), "{guide}: {link} is not there");
                if path.is_dir() { String::new() } else { fs::read_to_string(path).unwrap() }
            };
            assert!(part.is_empty() || anchors(&target).contains(part), "{guide}: {link} has no such part");
            seen += 1;
        }
    }
    assert!(seen > 40, "only {seen} links");
}

/// Words in backticks that look like a code or a check are one.
#[test]
fn no_code_is_named_that_does_not_exist() {
    let codes = hwenc::Code::ALL.iter().map(|code| code.as_str());
    let known: BTreeSet<&str> = codes.chain(hwenc::doctor::CHECKS.iter().map(|check| check.id)).collect();
    let families: BTreeSet<&str> = known.iter().filter_map(|name| Some(name.split_once('.')?.0)).collect();
    for guide in GUIDES {
        let mut seen = 0;
        let text = read(guide);
        for word in text.split(['`', '[', ']', ' ']) {
            let Some((family, rest)) = word.split_once('.') else { continue };
            if word == "report.json" {
                continue; // the name of a file
            }
            if families.contains(family) && rest.bytes().all(|b| b == b'_' || b.is_ascii_lowercase()) {
                // A sentence may end with the name of a family.
                assert!(rest.is_empty() || known.contains(word), "{guide}: {word} is no code and no check");
                seen += 1;
            }
        }
        assert!(seen >= 8, "{guide} names only {seen}");
    }
}

/// What the doctor complains of in a container or a virtual machine, a guide has an answer to.
#[test]
fn every_check_of_a_setup_is_answered_in_a_guide() {
    let guides: String = GUIDES[1..].iter().map(|guide| read(guide)).collect();
    // About FFmpeg's age, and about what trials found out: the same everywhere, so docs/codes.md alone has them.
    let anywhere = ["ffmpeg.version", "helper.missing", "driver.crashed", "driver.memory_exhausted"];
    for check in hwenc::doctor::CHECKS {
        let known = anywhere.contains(&check.id) || check.id.starts_with("trial.");
        assert!(known || guides.contains(&format!("`{}`", check.id)), "no guide speaks of {}", check.id);
    }
}
