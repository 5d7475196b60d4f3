//! A session asks for no more memory per picture than the bare libavcodec loop does, and Rust's side for none.

mod malloc;

use hwenc::{Picture, PixelFormat};
use hwenc_benches::ffi::libav::{BareFrame, BarePool};
use hwenc_benches::tiny;
use malloc::Count;

/// Pictures before the count begins: pools are filled, the encoder has found its size.
const WARM: i64 = 600;
/// Pictures that are counted: whole distances between key frames, so that both loops do the same.
const COUNTED: i64 = 4 * tiny::GOP as i64;

/// One test, because the count is that of the process: others beside it would be counted too.
#[test]
fn a_session_asks_for_no_memory_of_its_own() {
    hwenc::log::install(); // FFmpeg's lines would be lost among the test's own
    the_count_sees_c_and_rust();
    let side = tiny::SIDE as usize;

    // Frames of a decoder or filter: nothing is copied, and both loops stamp them in place.
    compare("a frame, passed on", bare_passing_on(), session_passing_on());

    // Planes of the caller: the bare loop copies them into a pool as well.
    let bare = bare_copying();
    let pixels = tiny::pixels();
    let (y, chroma) = pixels.split_at(side * side);
    let (u, v) = chroma.split_at(side * side / 4);
    compare(
        "I420, copied",
        bare,
        session_taking(PixelFormat::I420, &[(y, side), (u, side / 2), (v, side / 2)]),
    );
    compare("NV12, split", bare, session_taking(PixelFormat::NV12, &[(y, side), (chroma, side)]));
    let bgra = vec![90u8; side * side * 4];
    compare("BGRA, converted", bare, session_taking(PixelFormat::BGRA, &[(&bgra, side * 4)]));
    // Rows with padding, of which the last has none: the conversion must not read past it.
    let stride = side * 4 + 32;
    let padded = vec![90u8; stride * (side - 1) + side * 4];
    compare("BGRA with padding, converted", bare, session_taking(PixelFormat::BGRA, &[(&padded, stride)]));
}

fn bare_passing_on() -> Count {
    let (mut encoder, mut frame) = (tiny::bare(), tiny::bare_frame());
    steady(|pts| encoder.encode(&mut frame, pts, |_| ()))
}

fn bare_copying() -> Count {
    let (pixels, pool, mut shell) =
        (tiny::pixels(), BarePool::new(tiny::SIDE, tiny::SIDE), BareFrame::blank());
    let mut encoder = tiny::bare();
    steady(|pts| {
        shell.fill(&pool, &pixels);
        encoder.encode(&mut shell, pts, |_| ());
        shell.release();
    })
}

fn session_passing_on() -> Count {
    let (mut session, mut frame) = (tiny::session(PixelFormat::I420).unwrap(), tiny::frame().unwrap());
    frame.set_duration(1);
    steady(|pts| {
        frame.set_pts(Some(pts));
        session.send(&mut frame).unwrap();
        tiny::drain(&mut session, |_| ()).unwrap();
    })
}

fn session_taking(format: PixelFormat, planes: &[(&[u8], usize)]) -> Count {
    // I420 is what it is coded from; the rest must be copied or converted.
    let mut session = tiny::session(PixelFormat::I420).unwrap();
    let mut picture = Some(Picture::borrowed(format, tiny::SIDE, tiny::SIDE, planes).unwrap().duration(1));
    let count = steady(|pts| {
        let lent = picture.take().unwrap().pts(pts);
        session.send(&lent).unwrap();
        tiny::drain(&mut session, |_| ()).unwrap();
        picture = Some(lent);
    });
    assert_eq!(session.stats().copied_frames as i64, WARM + COUNTED);
    count
}

/// What `step` asks for once it runs smoothly.
fn steady(mut step: impl FnMut(i64)) -> Count {
    (0..WARM).for_each(&mut step);
    let before = Count::now();
    (WARM..WARM + COUNTED).for_each(&mut step);
    Count::now().since(before)
}

fn compare(what: &str, bare: Count, ours: Count) {
    let per = |n: u64| n as f64 / COUNTED as f64;
    println!(
        "{what}: session {:.3} per picture, bare loop {:.3}; Rust's {}",
        per(ours.all),
        per(bare.all),
        ours.rust
    );
    assert!(bare.all >= COUNTED as u64, "{what}: libav's own calls are counted");
    assert_eq!(ours.rust, 0, "{what}: Rust's side asks for memory");
    assert_eq!(ours.all, bare.all, "{what}: the session asks for more than the bare loop");
}

/// Without this a count of nothing would pass.
fn the_count_sees_c_and_rust() {
    let before = Count::now();
    let rust = std::hint::black_box(Box::new(7u8));
    assert_eq!(Count::now().since(before), Count { all: 1, rust: 1 });
    let before = Count::now();
    let c = hwenc::av::Packet::empty().unwrap();
    let count = Count::now().since(before);
    assert!(count.all >= 1 && count.rust == 0, "{count:?}");
    drop((rust, c));
}
