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

/// What `step` asks for once it runs smoothly.
fn steady(mut step: impl FnMut(i64)) -> Count {
    (0..WARM).for_each(&mut step);
    let before = Count::now();
    (WARM..WARM + COUNTED).for_each(&mut step);
    Count::now().since(before)
}

/// One test, because the count is that of the process: others beside it would be counted too.
#[test]
fn a_session_asks_for_no_memory_of_its_own() {
    hwenc::log::install(); // FFmpeg's lines would be lost among the test's own
    the_count_sees_c_and_rust();

    let mut encoder = tiny::bare();
    let mut shared = tiny::bare_frame();
    let bare = steady(|pts| encoder.encode(&mut shared, pts, |_| ()));
    let mut session = tiny::session(PixelFormat::I420).unwrap();
    let mut frame = tiny::frame().unwrap();
    let ours = steady(|pts| {
        frame.set_pts(Some(pts));
        session.send(&frame).unwrap();
        tiny::drain(&mut session, |_| ()).unwrap();
    });
    compare("frames passed on", ours, bare);

    let (pixels, pool, mut shell) =
        (tiny::pixels(), BarePool::new(tiny::SIDE, tiny::SIDE), BareFrame::blank());
    let mut encoder = tiny::bare();
    let bare = steady(|pts| {
        shell.fill(&pool, &pixels);
        encoder.encode(&mut shell, pts, |_| ());
        shell.release();
    });
    let side = tiny::SIDE as usize;
    let (chroma, (y, rest)) = (side * side / 4, pixels.split_at(side * side));
    let planes = [(y, side), (&rest[..chroma], side / 2), (&rest[chroma..], side / 2)];
    let mut session = tiny::session(PixelFormat::I420).unwrap();
    let mut picture = Some(Picture::borrowed(PixelFormat::I420, tiny::SIDE, tiny::SIDE, &planes).unwrap());
    let ours = steady(|pts| {
        let lent = picture.take().unwrap().pts(pts);
        session.send(&lent).unwrap();
        tiny::drain(&mut session, |_| ()).unwrap();
        picture = Some(lent);
    });
    compare("pictures copied", ours, bare);

    let bgra = vec![90u8; side * side * 4];
    let mut session = tiny::session(PixelFormat::BGRA).unwrap();
    let mut picture =
        Some(Picture::borrowed(PixelFormat::BGRA, tiny::SIDE, tiny::SIDE, &[(&bgra, side * 4)]).unwrap());
    let ours = steady(|pts| {
        let lent = picture.take().unwrap().pts(pts);
        session.send(&lent).unwrap();
        tiny::drain(&mut session, |_| ()).unwrap();
        picture = Some(lent);
    });
    compare("pictures converted", ours, bare);
}

fn compare(what: &str, ours: Count, bare: Count) {
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
