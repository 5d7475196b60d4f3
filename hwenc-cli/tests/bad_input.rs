//! Every wrong input: a typed error, the contract's exit code, and nothing left behind, not even a hidden file.

mod common;

use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use common::media::{Dir, count, damaged, stream, streams};
use common::{HWENC, Ran, Running, User, call, hwenc, leaves_nothing, open_to_others, quick, refuses, run};

const MOVING: &str = "-f lavfi -i testsrc2=s=320x180:r=25:d=2";
const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p";

/// A film of two seconds with sound, and its index first.
fn film(dir: &Dir, name: &str) -> PathBuf {
    dir.film(name, &format!("{MOVING} -f lavfi -i sine=d=2 {H264} -bf 2 -c:a aac -movflags +faststart"))
}

#[test]
fn sources_that_are_not_there_or_hold_nothing() {
    let dir = Dir::new();
    std::fs::create_dir(dir.join("directory.mp4")).unwrap();
    dir.write("empty.mp4", "");
    refuses(&dir, "missing.mp4 out.mp4", 1, "input.not_found");
    refuses(&dir, "directory.mp4 out.mp4", 1, "input.is_directory");
    refuses(&dir, "directory.mp4/in.mp4 out.mp4", 1, "input.not_found");
    refuses(&dir, "empty.mp4/in.mp4 out.mp4", 1, "input.not_found");
    refuses(&dir, "empty.mp4 out.mp4", 1, "input.empty");
    refuses(&dir, "file:///nowhere/in.mp4 out.mp4", 1, "input.not_found");
    refuses(&dir, "http://127.0.0.1:1/in.mp4 out.mp4", 1, "input.failed");
    refuses(&dir, "nosuch://in.mp4 out.mp4", 1, "input.failed");
}

#[test]
fn sources_that_are_no_films() {
    let dir = Dir::new();
    for (name, content) in [
        ("text.txt", "Once upon a time\nthere was a text.\n".repeat(50)),
        ("text.mp4", "Once upon a time\nthere was a text.\n".repeat(50)),
        ("page.html", "<!doctype html><html><body>not found</body></html>\n".to_owned()),
        ("data.json", "{\"a\": [1, 2, 3]}\n".to_owned()),
        ("byte.mp4", "x".to_owned()),
        ("zeros.mp4", "\0".repeat(100_000)),
    ] {
        dir.write(name, content);
        refuses(&dir, &format!("{name} out.mp4"), 1, "input.not_media");
    }
    std::fs::copy(HWENC, dir.join("program.mp4")).unwrap();
    // FFmpeg may take any bytes for some old sound format; a film they are not.
    let ran = leaves_nothing(&dir, || quick(&dir, "program.mp4 out.mp4"));
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("error[input."), "{}", ran.stderr);
}

#[test]
fn sources_without_a_video() {
    let dir = Dir::new();
    dir.film("sound.mp4", "-f lavfi -i sine=d=1 -c:a aac");
    dir.film("cover.png", "-f lavfi -i testsrc=s=64x64:d=1 -frames:v 1");
    let cover = dir.join("cover.png");
    dir.film(
        "song.mp4",
        &format!("-f lavfi -i sine=d=1 -i {} -c:a aac -c:v png -disposition:v attached_pic", cover.display()),
    );
    dir.write("words.srt", "1\n00:00:00,500 --> 00:00:01,500\nhello\n");
    for name in ["sound.mp4", "song.mp4", "words.srt"] {
        let ran = refuses(&dir, &format!("{name} out.mp4"), 1, "input.no_video");
        assert!(ran.stderr.contains("stream 0: "), "what it holds is said: {}", ran.stderr);
    }
}

#[test]
fn a_source_that_may_not_be_read() {
    let (dir, user) = (Dir::new(), User::new());
    film(&dir, "in.mp4");
    open_to_others(dir.path(), 0o777);
    open_to_others(&dir.join("in.mp4"), 0);
    let command = ["transcode", "in.mp4", "out.mp4", "--encoder", "libx264"];
    let ran = run(user.hwenc(&dir).args(command)).error(1, "input.permission_denied");
    assert!(ran.stderr.contains("errno 13"), "{}", ran.stderr);
    assert_eq!(dir.names(), ["in.mp4"]);
}

