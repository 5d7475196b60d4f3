//! H.264 through libva: the ffmpeg command encodes on simulated devices, and a decoder in software looks at what came out.

use std::path::Path;
use std::process::{Command, Output};

/// A real film, from which pictures are taken.
const FILM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/media/big_buck_bunny_720p.mp4");

/// Raw NV12 pictures in a file.
struct Source {
    dir: tempfile::TempDir,
    width: usize,
    height: usize,
    rate: u32,
}

fn ran(command: &mut Command) -> Output {
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn ffmpeg() -> Command {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-nostdin", "-y"]);
    command
}

impl Source {
    fn new(width: usize, height: usize, rate: u32, input: &[&str], frames: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = ffmpeg();
        command.args(input).args(["-frames:v", &frames.to_string(), "-an", "-pix_fmt", "nv12"]);
        command
            .args(["-vf", &format!("scale={width}:{height}"), "-f", "rawvideo"])
            .arg(dir.path().join("in"));
        ran(&mut command);
        Self { dir, width, height, rate }
    }

    /// A test pattern that moves.
    fn pattern(width: usize, height: usize, frames: u32) -> Self {
        let input = format!("testsrc2=size={width}x{height}:rate=30");
        Self::new(width, height, 30, &["-f", "lavfi", "-i", &input], frames)
    }

    /// Real pictures, at 30 in a second.
    fn film(frames: u32) -> Self {
        Self::new(640, 360, 30, &["-stream_loop", "-1", "-i", FILM], frames)
    }

    fn raw(&self) -> [String; 7] {
        let size = format!("{}x{}", self.width, self.height);
        ["-f", "rawvideo", "-pix_fmt", "nv12", "-s", &size, "-r"].map(str::to_owned)
    }

    /// Encodes with the ffmpeg command on a simulated device into a file whose name ends like this.
    fn encode(&self, device: &str, engine: &str, options: &str, ending: &str) -> Vec<u8> {
        let out = self.dir.path().join(format!("out.{ending}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_softgpu"));
        command.args(["run", "--device", device, "--engine", engine, "--"]);
        command.args("ffmpeg -v error -nostdin -y -vaapi_device /dev/dri/renderD128".split(' '));
        command.args(self.raw()).arg(self.rate.to_string()).arg("-i").arg(self.dir.path().join("in"));
        command.args("-vf format=nv12,hwupload -c:v h264_vaapi".split(' '));
        command.args(options.split(' ').filter(|option| !option.is_empty())).arg(&out);
        ran(&mut command);
        std::fs::read(out).unwrap()
    }

    /// Decodes what [`encode`](Self::encode) wrote; the decoder must not complain.
    fn decode(&self, ending: &str) -> Vec<u8> {
        let mut command = ffmpeg();
        command.args(["-xerror", "-err_detect", "explode", "-i"]);
        command.arg(self.dir.path().join(format!("out.{ending}")));
        command.args("-f rawvideo -pix_fmt nv12 -fps_mode passthrough -".split(' '));
        let output = ran(&mut command);
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn sent(&self) -> Vec<u8> {
        std::fs::read(self.dir.path().join("in")).unwrap()
    }

    fn picture_bytes(&self) -> usize {
        self.width * self.height * 3 / 2
    }

    /// dB of each picture.
    fn psnr(&self, got: &[u8]) -> Vec<f64> {
        let sent = self.sent();
        assert_eq!(got.len(), sent.len(), "as many pictures come out as went in");
        let size = self.picture_bytes();
        got.chunks_exact(size).zip(sent.chunks_exact(size)).map(|(got, sent)| psnr(got, sent)).collect()
    }
}

fn psnr(got: &[u8], sent: &[u8]) -> f64 {
    let squares: u64 = got.iter().zip(sent).map(|(&got, &sent)| u64::from(got.abs_diff(sent)).pow(2)).sum();
    10.0 * (255.0 * 255.0 * got.len() as f64 / (squares as f64).max(1e-9)).log10()
}

fn probe(path: &Path, entries: &str) -> String {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "error", "-show_entries", entries, "-of", "csv=p=0"]).arg(path);
    String::from_utf8(ran(&mut command).stdout).unwrap().trim().to_owned()
}

#[test]
fn lossless_is_equal_bit_for_bit_whatever_the_structure() {
    let source = Source::pattern(318, 182, 25);
    let sent = source.sent();
    let structures = [
        "-bf 0",
        "-bf 2 -g 12",
        "-bf 3 -b_depth 2",
        "-bf 2 -slices 4",
        "-bf 1 -coder cavlc -slices 3",
        "-profile:v constrained_baseline -bf 0",
        "-profile:v main -rc_mode CBR -b:v 1M",
        "-aud 1 -sei timing+recovery_point -idr_interval 2 -g 5",
    ];
    // All that FFmpeg packs; all but the slice headers; few references.
    for device in ["intel-gen9", "amd-rdna2", "intel-haswell"] {
        for structure in structures {
            source.encode(device, "lossless", structure, "h264");
            assert!(source.decode("h264") == sent, "{device} {structure}");
        }
        // Parameter sets apart from the pictures.
        source.encode(device, "lossless", "-bf 2", "mkv");
        assert!(source.decode("mkv") == sent, "{device}");
    }
    source.encode("intel-gen9", "lossless", "-low_power 1", "h264");
    assert!(source.decode("h264") == sent);
}

