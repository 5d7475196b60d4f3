//! `examples/c`: each is built by the line in its head, run, and what it makes is looked at. The programs of `docs/C.md` and the README
//! likewise.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::judge;
use super::programs::{DEVICE, FILM};
use super::tree::{Machine, Tree};

pub(super) fn check(tree: &Tree<'_>) -> Result<()> {
    let place = tree.project.root().join("examples/c");
    for entry in fs::read_dir(&place)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "c") {
            let text = fs::read_to_string(&path)?;
            ensure!(text.lines().count() < 80, "{} is too long to be read in a minute", path.display());
            let line =
                text.lines().find_map(|line| line.strip_prefix(" *   cc ")).context("no line builds it")?;
            tree.build_by_line(&place, &format!("cc {line}"))?;
        }
    }

    page(tree, "docs/C.md", "first")?;
    page(tree, "README.md", "choose")?;
    let sh = &tree.project.sh;
    let (film, stream) = (tree.file("example.mp4")?, tree.file("example.h264")?);
    let report: Value = serde_json::from_str(&run(tree, "encode_film", &[FILM, &film])?)?;
    ensure!(report["frames_out"] == 132 && judge::pictures(sh, &film)? == 132, "{report}");
    let said = run(tree, "frames_to_packets", &[&stream])?;
    ensure!(said.starts_with("50 pictures by ") && judge::pictures(sh, &stream)? == 50, "{said}");
    let said = run(tree, "choose_encoder", &[])?;
    ensure!(said.contains("hevc_vaapi") && said.contains("libx265"), "{said}");
    let answer: Value = serde_json::from_str(&tree.run(DEVICE, &tree.work.join("health"), &[])?)?;
    ensure!(answer["h264"] == json!({ "encoder": "h264_vaapi", "fallback": false }), "{answer}");
    ensure!(answer["ffmpeg"].is_string() && answer["av1"]["fallback"] == true, "{answer}");
    Ok(())
}

fn run(tree: &Tree<'_>, name: &str, arguments: &[&str]) -> Result<String> {
    tree.run(Machine::Here, &tree.work.join(name), arguments)
}

/// The program of a page, which is `name`.c, built as the page says behind it, and run where there is a device.
fn page(tree: &Tree<'_>, page: &str, name: &str) -> Result<()> {
    let text = fs::read_to_string(tree.project.root().join(page))?;
    let block = |text: &str, kind: &str| {
        let (_, rest) = text.split_once(&format!("\n```{kind}\n"))?;
        rest.split_once("\n```").map(|(block, rest)| (block.to_owned(), rest.to_owned()))
    };
    let (program, rest) = block(&text, "c").with_context(|| format!("{page} has no program"))?;
    let (line, _) = block(&rest, "sh").with_context(|| format!("{page} does not say how it is built"))?;
    let place = tree.work.join(format!("page-{name}"));
    fs::create_dir_all(&place)?;
    fs::write(place.join(name).with_extension("c"), program)?;
    tree.build_by_line(&place, &line)?;
    let said = tree.run(DEVICE, &tree.work.join(name), &[])?;
    ensure!(said == "h264_vaapi\n", "{page}: {said}");
    Ok(())
}
