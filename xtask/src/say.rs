//! What a person reads: step lines, durations, sizes.

use std::time::Duration;

/// Announces a step.
pub(crate) fn step(text: &str) {
    println!("==> {text}");
}

/// Says something about the step that is running.
pub(crate) fn note(text: &str) {
    println!("    {text}");
}

/// A duration at the precision that interests: `0.4 s`, `48 s`, `12 min 05 s`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

/// A size in the unit that fits, decimal as disks and players count.
pub(crate) fn bytes(count: u64) -> String {
    match count {
        0..1_000 => format!("{count} B"),
        1_000..1_000_000 => format!("{:.1} kB", count as f64 / 1e3),
        _ => format!("{:.2} MB", count as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(Duration::from_millis(400)), "0.4 s");
        assert_eq!(duration(Duration::from_millis(9_960)), "10 s");
        assert_eq!(duration(Duration::from_secs(48)), "48 s");
        assert_eq!(duration(Duration::from_secs(725)), "12 min 05 s");
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(12), "12 B");
        assert_eq!(bytes(1_530), "1.5 kB");
        assert_eq!(bytes(2_340_000), "2.34 MB");
    }
}