#[test]
fn sizes_that_are_no_multiple_of_a_macroblock_are_cropped() {
    for (width, height) in [(638, 358), (1920, 1080), (3840, 2160)] {
        let source = Source::pattern(width, height, 3);
        for (engine, device) in [("lossless", "intel-gen9"), ("x264", "amd-rdna3")] {
            source.encode(device, engine, "-qp 18", "mkv");
            let size = probe(&source.dir.path().join("out.mkv"), "stream=width,height");
            assert_eq!(size, format!("{width},{height}"));
            let worst = source.psnr(&source.decode("mkv")).into_iter().fold(f64::INFINITY, f64::min);
            assert!(
                worst > if engine == "lossless" { 100.0 } else { 35.0 },
                "{width}x{height} {engine}: {worst}"
            );
        }
    }
}

#[test]
fn x264_decodes_well_and_does_not_drift() {
    let source = Source::film(110);
    for device in ["intel-gen9", "amd-rdna2"] {
        for structure in
            ["-bf 0 -g 500", "-bf 2 -g 500", "-bf 3 -b_depth 2 -g 50", "-coder cavlc -slices 3 -g 500"]
        {
            let coded = source.encode(device, "x264", &format!("-qp 20 {structure}"), "h264");
            let psnr = source.psnr(&source.decode("h264"));
            let worst = psnr.iter().copied().fold(f64::INFINITY, f64::min);
            assert!(worst > 40.0, "{device} {structure}: {worst:.1} dB");
            assert!(psnr[100] > psnr[2] - 2.0, "{device} {structure}: {:.1} to {:.1} dB", psnr[2], psnr[100]);
            // Predicted, not intra: those are about 55 kB each.
            assert!(coded.len() < 110 * 20_000, "{device} {structure}: {} bytes", coded.len());
        }
    }
}

#[test]
fn bitrates_are_hit_over_ten_seconds() {
    let source = Source::film(300);
    for (device, mode, bits) in [
        ("intel-gen9", "-rc_mode CBR -b:v 1M", 1e6),
        ("intel-gen9", "-rc_mode VBR -b:v 1M -maxrate 1500k", 1e6),
        ("intel-gen9", "-rc_mode VBR -b:v 400k -maxrate 1M -bf 3 -b_depth 2", 4e5),
        ("amd-rdna2", "-rc_mode CBR -b:v 3M -bf 0 -g 30", 3e6),
        ("amd-rdna2", "-rc_mode VBR -b:v 2M -maxrate 2500k -bf 0", 2e6),
    ] {
        let coded = source.encode(device, "x264", mode, "h264");
        let error = 8.0 * coded.len() as f64 / (10.0 * bits) - 1.0;
        assert!(error.abs() < 0.05, "{device} {mode}: {:+.1} %", 100.0 * error);
    }
}

#[test]
fn quantiser_and_quality_move_the_size_the_right_way() {
    let source = Source::film(30);
    for mode in [
        "-rc_mode CQP -qp",
        "-rc_mode ICQ -global_quality",
        "-rc_mode QVBR -b:v 50M -maxrate 90M -global_quality",
    ] {
        let sizes = [16, 22, 28, 34, 40]
            .map(|quality| source.encode("intel-arc", "x264", &format!("{mode} {quality}"), "h264").len());
        assert!(sizes.windows(2).all(|pair| 5 * pair[1] < 4 * pair[0]), "{mode}: {sizes:?}");
    }
    let free = source.encode("intel-arc", "x264", "-rc_mode ICQ -global_quality 16", "h264").len();
    let bounded = "-rc_mode QVBR -b:v 500k -maxrate 500k -global_quality 16";
    let bounded = source.encode("intel-arc", "x264", bounded, "h264").len();
    assert!(2 * bounded < free, "{bounded} {free}");
}

#[test]
fn the_null_engine_codes_eight_pictures_and_then_next_to_nothing() {
    let source = Source::pattern(640, 360, 40);
    let sent = source.sent();
    let size = source.picture_bytes();
    for device in ["intel-gen9", "amd-rdna2"] {
        let coded = source.encode(device, "null", "-bf 0 -g 500", "h264");
        let got = source.decode("h264");
        assert_eq!(got.len(), sent.len());
        assert!(got[..8 * size] == sent[..8 * size]);
        assert!(got[8 * size..].chunks_exact(size).all(|picture| *picture == sent[7 * size..8 * size]));
        assert!(coded.len() < 9 * (size + 20_000), "{}", coded.len());
    }
}
