//! Two ways of doing the same, timed in alternating blocks within one process.

use nix::time::{ClockId, clock_gettime};

use crate::stats::{self, Estimate};

/// Nanoseconds per step.
#[derive(Clone, Copy, Debug)]
pub struct Pair {
    /// The one that is measured against.
    pub base: f64,
    /// The one that does more.
    pub ours: f64,
}

/// Runs both in alternating blocks, each of so many steps, and takes the quickest block of each: nothing makes a block
/// quicker than it is. Steps are numbered through.
pub fn alternate(
    (blocks, steps): (usize, i64),
    mut base: impl FnMut(i64),
    mut ours: impl FnMut(i64),
) -> Pair {
    let mut best = Pair { base: f64::INFINITY, ours: f64::INFINITY };
    for block in 0..blocks {
        let range = block as i64 * steps..(block as i64 + 1) * steps;
        // First the one, then the other first: what the one leaves in the caches is the other's as often.
        if block % 2 == 0 {
            best.base = best.base.min(time(range.clone(), &mut base));
        }
        best.ours = best.ours.min(time(range.clone(), &mut ours));
        if block % 2 == 1 {
            best.base = best.base.min(time(range, &mut base));
        }
    }
    best
}

/// CPU time of this process in nanoseconds, to take differences of: other load on the machine counts little in it, and
/// threads of libraries are in it.
pub fn cpu_ns() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID).expect("Linux has this clock");
    time.tv_sec() as f64 * 1e9 + time.tv_nsec() as f64
}

fn time(range: std::ops::Range<i64>, step: &mut impl FnMut(i64)) -> f64 {
    let (start, steps) = (cpu_ns(), (range.end - range.start) as f64);
    range.for_each(step);
    (cpu_ns() - start) / steps
}

/// Prints the median over rounds of what ours takes longer than the base, with its interval. Where memory happens to
/// lie changes speed; a round makes everything anew, at another place.
///
/// # Errors
/// Whatever a round returns.
pub fn report(
    what: &str,
    rounds: usize,
    mut round: impl FnMut(usize) -> hwenc::Result<Pair>,
) -> hwenc::Result<()> {
    let (mut difference, mut base, mut ratio) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..rounds {
        let ballast = vec![0u8; 1 + i * 4160];
        let pair = round(i)?;
        drop(std::hint::black_box(ballast));
        base.push(pair.base);
        difference.push(pair.ours - pair.base);
        ratio.push(pair.ours / pair.base);
    }
    let medians = (stats::median(&difference), stats::median(&base), stats::median(&ratio));
    let (Some(d), Some(b), Some(r)) = medians else { return Ok(()) };
    let Estimate { value, low, high } = d.map(|ns| ns / 1e3);
    print!("{what}: {value:+.3} µs per picture [{low:+.3}, {high:+.3}], over {:.3} µs; ", b.value / 1e3);
    println!("ratio {:.4} [{:.4}, {:.4}]", r.value, r.low, r.high);
    Ok(())
}