#[test]
fn films_that_were_cut() {
    let dir = Dir::new();
    let first = std::fs::read(film(&dir, "first.mp4")).unwrap();
    let last = dir.film("last.mp4", &format!("{MOVING} {H264}"));
    let last = std::fs::read(last).unwrap();
    dir.write("no-index.mp4", &last[..last.len() / 2]);
    dir.write("cut.mp4", &first[..first.len() * 6 / 10]);
    dir.write("nearly.mp4", &first[..first.len() - 1]);
    dir.write("head.mp4", &first[..200]);

    let ran = refuses(&dir, "no-index.mp4 out.mp4", 1, "input.truncated");
    assert!(ran.help().contains("moov"), "{}", ran.stderr);
    // Without the index there is nothing to go on with.
    refuses(&dir, "no-index.mp4 out.mp4 --on-corrupt skip", 1, "input.truncated");
    refuses(&dir, "head.mp4 out.mp4", 1, "input.truncated");
    refuses(&dir, "nearly.mp4 out.mp4", 1, "input.truncated");
    let ran = refuses(&dir, "cut.mp4 out.mp4", 1, "input.truncated");
    assert!(ran.help().contains("--on-corrupt skip"), "{}", ran.stderr);

    let ran = quick(&dir, "cut.mp4 out.mp4 --on-corrupt skip --json").ok();
    let report = ran.json();
    let made = report["frames_out"].as_u64().unwrap();
    assert!((15..45).contains(&made), "{report:#}");
    assert!(report["corrupt_frames"].as_u64().unwrap() > 0, "{report:#}");
    assert_eq!(count(&dir.join("out.mp4")), made);
}

#[test]
fn corrupt_pictures_in_the_middle() {
    let dir = Dir::new();
    let whole = film(&dir, "in.mp4");
    damaged(&dir, "broken.mp4", &whole, &[9, 22, 35], usize::MAX);
    let ran = refuses(&dir, "broken.mp4 out.mp4", 1, "input.corrupt");
    assert!(ran.stderr.contains("near 0.") && ran.help().contains("--on-corrupt skip"), "{}", ran.stderr);
    let ran = quick(&dir, "broken.mp4 out.mp4 --on-corrupt skip --json").ok();
    let report = ran.json();
    let (made, lost) = (report["frames_out"].as_u64().unwrap(), report["corrupt_frames"].as_u64().unwrap());
    assert!(lost >= 2, "{report:#}");
    assert_eq!((count(&dir.join("out.mp4")), made + lost), (made, 50));
    let ran = quick(&dir, "broken.mp4 again.mp4 --on-corrupt skip").ok();
    assert!(ran.stdout.contains(&format!("; {lost} broken pictures left out")), "{}", ran.stdout);
}

#[test]
fn nothing_in_a_film_that_decodes() {
    let dir = Dir::new();
    let whole = film(&dir, "in.mp4");
    let mut bytes = std::fs::read(&whole).unwrap();
    for (at, size) in common::media::places(&whole) {
        bytes[at..at + size].fill(0x55);
    }
    dir.write("broken.mp4", bytes);
    refuses(&dir, "broken.mp4 out.mp4", 1, "input.corrupt");
    refuses(&dir, "broken.mp4 out.mp4 --on-corrupt skip", 1, "input.corrupt");
}

#[test]
fn odd_sizes() {
    let dir = Dir::new();
    dir.film("odd.mkv", "-f lavfi -i testsrc=s=641x271:r=25:d=0.4 -c:v ffv1 -pix_fmt yuv444p");
    let ran = refuses(&dir, "odd.mkv out.mp4", 1, "input.size_unsupported");
    assert!(ran.stderr.contains("640x270 or 642x272") && ran.help().contains("--size"), "{}", ran.stderr);
    let ran = refuses(&dir, "odd.mkv out.mp4 --size 641x271", 2, "request.size_unsupported");
    assert!(ran.stderr.contains("640x270 or 642x272"), "{}", ran.stderr);
    quick(&dir, "odd.mkv out.mp4 --size 642x272").ok();
    let made = stream(&dir.join("out.mp4"), "video");
    assert_eq!((&made["width"], &made["height"]), (&642.into(), &272.into()));
}

