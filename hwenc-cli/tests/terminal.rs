//! What is seen on a terminal: a bar while it works, a line in the end.

mod common;

use std::process::{Command, Stdio};

use common::media::Dir;
use common::{HWENC, Ran, run};

/// Runs `hwenc` on a terminal of 100 columns; everything that it shows.
fn on_a_terminal(dir: &Dir, words: &str) -> Ran {
    let line = format!("stty cols 100 rows 30; '{HWENC}' {words}");
    let mut command = Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).env("TERM", "xterm").env_remove("NO_COLOR");
    run(command.current_dir(dir.path()).stdin(Stdio::null()))
}

#[test]
fn a_bar_shows_how_far_it_is() {
    let dir = Dir::new();
    dir.film(
        "in.mp4",
        "-f lavfi -i testsrc2=s=640x360:r=25:d=6 -c:v libx264 -preset ultrafast -pix_fmt yuv420p",
    );
    let ran = on_a_terminal(&dir, "transcode in.mp4 out.mp4 --encoder libx264 --preset slower").ok();
    for word in [" %  ", " frames, ", " fps, ", "━"] {
        assert!(ran.stdout.contains(word), "no {word:?} in {:?}", ran.stdout);
    }
    let last = ran.stdout.trim_end().rsplit(['\r', '\n']).next().unwrap();
    assert!(last.contains("out.mp4: 150 frames in "), "the bar is gone in the end: {last:?}");

    let ran = on_a_terminal(&dir, "transcode in.mp4 quiet.mp4 --encoder libx264 --preset fast --quiet").ok();
    assert_eq!(ran.stdout, "");
    let ran =
        on_a_terminal(&dir, "transcode in.mp4 report.mp4 --encoder libx264 --preset fast --json 2>/dev/null")
            .ok();
    assert_eq!(ran.json()["frames_out"], 150);
}
