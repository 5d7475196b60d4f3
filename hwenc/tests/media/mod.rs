//! Films for the tests, made and judged by the `ffmpeg` and `ffprobe` commands, which share no code of ours.
#![allow(dead_code, unreachable_pub)] // each test file is a crate of its own and uses a part

use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The film that is shipped: 1280x720 H.264 and AAC, 132 pictures at 25 a second.
pub const FILM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/media/big_buck_bunny_720p.mp4");

/// A directory for one test; it goes with everything in it.
pub struct Dir(tempfile::TempDir);

impl Dir {
    pub fn new() -> Self {
        Dir(tempfile::tempdir().unwrap())
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn join(&self, name: impl AsRef<Path>) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file of this content.
    pub fn write(&self, name: impl AsRef<Path>, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// A film that `ffmpeg` makes: words as on its command line, without the output.
    pub fn film(&self, name: impl AsRef<Path>, words: &str) -> PathBuf {
        let path = self.join(name);
        let mut args: Vec<OsString> = words.split_whitespace().map(OsString::from).collect();
        args.push(path.clone().into());
        ffmpeg(args);
        path
    }

    /// Every name below it with its content, hidden ones too.
    pub fn content(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut found = Vec::new();
        let mut left = vec![self.path().to_owned()];
        while let Some(directory) = left.pop() {
            for entry in fs::read_dir(&directory).unwrap() {
                let path = entry.unwrap().path();
                let kind = fs::symlink_metadata(&path).unwrap();
                found.push((path.clone(), kind.is_file().then(|| fs::read(&path).unwrap())));
                if kind.is_dir() {
                    left.push(path);
                }
            }
        }
        found.sort();
        found
    }

    /// The names in it, hidden ones too.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

/// Runs `ffmpeg` and expects it to succeed; its words.
pub fn ffmpeg(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> String {
    let output = command("ffmpeg").args(["-hide_banner", "-nostdin", "-y"]).args(args).output().unwrap();
    assert!(output.status.success(), "{}", said(&output));
    said(&output)
}

/// What `ffprobe` says, as JSON.
pub fn ffprobe(path: &Path, words: &str) -> Value {
    let output = command("ffprobe")
        .args(["-v", "error", "-of", "json"])
        .args(words.split_whitespace())
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn command(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env("SVT_LOG", "1").env("LC_ALL", "C");
    command
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The streams of a file.
pub fn streams(path: &Path) -> Vec<Value> {
    ffprobe(path, "-show_streams")["streams"].as_array().unwrap().clone()
}

/// The first stream of a kind.
pub fn stream(path: &Path, kind: &str) -> Value {
    let all = streams(path);
    all.iter().find(|s| s["codec_type"] == kind).unwrap_or_else(|| panic!("no {kind} in {all:#?}")).clone()
}

/// The pictures of the first video that is no cover, decoded, in the order in which they are shown.
pub fn frames(path: &Path) -> Vec<Value> {
    let all = ffprobe(path, "-select_streams V:0 -show_frames");
    all["frames"].as_array().unwrap().clone()
}

/// How many pictures decode.
pub fn count(path: &Path) -> u64 {
    let all = ffprobe(path, "-select_streams V:0 -count_frames -show_entries stream=nb_read_frames");
    text(&all["streams"][0]["nb_read_frames"]).parse().unwrap()
}

/// When each picture is shown, in seconds.
pub fn times(path: &Path) -> Vec<f64> {
    let all = ffprobe(path, "-select_streams V:0 -show_entries frame=pts_time,best_effort_timestamp_time");
    all["frames"].as_array().unwrap().iter().map(|f| seconds(&f["best_effort_timestamp_time"])).collect()
}

/// Length of a stream from its first timestamp to the end of its last packet, in seconds.
pub fn length(path: &Path, which: &str) -> f64 {
    let words = format!("-select_streams {which} -show_entries packet=pts_time,duration_time");
    let all = ffprobe(path, &words);
    let packets = all["packets"].as_array().unwrap();
    let begin = packets.iter().map(|p| seconds(&p["pts_time"])).fold(f64::MAX, f64::min);
    let end = packets
        .iter()
        .map(|p| seconds(&p["pts_time"]) + seconds(&p["duration_time"]))
        .fold(f64::MIN, f64::max);
    end - begin
}

pub fn seconds(value: &Value) -> f64 {
    text(value).parse().unwrap_or_else(|_| panic!("{value} is no time"))
}

pub fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// A hash of each packet of a stream, without its time.
pub fn packets(path: &Path, which: &str) -> Vec<String> {
    let words = format!("-select_streams {which} -show_data_hash md5 -show_entries packet=data_hash");
    let all = ffprobe(path, &words);
    all["packets"].as_array().unwrap().iter().map(|p| text(&p["data_hash"]).to_owned()).collect()
}

/// Average PSNR in dB of two films of one size, picture by picture.
pub fn psnr(a: &Path, b: &Path) -> f64 {
    psnr_of(a, b, "[0:V]settb=1/25,setpts=N[a];[1:V]settb=1/25,setpts=N[b];[a][b]psnr")
}

/// The same behind filters of one's own.
pub fn psnr_of(a: &Path, b: &Path, graph: &str) -> f64 {
    let said = ffmpeg([
        OsStr::new("-i"),
        a.as_ref(),
        OsStr::new("-i"),
        b.as_ref(),
        OsStr::new("-lavfi"),
        graph.as_ref(),
        OsStr::new("-f"),
        OsStr::new("null"),
        OsStr::new("-"),
    ]);
    let line =
        said.lines().rev().find(|l| l.contains("PSNR") && l.contains("average:")).expect("a line of psnr");
    let value = line.split("average:").nth(1).unwrap().split_whitespace().next().unwrap();
    if value == "inf" { f64::INFINITY } else { value.parse().unwrap() }
}

/// Where the packets of the video lie in a file: position and size.
pub fn places(path: &Path) -> Vec<(usize, usize)> {
    let all = ffprobe(path, "-select_streams V:0 -show_entries packet=pos,size");
    let number = |v: &Value| text(v).parse().unwrap();
    all["packets"].as_array().unwrap().iter().map(|p| (number(&p["pos"]), number(&p["size"]))).collect()
}

/// A copy of a film in which the second half of some pictures, by their place in the file, is overwritten, but at most
/// so many bytes of each.
pub fn damaged(dir: &Dir, name: &str, film: &Path, pictures: &[usize], most: usize) -> PathBuf {
    let mut bytes = fs::read(film).unwrap();
    let places = places(film);
    let mut noise = 1u32;
    for &picture in pictures {
        let (at, size) = places[picture];
        for byte in &mut bytes[at + size / 2..at + size / 2 + most.min(size / 2)] {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = noise.to_be_bytes()[0];
        }
    }
    dir.write(name, bytes)
}
