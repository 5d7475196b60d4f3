//! What a session on a device does, seen from inside the run.

use std::process::ExitCode;

use hwenc::probe::Report;
use hwenc::{
    Code, Codec, Fallback, Latency, Packet, Picture, PixelFormat, RateControl, Request, Result, Session,
};
use libtest_mimic::Trial;

use super::common::pixels::{Memory, Yuv, rgb};
use super::common::{finish, here, judge, receive, release, trusting};
use super::softgpu::{PATIENCE, Ran, Run};

type Case = fn(&[&str]);

/// Cases by name; the words after it are theirs.
const CASES: &[(&str, Case)] = &[
    ("outcome", outcome),
    ("lossless", |_| lossless()),
    ("sizes", |words| sizes(words[0].parse().unwrap())),
    ("upload", |words| upload(words[0])),
    ("rate", |words| rate(words[0].parse().unwrap())),
    ("quantiser", |_| quantiser()),
    ("latency", |_| latency()),
    ("idr", |_| idr()),
    ("settings", |_| settings()),
    ("chosen", |_| chosen()),
    ("many", |_| many()),
    ("device_pictures", |_| device_pictures()),
    ("elsewhere", |_| elsewhere()),
    ("fault", |words| super::faults::inside(words)),
];

/// Runs a case in this process, which is under `softgpu run`.
pub(crate) fn run(case: &str) -> ExitCode {
    let words: Vec<&str> = case.split(' ').collect();
    let (_, case) = CASES.iter().find(|(name, _)| *name == words[0]).expect("a case of this name");
    case(&words[1..]);
    ExitCode::SUCCESS
}

pub(crate) fn trials() -> Vec<Trial> {
    let trial = |name: &str, run: fn() -> Result<Ran, String>| {
        Trial::test(format!("session::{name}"), move || run().map(drop).map_err(Into::into))
    };
    vec![
        trial("lossless_pictures_come_back_bit_for_bit", || arc("lossless", "lossless")),
        trial("sizes_are_cropped_right_in_the_bitstream_h264", || arc("x264", "sizes h264")),
        trial("sizes_are_cropped_right_in_the_bitstream_hevc", || arc("x264", "sizes hevc")),
        trial("sizes_are_cropped_right_in_the_bitstream_av1", || arc("x264", "sizes av1")),
        trial("nv12_is_written_once", || written("nv12")),
        trial("bgra_is_converted_straight_into_the_surface", || written("bgra")),
        trial("rgb24_is_converted_straight_into_the_surface", || written("rgb24")),
        trial("i420_is_joined_straight_into_the_surface", || written("yuv420p")),
        trial("grey_is_written_once", || written("gray")),
        trial("p010_is_written_once", || written("p010le")),
        trial("bit_rates_are_kept_h264", || arc("x264", "rate h264")),
        trial("bit_rates_are_kept_hevc", || arc("x264", "rate hevc")),
        trial("a_higher_quantiser_is_smaller", || arc("x264", "quantiser")),
        trial("low_latency_is_one_in_one_out", || arc("null", "latency")),
        trial("an_idr_comes_where_it_is_asked_for", || arc("x264", "idr")),
        trial("settings_are_read_back", || arc("null", "settings")),
        trial("the_device_is_chosen_before_software", || arc("null", "chosen")),
        trial("many_sessions_at_once", || arc("null", "many")),
        trial("pictures_of_the_device_are_coded_as_they_are", || {
            let ran = arc("lossless", "device_pictures")?;
            Ok(ran)
        }),
        trial("pictures_of_another_device_are_refused", || {
            Run::on("intel-arc,amd-rdna2").engine("null").case("elsewhere", PATIENCE).held()
        }),
    ]
}

fn arc(engine: &'static str, case: &str) -> Result<Ran, String> {
    Run::on("intel-arc").engine(engine).case(case, PATIENCE).held()
}

/// One map for each picture, nothing put, and no byte moved by the driver.
fn written(format: &str) -> Result<Ran, String> {
    let ran = arc("null", &format!("upload {format}"))?;
    let counts = ["image_maps", "put_images", "get_images"].map(|name| ran.count(name));
    match counts == [FRAMES, 0, 0] {
        true => Ok(ran),
        false => Err(format!("maps, put, got: {counts:?} for {FRAMES} pictures")),
    }
}

const FRAMES: u64 = 24;

fn open(request: &Request) -> Session {
    hwenc::log::install();
    let session = trusting(request).and_then(|decision| decision.open());
    session.unwrap_or_else(|error| panic!("{request:?}: {error:?}"))
}

