//! What a session costs per picture over the bare libavcodec loop, in one process and in alternating blocks.
//!
//! Both code the same tiny picture with the same options, bit for bit; what is left is what hwenc adds. Where an
//! encoder's memory happens to lie changes its speed by more than that, and so both are opened anew for every round;
//! the interval is over rounds. The control is the same measurement of the bare loop beside itself.
//!
//! `cargo bench -p hwenc-benches --bench session`. Allocations are counted by
//! `cargo test -p hwenc-benches --test allocations`.

use hwenc::{Picture, PixelFormat};
use hwenc_benches::ffi::libav::{BareFrame, BarePool};
use hwenc_benches::stats::{self, Estimate};
use hwenc_benches::tiny;
use nix::time::{ClockId, clock_gettime};

/// Pictures per block: whole distances between key frames, so that every block is the same work.
const BLOCK: i64 = tiny::GOP as i64;
/// Blocks of each per round.
const BLOCKS: usize = 20;

fn main() -> hwenc::Result<()> {
    hwenc::log::install(); // or libx264 writes its statistics between the figures
    // Without `--bench` this is `cargo test --benches`: see that it runs, measure nothing.
    let rounds = if std::env::args().any(|arg| arg == "--bench") { 60 } else { 1 };
    report("a frame, passed on", rounds, passed_on)?;
    report("borrowed planes, copied by both", rounds, copied)?;
    report("control: the bare loop beside itself", rounds, control)
}

fn passed_on() -> hwenc::Result<Pair> {
    let (mut encoder, mut shared) = (tiny::bare(), tiny::bare_frame());
    let bare = |pts| encoder.encode(&mut shared, pts, discard);
    let (mut session, mut frame) = (tiny::session(PixelFormat::I420)?, tiny::frame()?);
    let ours = |pts| {
        frame.set_pts(Some(pts));
        session.send(&frame).and_then(|()| tiny::drain(&mut session, discard)).expect("a picture is coded");
    };
    Ok(alternate(bare, ours))
}

fn copied() -> hwenc::Result<Pair> {
    let (pixels, pool) = (tiny::pixels(), BarePool::new(tiny::SIDE, tiny::SIDE));
    let (mut encoder, mut shell) = (tiny::bare(), BareFrame::blank());
    let bare = |pts| {
        shell.fill(&pool, &pixels);
        encoder.encode(&mut shell, pts, discard);
        shell.release();
    };
    let side = tiny::SIDE as usize;
    let (chroma, (y, rest)) = (side * side / 4, pixels.split_at(side * side));
    let planes = [(y, side), (&rest[..chroma], side / 2), (&rest[chroma..], side / 2)];
    let mut session = tiny::session(PixelFormat::I420)?;
    let mut picture = Some(Picture::borrowed(PixelFormat::I420, tiny::SIDE, tiny::SIDE, &planes)?);
    let ours = |pts| {
        let lent = picture.take().expect("put back below").pts(pts);
        session.send(&lent).and_then(|()| tiny::drain(&mut session, discard)).expect("a picture is coded");
        picture = Some(lent);
    };
    Ok(alternate(bare, ours))
}

fn control() -> hwenc::Result<Pair> {
    let (mut first, mut a) = (tiny::bare(), tiny::bare_frame());
    let (mut second, mut b) = (tiny::bare(), tiny::bare_frame());
    Ok(alternate(|pts| first.encode(&mut a, pts, discard), |pts| second.encode(&mut b, pts, discard)))
}

fn discard(bytes: &[u8]) {
    std::hint::black_box(bytes);
}

/// Nanoseconds per picture.
struct Pair {
    bare: f64,
    ours: f64,
}

/// Runs both in alternating blocks; the quickest block of each, for nothing makes a block quicker than it is.
fn alternate(mut bare: impl FnMut(i64), mut ours: impl FnMut(i64)) -> Pair {
    let mut best = Pair { bare: f64::INFINITY, ours: f64::INFINITY };
    for block in 0..BLOCKS {
        let first = block as i64 * BLOCK;
        best.bare = best.bare.min(time(first, &mut bare));
        best.ours = best.ours.min(time(first, &mut ours));
    }
    best
}

/// CPU time per picture of one block, in nanoseconds. The thread's own clock: other load on the machine counts little,
/// and nothing runs on another thread.
fn time(first: i64, step: &mut impl FnMut(i64)) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("Linux has this clock");
        time.tv_sec() as f64 * 1e9 + time.tv_nsec() as f64
    };
    let start = now();
    (first..first + BLOCK).for_each(step);
    (now() - start) / BLOCK as f64
}

fn report(what: &str, rounds: usize, round: fn() -> hwenc::Result<Pair>) -> hwenc::Result<()> {
    let (mut difference, mut base) = (Vec::new(), Vec::new());
    for i in 0..rounds {
        // Moves what is allocated after it to another place in every round.
        let ballast = vec![0u8; 1 + i * 4160];
        let pair = round()?;
        drop(std::hint::black_box(ballast));
        base.push(pair.bare);
        difference.push(pair.ours - pair.bare);
    }
    let (Some(d), Some(b)) = (stats::median(&difference), stats::median(&base)) else { return Ok(()) };
    let Estimate { value, low, high } = d;
    println!(
        "{what}: {value:+.0} ns per picture [{low:+.0}, {high:+.0}], over {:.0} ns of the bare loop",
        b.value
    );
    Ok(())
}
