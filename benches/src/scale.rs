//! The quality scale: curves of likeness over CRF, read in both directions.

/// Likeness in dB at a CRF; the better the CRF (the lower), the higher.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// The encoder's constant-rate factor.
    pub crf: f64,
    /// Likeness to the source in dB.
    pub db: f64,
}

/// Measured points of one encoder, in rising order of CRF, likeness never rising with it.
#[derive(Clone, Debug)]
pub struct Curve(Vec<Point>);

impl Curve {
    /// Takes points in any order. Where likeness rises with CRF by a hair (noise of the encoder's own decisions), the
    /// better figure stands for both.
    pub fn new(mut points: Vec<Point>) -> Self {
        points.sort_by(|a, b| a.crf.total_cmp(&b.crf));
        let mut best = f64::NEG_INFINITY;
        for point in points.iter_mut().rev() {
            best = best.max(point.db);
            point.db = best;
        }
        Curve(points)
    }

    /// Likeness at a CRF, in a straight line between the points and level outside of them.
    pub fn db(&self, crf: f64) -> f64 {
        line(self.0.iter().map(|p| (p.crf, p.db)), crf)
    }

    /// The CRF of a likeness; the nearest end where the encoder does not reach it.
    pub fn crf(&self, db: f64) -> f64 {
        line(self.0.iter().rev().map(|p| (p.db, p.crf)), db)
    }
}

/// CRF of the anchor, libx264, at quality 0, 10, … 100: a straight line from 51 through 23 (its own default) at
/// quality 65 (ours) up to 70, and from there another one to 1. The bend lies at 70 because the table has tens.
pub fn anchor() -> [f64; 11] {
    let low = (51.0 - 23.0) / 65.0;
    let bend = 51.0 - 70.0 * low;
    std::array::from_fn(|i| {
        let quality = i as f64 * 10.0;
        if quality <= 70.0 { 51.0 - quality * low } else { bend + (1.0 - bend) * (quality - 70.0) / 30.0 }
    })
}

/// The CRF at any quality from a table of tens, rounded as the session rounds it.
pub fn between(table: &[f64; 11], quality: u8, step: f64) -> f64 {
    let at = f64::from(quality.min(100)) / 10.0;
    let low = (at.floor() as usize).min(9);
    round(table[low] + (table[low + 1] - table[low]) * (at - low as f64), step)
}

/// To the nearest multiple of `step`.
pub fn round(value: f64, step: f64) -> f64 {
    (value / step).round() * step
}

/// `points` rise in x. Between equal x the first wins.
fn line(points: impl Iterator<Item = (f64, f64)>, x: f64) -> f64 {
    let mut before: Option<(f64, f64)> = None;
    for (px, py) in points {
        if x <= px {
            return match before {
                Some((bx, by)) if px > bx => by + (py - by) * (x - bx) / (px - bx),
                _ => py,
            };
        }
        before = Some((px, py));
    }
    before.map_or(f64::NAN, |(_, y)| y)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve() -> Curve {
        Curve::new(vec![
            Point { crf: 40.0, db: 10.0 },
            Point { crf: 0.0, db: 30.0 },
            Point { crf: 20.0, db: 20.0 },
        ])
    }

    #[test]
    fn curves_are_read_in_both_directions() {
        assert_eq!((curve().db(10.0), curve().crf(25.0)), (25.0, 10.0));
        assert_eq!((curve().db(60.0), curve().crf(5.0), curve().crf(99.0)), (10.0, 40.0, 0.0));
    }

    #[test]
    fn a_bump_is_levelled() {
        let bumpy = Curve::new(vec![Point { crf: 1.0, db: 30.0 }, Point { crf: 2.0, db: 31.0 }]);
        assert_eq!((bumpy.db(1.0), bumpy.db(2.0)), (31.0, 31.0));
    }

    #[test]
    fn the_anchor_meets_both_defaults() {
        let table = anchor();
        assert_eq!((table[0], table[10]), (51.0, 1.0));
        assert!((between(&table, 65, 0.1) - 23.0).abs() < 1e-9);
        assert!(table.windows(2).all(|w| w[0] > w[1]));
    }
}