fn request(codec: Codec, width: u32, height: u32) -> Request {
    Request::new(codec, width, height).encoder(format!("{codec}_vaapi"))
}

/// Sends every picture and receives every packet.
fn encode<'a>(session: &mut Session, pictures: impl IntoIterator<Item = Picture<'a>>) -> Vec<Packet> {
    let mut packets = Vec::new();
    for picture in pictures {
        session.send(&picture).unwrap();
        receive(session, &mut packets);
    }
    finish(session, &mut packets);
    packets
}

fn format(depth: u8) -> PixelFormat {
    if depth == 8 { PixelFormat::NV12 } else { PixelFormat::P010 }
}

fn outcome(words: &[&str]) {
    hwenc::log::install();
    let (codec, depth): (Codec, u8) = (words[0].parse().unwrap(), words[1].parse().unwrap());
    // Multiples of 64 in both directions: FFmpeg 5.1 pads to 16 only.
    let (width, height) = (320, 256);
    let request = request(codec, width, height).bit_depth(depth).input(format(depth)).quality(90);
    let session = trusting(&request).and_then(|decision| decision.open());
    let mut session = match session {
        Ok(session) => session,
        Err(error) => {
            let own = error.candidates().iter().find(|c| c.encoder.ends_with("_vaapi"));
            let code = own.map_or(error.code(), |candidate| candidate.reason.code);
            return println!("outcome {code}");
        }
    };
    let films: Vec<Yuv> = (0..12).map(|n| Yuv::moving(width, height, depth, n)).collect();
    let packets = encode(&mut session, films.iter().map(|film| film.picture(format(depth))));
    let decoded = judge::decode(codec, &packets, (width, height), depth);
    assert_eq!(decoded.len(), films.len());
    let worst = films.iter().zip(&decoded).map(|(a, b)| a.psnr(b)).fold(f64::INFINITY, f64::min);
    println!("outcome {worst:.2}");
}

fn lossless() {
    for (b_frames, size) in [(0, (128, 96)), (2, (1280, 720)), (2, (638, 358))] {
        let (width, height) = size;
        let films: Vec<Yuv> = (0..20).map(|n| Yuv::moving(width, height, 8, n)).collect();
        let mut session = open(&request(Codec::H264, width, height).b_frames(b_frames).gop(12));
        let packets = encode(&mut session, films.iter().map(|film| film.picture(PixelFormat::NV12)));
        let decoded = judge::decode(Codec::H264, &packets, size, 8);
        assert!(films == decoded, "pictures of {width}x{height} changed, with {b_frames} B pictures");
    }
}

fn sizes(codec: Codec) {
    if codec == Codec::Av1 && release() < (7, 0) {
        let error = trusting(&request(codec, 638, 358)).unwrap_err();
        let own = error.candidates().iter().find(|c| c.encoder == "av1_vaapi").unwrap();
        return assert_eq!(own.reason.code, Code::EncoderNotCompiled);
    }
    for (width, height) in [(638, 358), (1920, 1080), (3840, 2160)] {
        let mut session = open(&request(codec, width, height).quality(60));
        let film = Yuv::moving(width, height, 8, 0);
        let packets = encode(&mut session, (0..2).map(|_| film.picture(PixelFormat::NV12)));
        let stream = judge::stream(codec, &packets);
        assert_eq!(
            (stream["width"].as_u64(), stream["height"].as_u64()),
            (Some(width.into()), Some(height.into()))
        );
        let decoded = judge::decode(codec, &packets, (width, height), 8);
        assert!(decoded[1].psnr(&film) > 30.0, "{width}x{height}: {} dB", decoded[1].psnr(&film));
    }
}

fn upload(name: &str) {
    let format = PixelFormat::from_name(name).unwrap();
    let (width, height) = (640, 360);
    let (codec, depth) = if format.bit_depth() > 8 { (Codec::Hevc, 10) } else { (Codec::H264, 8) };
    let mut session = open(&request(codec, width, height).bit_depth(depth).input(format));
    let pixels = if format.is_rgb() {
        rgb(format, width, height, |x, y| [x as u8, y as u8, 90])
    } else if format == PixelFormat::GRAY8 {
        vec![90; (width * height) as usize]
    } else {
        Yuv::moving(width, height, depth, 0).bytes(format)
    };
    // Rows as compositors have them.
    let memory = Memory::padded(format, width, height, &pixels, 64, 64);
    let packets = encode(&mut session, (0..FRAMES).map(|_| memory.borrowed()));
    assert_eq!(packets.len() as u64, FRAMES);
    let stats = session.stats();
    let bytes = u64::from(width * height * 3 / 2) * if depth > 8 { 2 } else { 1 };
    assert_eq!((stats.copied_frames, stats.copied_bytes), (FRAMES, FRAMES * bytes));
}

