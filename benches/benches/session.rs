//! What a session costs per picture over the bare libavcodec loop, in one process and in alternating blocks.
//!
//! Both code the same tiny picture with the same options, bit for bit; what is left is what hwenc adds. Where an
//! encoder's memory happens to lie changes its speed by as much as that, and so both are opened anew for every round, now
//! the one first and now the other; the interval is over rounds. The control is the same measurement of the bare loop beside itself.
//!
//! `cargo bench -p hwenc-benches --bench session`. Allocations are counted by
//! `cargo test -p hwenc-benches --test allocations`.

use hwenc::{Picture, PixelFormat};
use hwenc_benches::ffi::libav::{BareFrame, BarePool};
use hwenc_benches::paired::{Pair, alternate, report};
use hwenc_benches::tiny;

/// Blocks of each per round, and pictures per block: whole distances between key frames, so that all are the same work.
const BLOCKS: (usize, i64) = (20, tiny::GOP as i64);

fn main() -> hwenc::Result<()> {
    hwenc::log::install(); // or libx264 writes its statistics between the figures
    // Without `--bench` this is `cargo test --benches`: see that it runs, measure nothing.
    let rounds = if std::env::args().any(|arg| arg == "--bench") { 60 } else { 1 };
    report("a frame, stamped in place", rounds, stamped)?;
    report("a shared frame, referred to", rounds, referred)?;
    report("borrowed planes, copied by both", rounds, copied)?;
    report("control: the bare loop beside itself", rounds, control)
}

fn stamped(round: usize) -> hwenc::Result<Pair> {
    let (mut encoder, mut session) = open(round, || Ok(tiny::bare()), || tiny::session(PixelFormat::I420))?;
    let (mut shared, mut frame) = (tiny::bare_frame(), tiny::frame()?);
    let bare = |pts| encoder.encode(&mut shared, pts, discard);
    let ours = |pts| {
        frame.set_pts(Some(pts));
        session
            .send(&mut frame)
            .and_then(|()| tiny::drain(&mut session, discard))
            .expect("a picture is coded");
    };
    Ok(alternate(BLOCKS, bare, ours))
}

fn referred(round: usize) -> hwenc::Result<Pair> {
    let (mut encoder, mut session) = open(round, || Ok(tiny::bare()), || tiny::session(PixelFormat::I420))?;
    let (mut shared, mut frame) = (tiny::bare_frame(), tiny::frame()?);
    let bare = |pts| encoder.encode(&mut shared, pts, discard);
    let ours = |pts| {
        frame.set_pts(Some(pts));
        session.send(&frame).and_then(|()| tiny::drain(&mut session, discard)).expect("a picture is coded");
    };
    Ok(alternate(BLOCKS, bare, ours))
}

fn copied(round: usize) -> hwenc::Result<Pair> {
    let (mut encoder, mut session) = open(round, || Ok(tiny::bare()), || tiny::session(PixelFormat::I420))?;
    let (pixels, pool) = (tiny::pixels(), BarePool::new(tiny::SIDE, tiny::SIDE));
    let mut shell = BareFrame::blank();
    let bare = |pts| {
        shell.fill(&pool, &pixels);
        encoder.encode(&mut shell, pts, discard);
        shell.release();
    };
    let side = tiny::SIDE as usize;
    let (chroma, (y, rest)) = (side * side / 4, pixels.split_at(side * side));
    let planes = [(y, side), (&rest[..chroma], side / 2), (&rest[chroma..], side / 2)];
    let mut picture = Some(Picture::borrowed(PixelFormat::I420, tiny::SIDE, tiny::SIDE, &planes)?);
    let ours = |pts| {
        let lent = picture.take().expect("put back below").pts(pts);
        session.send(&lent).and_then(|()| tiny::drain(&mut session, discard)).expect("a picture is coded");
        picture = Some(lent);
    };
    Ok(alternate(BLOCKS, bare, ours))
}

fn control(round: usize) -> hwenc::Result<Pair> {
    let (mut first, mut second) = open(round, || Ok(tiny::bare()), || Ok(tiny::bare()))?;
    let (mut a, mut b) = (tiny::bare_frame(), tiny::bare_frame());
    let a = |pts| first.encode(&mut a, pts, discard);
    Ok(alternate(BLOCKS, a, |pts| second.encode(&mut b, pts, discard)))
}

/// Opens both, in one order or the other.
fn open<A, B>(
    round: usize,
    a: impl FnOnce() -> hwenc::Result<A>,
    b: impl FnOnce() -> hwenc::Result<B>,
) -> hwenc::Result<(A, B)> {
    if round.is_multiple_of(2) {
        let a = a()?;
        Ok((a, b()?))
    } else {
        let b = b()?;
        Ok((a()?, b))
    }
}

fn discard(bytes: &[u8]) {
    std::hint::black_box(bytes);
}