#[test]
fn a_result_that_is_the_source() {
    let dir = Dir::new();
    film(&dir, "in.mp4");
    std::fs::create_dir(dir.join("sub")).unwrap();
    symlink("in.mp4", dir.join("soft.mp4")).unwrap();
    symlink(".", dir.join("here")).unwrap();
    std::fs::hard_link(dir.join("in.mp4"), dir.join("hard.mp4")).unwrap();
    refuses(&dir, "in.mp4 in.mp4", 2, "output.same_as_input");
    refuses(&dir, "in.mp4 in.mp4 --overwrite", 2, "output.same_as_input");
    refuses(&dir, "in.mp4 ./in.mp4 --overwrite", 2, "output.same_as_input");
    // These show only when the files are looked at; the code is the same.
    let absolute = dir.join("in.mp4");
    let absolute = absolute.display();
    for output in ["soft.mp4", "hard.mp4", "here/in.mp4", "sub/../in.mp4"] {
        refuses(&dir, &format!("in.mp4 {output} --overwrite"), 2, "output.same_as_input");
        refuses(&dir, &format!("{absolute} {output} --overwrite"), 2, "output.same_as_input");
        refuses(&dir, &format!("file://{absolute} {output} --overwrite"), 2, "output.same_as_input");
    }
    refuses(&dir, "soft.mp4 in.mp4 --overwrite", 2, "output.same_as_input");
}

#[test]
fn places_where_nothing_can_be_written() {
    let (dir, user) = (Dir::new(), User::new());
    film(&dir, "in.mp4");
    std::fs::create_dir(dir.join("directory.mp4")).unwrap();
    std::fs::create_dir(dir.join("closed")).unwrap();
    open_to_others(dir.path(), 0o755);
    open_to_others(&dir.join("in.mp4"), 0o644);
    open_to_others(&dir.join("closed"), 0o555);
    dir.write("file", "");
    symlink("nowhere", dir.join("dangling.mp4")).unwrap();
    refuses(&dir, "in.mp4 directory.mp4", 1, "output.is_directory");
    refuses(&dir, "in.mp4 directory.mp4 --overwrite", 1, "output.is_directory");
    refuses(&dir, "in.mp4 nowhere/out.mp4", 1, "output.no_directory");
    refuses(&dir, "in.mp4 file/out.mp4", 1, "output.no_directory");
    refuses(&dir, "in.mp4 dangling.mp4", 1, "output.exists");
    refuses(&dir, &format!("in.mp4 {}.mp4", "n".repeat(300)), 1, "output.failed");
    let command = ["transcode", "in.mp4", "closed/out.mp4", "--encoder", "libx264"];
    let ran = leaves_nothing(&dir, || run(user.hwenc(&dir).args(command)));
    ran.error(1, "output.permission_denied");
    open_to_others(&dir.join("closed"), 0o755); // or it could not be removed
}

/// Runs a script where a file system of its own may be mounted, as root or as anybody.
fn in_own_mounts(dir: &Dir, script: &str) -> Ran {
    let unshare = |how: &str, words: &[&str]| {
        let mut command = Command::new("unshare");
        command.arg(how).args(words).current_dir(dir.path()).stdin(Stdio::null());
        run(&mut command)
    };
    let how = ["-m", "-Urm"]
        .into_iter()
        .find(|how| unshare(how, &["mount", "-t", "tmpfs", "tmpfs", "/mnt"]).code == 0);
    let how = how.expect("this test needs a mount namespace: root with CAP_SYS_ADMIN, or user namespaces");
    unshare(how, &["sh", "-ec", script, HWENC])
}

#[test]
fn a_disk_that_becomes_full() {
    let dir = Dir::new();
    // Hard to code: far more than fits.
    dir.film(
        "in.mp4",
        "-f lavfi -i testsrc2=s=640x360:r=25:d=4 -vf noise=alls=60:allf=t -c:v libx264 -preset ultrafast",
    );
    std::fs::create_dir(dir.join("disk")).unwrap();
    for words in ["out.mp4", "out.mkv", "out.h264", "out.mp4 --faststart"] {
        let script = format!(
            "mount -t tmpfs -o size=300k tmpfs disk
             code=0; \"$0\" transcode in.mp4 disk/{words} --encoder libx264 --preset ultrafast || code=$?
             ls -A disk; exit $code"
        );
        let ran = leaves_nothing(&dir, || in_own_mounts(&dir, &script)).error(1, "output.disk_full");
        assert_eq!(ran.stdout, "", "{words} left something");
    }
    // The report, too.
    let script = "mount -t tmpfs -o size=4k tmpfs disk; head -c 4096 /dev/zero > disk/full
                  \"$0\" transcode in.mp4 out.mp4 --encoder libx264 --preset ultrafast --report disk/report.json";
    in_own_mounts(&dir, script).error(1, "output.disk_full");
    // A device that is always full.
    symlink("/dev/full", dir.join("full.mkv")).unwrap();
    refuses(&dir, "in.mp4 full.mkv", 1, "output.disk_full");
}