/// Ten seconds within 5 %.
fn rate(codec: Codec) {
    let (width, height, seconds) = (192, 128, 10);
    for rate in [RateControl::Cbr(900_000), RateControl::Vbr(700_000)] {
        let asked = match rate {
            RateControl::Cbr(bits) | RateControl::Vbr(bits) => bits,
            _ => unreachable!(),
        };
        let mut session = open(&request(codec, width, height).fps(30).rate_control(rate).gop(60));
        let films = (0..30 * seconds).map(|n| Yuv::noise(width, height, n).picture(PixelFormat::NV12));
        let packets = encode(&mut session, films);
        let bits = packets.iter().map(|packet| packet.len() as f64 * 8.0).sum::<f64>() / seconds as f64;
        let off = bits / asked as f64 - 1.0;
        println!("{codec} {rate:?}: {bits:.0} bits per second, {:+.1} %", off * 100.0);
        assert!(off.abs() <= 0.05, "{codec} {rate:?}: {bits:.0} bits per second");
    }
}

fn quantiser() {
    let size = |qp: u32| {
        let mut session = open(&request(Codec::H264, 320, 256).rate_control(RateControl::Cqp(qp)));
        let films = (0..12).map(|n| Yuv::noise(320, 256, n).picture(PixelFormat::NV12));
        encode(&mut session, films).iter().map(|packet| packet.len()).sum::<usize>()
    };
    let sizes = [18, 26, 34, 42].map(size);
    assert!(sizes.windows(2).all(|pair| pair[0] > pair[1] * 5 / 4), "{sizes:?}");
}

fn latency() {
    let mut session = open(&request(Codec::H264, 320, 256).latency(Latency::Low));
    let picture = Yuv::moving(320, 256, 8, 0);
    for n in 0..FRAMES {
        let mut packets = Vec::new();
        session.send(&picture.picture(PixelFormat::NV12)).unwrap();
        receive(&mut session, &mut packets);
        assert_eq!(packets.len(), 1, "picture {n}");
        assert_eq!(packets[0].pts(), Some(n as i64));
    }
}

fn idr() {
    for codec in [Codec::H264, Codec::Hevc] {
        let mut session = open(&request(codec, 320, 256).gop(100).latency(Latency::Low));
        let asked = [7, 15];
        let films = (0..20).map(|n| {
            let picture = Yuv::moving(320, 256, 8, n).picture(PixelFormat::NV12);
            if asked.contains(&n) { picture.idr() } else { picture }
        });
        let packets = encode(&mut session, films);
        let idr: Vec<_> =
            (0i64..).zip(&packets).filter(|(_, p)| judge::is_idr(codec, p)).map(|(n, _)| n).collect();
        assert_eq!(idr, [0, 7, 15], "{codec}");
        assert_eq!(session.stats().forced_idr, 2);
        assert_eq!(session.stats().reopened, 0, "the device takes it as it is");
    }
}

fn settings() {
    let session =
        open(&request(Codec::H264, 320, 256).rate_control(RateControl::Cbr(500_000)).gop(33).b_frames(1));
    let applied = session.applied();
    for (name, value) in [("b", "500000"), ("maxrate", "500000"), ("g", "33"), ("bf", "1"), ("rc_mode", "2")]
    {
        // libavcodec prints the number of a named constant; CBR is 2 in every version (vaapi_encode.h, rc_mode).
        assert_eq!(applied.get(name), Some(value), "{name} of {applied}");
    }
    let capped = RateControl::Qvbr { quality: 70, bits: 800_000 };
    let session = open(&request(Codec::H264, 320, 256).rate_control(capped));
    let applied = session.applied();
    // QVBR is 5 in every version.
    for (name, value) in [("rc_mode", "5"), ("maxrate", "800000"), ("global_quality", "21")] {
        assert_eq!(applied.get(name), Some(value), "{name} of {applied}");
    }
    let software = open(&Request::new(Codec::H264, 320, 256).encoder("libx264").rate_control(capped));
    assert_eq!(software.applied().get("maxrate"), Some("800000"), "{}", software.applied());
    let preset = open(&request(Codec::H264, 320, 256).preset("fast"));
    assert_eq!(preset.applied().get("compression_level"), Some("7"));
    let unknown = trusting(&request(Codec::H264, 320, 256).preset("medium")).unwrap().open().err().unwrap();
    assert_eq!(unknown.code(), Code::OptionInvalid);
}

