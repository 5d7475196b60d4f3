//! HEVC, AV1, VP9 and JPEG through libva: the ffmpeg command encodes on simulated devices, decoders in software look at
//! what came out.

use std::process::{Command, Output};

/// A picture size, and how many of 30 in a second.
struct Source {
    dir: tempfile::TempDir,
    size: (usize, usize),
    /// FFmpeg's name of the samples: NV12 or P010.
    format: &'static str,
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

/// FFmpeg has AV1 on VA-API from version 7 on (libavcodec 61).
fn has_av1() -> bool {
    let output = ran(Command::new("ffmpeg").arg("-version"));
    let text = String::from_utf8(output.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with("libavcodec")).expect("it names its libraries");
    let major: u32 = line["libavcodec".len()..].trim().split('.').next().unwrap().trim().parse().unwrap();
    major >= 61
}

impl Source {
    /// A test pattern that moves, with noise that differs from picture to picture.
    fn new(width: usize, height: usize, format: &'static str, frames: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = ffmpeg();
        command.args(["-f", "lavfi", "-i", &format!("testsrc2=size={width}x{height}:rate=30")]);
        command.args([
            "-frames:v",
            &frames.to_string(),
            "-vf",
            &format!("noise=alls=6:allf=t,format={format}"),
        ]);
        ran(command.args(["-f", "rawvideo"]).arg(dir.path().join("in")));
        Self { dir, size: (width, height), format }
    }

    fn encode(&self, device: &str, engine: &str, options: &str, ending: &str) -> u64 {
        let out = self.dir.path().join(format!("out.{ending}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_softgpu"));
        command.args(["run", "--device", device, "--engine", engine, "--"]);
        command.args(
            "ffmpeg -v error -nostdin -y -vaapi_device /dev/dri/renderD128 -f rawvideo -r 30".split(' '),
        );
        command.args(["-pix_fmt", self.format, "-s", &format!("{}x{}", self.size.0, self.size.1), "-i"]);
        command.arg(self.dir.path().join("in")).args(["-vf", "hwupload"]).args(options.split(' ')).arg(&out);
        ran(&mut command);
        out.metadata().unwrap().len()
    }

    /// The lowest PSNR of a picture; the decoder must not complain, and gives as many as were sent.
    fn lowest(&self, ending: &str) -> f64 {
        let mut command = ffmpeg();
        command.args(["-xerror", "-err_detect", "explode", "-i"]);
        command.arg(self.dir.path().join(format!("out.{ending}")));
        if ending == "mjpeg" {
            command.args(["-vf", "scale=out_range=full"]);
        }
        command.args(["-f", "rawvideo", "-pix_fmt", self.format, "-fps_mode", "passthrough", "-"]);
        let output = ran(&mut command);
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        let sent = std::fs::read(self.dir.path().join("in")).unwrap();
        assert_eq!(output.stdout.len(), sent.len(), "as many pictures come out as went in");
        let wide = self.format == "p010";
        let size = self.size.0 * self.size.1 * 3 / 2 * if wide { 2 } else { 1 };
        let pictures = output.stdout.chunks_exact(size).zip(sent.chunks_exact(size));
        pictures.map(|(got, sent)| psnr(got, sent, wide)).fold(f64::INFINITY, f64::min)
    }