#[test]
fn standard_output_that_is_full_or_closed() {
    let dir = Dir::new();
    for words in [
        "probe",
        "probe --json",
        "select --codec h264 --size 640x360 --fallback software",
        "doctor",
        "--help",
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let child = hwenc(&dir).args(words.split(' ')).stdout(full).stderr(Stdio::piped()).spawn().unwrap();
        Ran::from(child.wait_with_output().unwrap()).error(1, "output.disk_full");

        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader); // it leaves before a word is said
        let child = hwenc(&dir).args(words.split(' ')).stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
        Ran::from(child.wait_with_output().unwrap()).error(1, "output.closed");
    }
}

fn fifo(dir: &Dir, name: &str) -> PathBuf {
    let path = dir.join(name);
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    path
}

#[test]
fn a_pipe_whose_reader_leaves() {
    let dir = Dir::new();
    dir.film(
        "in.mp4",
        "-f lavfi -i testsrc2=s=640x360:r=25:d=4 -vf noise=alls=60:allf=t -c:v libx264 -preset ultrafast",
    );
    let pipe = fifo(&dir, "out.mkv");
    let command = ["transcode", "in.mp4", "out.mkv", "--encoder", "libx264", "--preset", "ultrafast"];
    let running = Running::start(hwenc(&dir).args(command));
    let mut reader = std::fs::File::open(&pipe).unwrap();
    std::io::Read::read_exact(&mut reader, &mut [0; 1000]).unwrap();
    drop(reader);
    running.end().error(1, "output.closed");
    assert_eq!(dir.names(), ["in.mp4", "out.mkv"]);

    // To its end it is fine, and what arrives is a film.
    let running = Running::start(hwenc(&dir).args(command));
    let bytes = std::fs::read(&pipe).unwrap();
    running.end().ok();
    assert_eq!(count(&dir.write("copy.mkv", bytes)), 100);

    std::fs::rename(pipe, dir.join("out.mp4")).unwrap();
    let ran = refuses(&dir, "in.mp4 out.mp4", 1, "output.failed");
    assert!(ran.help().contains(".mkv"), "MP4 cannot go into a pipe: {}", ran.stderr);
}

#[test]
fn a_film_from_a_pipe() {
    let dir = Dir::new();
    let film = dir.film("in.mkv", &format!("{MOVING} {H264}"));
    let pipe = fifo(&dir, "pipe");
    let running = Running::start(hwenc(&dir).args(["transcode", "pipe", "out.mp4", "--encoder", "libx264"]));
    std::fs::write(&pipe, std::fs::read(film).unwrap()).unwrap();
    running.end().ok();
    assert_eq!(count(&dir.join("out.mp4")), 50);

    // How large it will be is not known.
    let command = ["transcode", "pipe", "gate.mp4", "--encoder", "libx264", "--max-size-ratio", "0.9"];
    let running = Running::start(hwenc(&dir).args(command));
    let mut writer = std::fs::OpenOptions::new().write(true).open(&pipe).unwrap();
    let _ = std::io::Write::write_all(&mut writer, &std::fs::read(dir.join("in.mkv")).unwrap()); // it may leave early
    drop(writer);
    running.end().error(1, "input.failed");
}