fn chosen() {
    let decision = trusting(&Request::new(Codec::H264, 320, 256).fallback(Fallback::Software)).unwrap();
    let chosen = decision.chosen();
    assert_eq!(
        (chosen.encoder.as_str(), chosen.device.as_deref()),
        ("h264_vaapi", Some("/dev/dri/renderD128"))
    );
    assert!(!decision.fallback_used());
    let session = decision.open().unwrap();
    assert_eq!(session.encoder(), "h264_vaapi");
    let report = here().report().unwrap().clone();
    let driver = report.va_driver("/dev/dri/renderD128".as_ref()).unwrap();
    assert!(driver.vendor.as_deref().unwrap().contains("iHD"), "{driver:?}");
    assert!(driver.entries.iter().any(|e| e.decodes()) && driver.entries.iter().any(|e| e.encodes()));
    super::common::check_report(&report);
    let again = Report::from_json(&report.to_json()).unwrap();
    assert_eq!(again.va, report.va);
}

fn many() {
    let work = || {
        for _ in 0..4 {
            let mut session = open(&request(Codec::H264, 320, 256));
            let picture = Yuv::moving(320, 256, 8, 0);
            let packets = encode(&mut session, (0..FRAMES).map(|_| picture.picture(PixelFormat::NV12)));
            assert_eq!(packets.len() as u64, FRAMES);
        }
    };
    std::thread::scope(|scope| (0..6).for_each(|_| drop(scope.spawn(work))));
}

fn device_pictures() {
    use hwenc::av::{DeviceKind, HwDevice, HwFrames, Options};
    let (width, height) = (640, 360);
    let device = HwDevice::create(DeviceKind::VAAPI, Some("/dev/dri/renderD128"), Options::new()).unwrap();
    let pool = HwFrames::new(&device, PixelFormat::VAAPI, PixelFormat::NV12, width, height, 0).unwrap();
    let films: Vec<Yuv> = (0..8).map(|n| Yuv::moving(width, height, 8, n)).collect();
    let upload = |film: &Yuv| {
        let mut frame = hwenc::av::Frame::picture(PixelFormat::NV12, width, height).unwrap();
        let bytes = film.bytes(PixelFormat::NV12);
        let (luma, chroma) = bytes.split_at((width * height) as usize);
        for (plane, bytes) in [luma, chroma].into_iter().enumerate() {
            let stride = frame.stride(plane) as usize;
            let rows = frame.plane_mut(plane).unwrap().chunks_mut(stride);
            rows.zip(bytes.chunks(width as usize))
                .for_each(|(to, from)| to[..from.len()].copy_from_slice(from));
        }
        pool.upload(&frame).unwrap()
    };
    let first = upload(&films[0]);
    let decision =
        trusting(&request(Codec::H264, width, height).zero_copy(hwenc::ZeroCopy::Require)).unwrap();
    let mut session = decision.open_for(&first).unwrap();
    let mut packets = Vec::new();
    for (n, film) in films.iter().enumerate() {
        let mut frame = upload(film);
        frame.set_pts(Some(n as i64));
        session.send(&frame).unwrap();
        receive(&mut session, &mut packets);
    }
    // In memory it would have to be copied.
    let refused = session.send(&films[0].picture(PixelFormat::NV12)).unwrap_err();
    assert_eq!(refused.code(), Code::CopyRequired);
    finish(&mut session, &mut packets);
    assert_eq!(session.stats().copied_bytes, 0);
    assert!(judge::decode(Codec::H264, &packets, (width, height), 8) == films);
}

fn elsewhere() {
    use hwenc::av::{DeviceKind, HwDevice, HwFrames, Options};
    let device = HwDevice::create(DeviceKind::VAAPI, Some("/dev/dri/renderD129"), Options::new()).unwrap();
    let pool = HwFrames::new(&device, PixelFormat::VAAPI, PixelFormat::NV12, 320, 256, 0).unwrap();
    let other = pool.picture().unwrap();
    let mut session = open(&request(Codec::H264, 320, 256).device("/dev/dri/renderD128"));
    let refused = session.send(&other).unwrap_err();
    assert_eq!(refused.code(), Code::PictureInvalid);
    assert!(refused.to_string().contains("another device"), "{refused}");
    session.send(&Yuv::moving(320, 256, 8, 0).picture(PixelFormat::NV12)).unwrap();
    let software = trusting(&Request::new(Codec::H264, 320, 256).encoder("libx264")).unwrap();
    assert_eq!(software.open_for(&other).err().unwrap().code(), Code::PictureInvalid);
}