    /// Profile, size and samples, as the parameter sets have them.
    fn probe(&self, ending: &str) -> String {
        let mut command = Command::new("ffprobe");
        command.args(["-v", "error", "-select_streams", "v", "-of", "csv=p=0"]);
        command.args(["-show_entries", "stream=profile,width,height,pix_fmt"]);
        let output = ran(command.arg(self.dir.path().join(format!("out.{ending}"))));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

fn psnr(got: &[u8], sent: &[u8], wide: bool) -> f64 {
    let (peak, squares, samples): (f64, f64, usize) = if wide {
        let value = |pair: &[u8; 2]| f64::from(u16::from_le_bytes(*pair) >> 6);
        let pairs = got.as_chunks::<2>().0.iter().zip(sent.as_chunks::<2>().0);
        (1023.0, pairs.map(|(got, sent)| (value(got) - value(sent)).powi(2)).sum(), got.len() / 2)
    } else {
        let bytes = got.iter().zip(sent);
        (255.0, bytes.map(|(&got, &sent)| f64::from(got.abs_diff(sent)).powi(2)).sum(), got.len())
    };
    10.0 * (peak * peak * samples as f64 / squares.max(1e-9)).log10()
}

#[test]
fn hevc_is_cropped_and_keeps_its_depth() {
    // All headers packed, B pictures or P pictures called B; all headers packed, P pictures alone; parameter sets alone.
    for (device, low_power) in [("intel-arc", "-low_power 1 "), ("amd-rdna3", ""), ("amd-rdna2", "")] {
        for (format, profile) in [("nv12", "Main,638,358,yuv420p"), ("p010", "Main 10,638,358,yuv420p10le")] {
            let source = Source::new(638, 358, format, 14);
            source.encode(device, "x264", &format!("-c:v hevc_vaapi {low_power}-qp 18 -g 9"), "mkv");
            assert_eq!(source.probe("mkv"), profile, "{device}");
            let lowest = source.lowest("mkv");
            assert!(lowest > 40.0, "{device} {format}: {lowest}");
        }
    }
}

#[test]
fn hevc_of_large_pictures_is_cropped() {
    for (width, height) in [(1920, 1080), (3840, 2160)] {
        let source = Source::new(width, height, "nv12", 2);
        source.encode("intel-gen9", "x264", "-c:v hevc_vaapi -qp 22", "mp4");
        assert_eq!(source.probe("mp4"), format!("Main,{width},{height},yuv420p"));
        assert!(source.lowest("mp4") > 38.0);
    }
}

#[test]
fn hevc_without_loss_is_as_near_as_x265_comes() {
    let source = Source::new(318, 182, "nv12", 10);
    source.encode("intel-gen9", "lossless", "-c:v hevc_vaapi", "mp4");
    assert!(source.lowest("mp4") > 55.0);
}

#[test]
fn hevc_hits_its_bitrate_over_ten_seconds() {
    let source = Source::new(640, 352, "nv12", 300);
    for rate in ["-rc_mode CBR -b:v 2M", "-rc_mode VBR -b:v 1500k -maxrate 3M"] {
        let size = source.encode("intel-gen9", "x264", &format!("-c:v hevc_vaapi -bf 0 {rate}"), "hevc");
        let wanted = if rate.contains("CBR") { 2_000_000.0 } else { 1_500_000.0 };
        let error = size as f64 * 8.0 / 10.0 / wanted - 1.0;
        assert!(error.abs() < 0.05, "{rate}: {:+.1} %", 100.0 * error);
    }
}

#[test]
fn av1_has_the_clients_headers() {
    if !has_av1() {
        // Nothing that this FFmpeg could ask of the driver.
        let output = ran(Command::new("ffmpeg").args(["-hide_banner", "-encoders"]));
        assert!(!String::from_utf8_lossy(&output.stdout).contains("av1_vaapi"));
        return;
    }
    // B pictures are hidden and shown later on the one, not asked for on the other.
    for (device, options) in [("intel-arc", "-c:v av1_vaapi -low_power 1"), ("amd-rdna3", "-c:v av1_vaapi")] {
        for (format, samples) in [("nv12", "yuv420p"), ("p010", "yuv420p10le")] {
            let source = Source::new(638, 358, format, 14);
            // Which of them keep the sequence header apart from the frames differs.
            for ending in ["mp4", "mkv", "ivf", "obu"] {
                source.encode(device, "x264", &format!("{options} -global_quality 40 -g 9"), ending);
                assert_eq!(source.probe(ending), format!("Main,638,358,{samples}"));
                let lowest = source.lowest(ending);
                assert!(lowest > 40.0, "{device} {format} {ending}: {lowest}");
            }
            source.encode(device, "lossless", options, "ivf");
            assert!(source.lowest("ivf") > 100.0);
        }
    }
    let source = Source::new(638, 358, "nv12", 14);
    let coarse = source.encode("amd-rdna3", "x264", "-c:v av1_vaapi -global_quality 200", "ivf");
    let fine = source.encode("amd-rdna3", "x264", "-c:v av1_vaapi -global_quality 60", "ivf");
    assert!(2 * coarse < fine, "{coarse} {fine}");
}

#[test]
fn vp9_decodes_to_what_was_sent() {
    let source = Source::new(638, 358, "nv12", 14);
    let options = "-c:v vp9_vaapi -low_power 1 -g 9 -global_quality";
    let fine = source.encode("intel-arc", "x264", &format!("{options} 24"), "webm");
    let lowest = source.lowest("webm");
    assert!(lowest > 40.0, "{lowest}");
    let coarse = source.encode("intel-arc", "x264", &format!("{options} 180"), "webm");
    assert!(2 * coarse < fine, "{coarse} {fine}");
}

#[test]
fn jpeg_has_the_clients_tables() {
    for (width, height) in [(638, 358), (1920, 1080)] {
        let source = Source::new(width, height, "nv12", 2);
        let fine = source.encode("intel-gen9", "x264", "-c:v mjpeg_vaapi -global_quality 98", "mjpeg");
        let lowest = source.lowest("mjpeg");
        assert!(lowest > 40.0, "{lowest}");
        let coarse = source.encode("intel-gen9", "x264", "-c:v mjpeg_vaapi -global_quality 30", "mjpeg");
        assert!(2 * coarse < fine, "{coarse} {fine}");
    }
}

#[test]
fn null_streams_decode() {
    let mut clients = vec![
        ("intel-gen9", "-c:v hevc_vaapi", "mp4"),
        ("amd-rdna2", "-c:v hevc_vaapi -g 12", "mp4"),
        ("intel-arc", "-c:v vp9_vaapi -low_power 1", "webm"),
        ("intel-gen9", "-c:v mjpeg_vaapi", "mjpeg"),
    ];
    if has_av1() {
        clients.push(("intel-arc", "-c:v av1_vaapi -low_power 1", "mp4"));
    }
    for (device, options, ending) in clients {
        let source = Source::new(638, 358, "nv12", 40);
        let null = source.encode(device, "null", options, ending);
        assert!(source.lowest(ending) < 40.0);
        let whole = source.encode(device, "x264", options, ending);
        assert!(2 * null < whole, "{options}: {null} {whole}");
    }
}