#[test]
fn words_that_the_arguments_alone_show_to_be_wrong() {
    let dir = Dir::new();
    film(&dir, "in.mp4");
    for (words, code) in [
        ("in.mp4 out.mp4 --codec theora", "request.invalid"),
        ("in.mp4 out.mp4 --encoder nosuch", "request.unknown_encoder"),
        ("in.mp4 out.mp4 --fallback nosuch", "request.unknown_encoder"),
        ("in.mp4 out.mp4 --encoder libx265 --codec h264", "request.codec_mismatch"),
        ("in.mp4 out.mp4 -o nosuch=1 --fallback software", "option.unknown"),
        ("in.mp4 out.mp4 -o nosuch=1 --encoder libx264", "option.unknown"),
        ("in.mp4 out.mp4 -o crf=nosuch --encoder libx264", "option.invalid_value"),
        ("in.mp4 out.mp4 -o tune=nosuch --encoder libx264", "option.invalid_value"),
        ("in.mp4 out.mp4 -o crf", "usage"),
        ("in.mp4 out.mp4 --preset nosuch --encoder libx264", "option.invalid_value"),
        ("in.mp4 out.mp4 --preset nosuch --encoder libx265", "option.invalid_value"),
        ("in.mp4 out.mp4 --preset nosuch --encoder libsvtav1", "option.invalid_value"),
        ("in.mp4 out.mp4 --quality 101", "request.invalid"),
        ("in.mp4 out.mp4 --quality 1000", "request.invalid"),
        ("in.mp4 out.mp4 --quality -1", "request.invalid"),
        ("in.mp4 out.mp4 --quality good", "request.invalid"),
        ("in.mp4 out.mp4 --qp 52", "request.invalid"),
        ("in.mp4 out.mp4 --bitrate 0", "request.invalid"),
        ("in.mp4 out.mp4 --bitrate 4Q", "request.invalid"),
        ("in.mp4 out.mp4 --bitrate 9999G", "request.invalid"),
        ("in.mp4 out.mp4 --cbr", "usage"),
        ("in.mp4 out.mp4 --qp 20 --quality 50", "usage"),
        ("in.mp4 out.mp4 --bit-depth 9", "request.invalid"),
        ("in.mp4 out.mp4 --gop 0", "request.invalid"),
        ("in.mp4 out.mp4 --threads 4000000000", "request.invalid"),
        ("in.mp4 out.mp4 --size 20000x20000", "request.invalid"),
        ("in.mp4 out.mp4 --size 0x0", "request.invalid"),
        ("in.mp4 out.mp4 --size big", "request.invalid"),
        ("in.mp4 out.mp4 --zero-copy perhaps", "request.invalid"),
        ("in.mp4 out.mp4 --on-corrupt perhaps", "request.invalid"),
        ("in.mp4 out.mp4 --max-size-ratio 0", "request.invalid"),
        ("in.mp4 out.mp4 --max-size-ratio nan", "request.invalid"),
        ("in.mp4 out.avi", "output.unknown_container"),
        ("in.mp4 out", "output.unknown_container"),
        ("in.mp4 out.h264 --codec hevc", "output.unsupported_codec"),
        ("in.mp4 out.ivf --encoder libx264", "output.unsupported_codec"),
        ("in.mp4 out.mp4 --nosuch", "usage"),
        ("in.mp4 out.mp4 third.mp4", "usage"),
        ("in.mp4 out.mp4 --quiet --verbose", "usage"),
        ("in.mp4", "usage"),
        ("", "usage"),
    ] {
        let ran = leaves_nothing(&dir, || call(&dir, &format!("transcode {words}"))).error(2, code);
        assert_eq!(ran.stdout, "", "{words}");
        assert!(ran.stderr.lines().count() <= 4, "{words}: {}", ran.stderr);
        let ran = call(&dir, &format!("transcode --json {words}")).error(2, code);
        let error = ran.json();
        assert_eq!(error["code"], code, "{words}");
        for key in ["message", "evidence", "remedy"] {
            assert!(error.get(key).is_some(), "{words}: {error}");
        }
    }
    // Missing files do not matter where the words alone are wrong.
    refuses(&dir, "missing.mp4 out.avi", 2, "output.unknown_container");
}

#[test]
fn help_and_version() {
    let dir = Dir::new();
    for (words, first) in [
        ("--help", "Find, choose and use"),
        ("-h", "Find, choose and use"),
        ("help transcode", "Encode a file again"),
        ("transcode --help", "Encode a file again"),
        ("--version", concat!("hwenc ", env!("CARGO_PKG_VERSION"), "\n")),
    ] {
        let ran = call(&dir, words).ok();
        assert!(ran.stdout.starts_with(first), "{words}: {}", ran.stdout);
        assert_eq!(ran.stderr, "", "{words}");
    }
    let ran = call(&dir, "");
    assert_eq!((ran.code, &*ran.stdout), (2, ""));
    assert!(ran.stderr.contains("Usage: hwenc <COMMAND>"), "{}", ran.stderr);
    call(&dir, "nosuch").error(2, "usage");
}

#[test]
fn a_container_that_cannot_hold_the_sound_says_what_became_of_it() {
    let dir = Dir::new();
    dir.film("in.mkv", &format!("{MOVING} -f lavfi -i sine=d=2 {H264} -c:a wavpack"));
    let ran = quick(&dir, "in.mkv out.mp4").ok();
    assert!(ran.stdout.contains("mp4 files cannot hold wavpack; it became AAC"), "{}", ran.stdout);
    assert_eq!(streams(&dir.join("out.mp4")).len(), 2);
}
