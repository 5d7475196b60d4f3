//! Ratios and medians with their 95 % intervals.

use serde::Serialize;

/// An estimate and its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The estimate itself.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Estimate {
    /// The same in another unit; `to` must rise.
    pub fn map(self, to: impl Fn(f64) -> f64) -> Self {
        Estimate { value: to(self.value), low: to(self.low), high: to(self.high) }
    }
}

/// The ratio of `ours` to `theirs`, which were measured in pairs: geometric mean, and Student's t over the logarithms.
/// Pairs take out what drifts slowly, such as clock speed and other load. `None` below two pairs.
pub fn ratio(ours: &[f64], theirs: &[f64]) -> Option<Estimate> {
    let logs: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| (a / b).ln()).collect();
    let n = logs.len() as f64;
    if logs.len() < 2 {
        return None;
    }
    let mean = logs.iter().sum::<f64>() / n;
    let variance = logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let half = student(logs.len() - 1) * (variance / n).sqrt();
    Some(Estimate { value: mean.exp(), low: (mean - half).exp(), high: (mean + half).exp() })
}

/// The median, and the interval that order statistics give it: no assumption about the noise, which for timings has a
/// long tail upwards. `None` below six values, which have no such interval.
pub fn median(values: &[f64]) -> Option<Estimate> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    if n < 6 {
        return None;
    }
    // The number of values below the true median is binomial with p = 1/2; its normal approximation from 6 on.
    let reach = (n as f64 / 2.0 - 0.98 * (n as f64).sqrt()).floor().max(1.0) as usize - 1;
    let middle = (sorted[(n - 1) / 2] + sorted[n / 2]) / 2.0;
    Some(Estimate { value: middle, low: sorted[reach], high: sorted[n - 1 - reach] })
}

/// The 97.5 % quantile of Student's t.
fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 30] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
        2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048,
        2.045, 2.042,
    ];
    TABLE.get(freedom.wrapping_sub(1)).copied().unwrap_or(1.96 + 2.5 / freedom as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_pairs_have_the_ratio_one() {
        let estimate = ratio(&[1.0, 5.0, 3.0], &[1.0, 5.0, 3.0]).unwrap();
        assert_eq!((estimate.value, estimate.low, estimate.high), (1.0, 1.0, 1.0));
        assert!(ratio(&[1.0], &[1.0]).is_none());
    }

    #[test]
    fn drift_that_both_share_is_taken_out() {
        let estimate = ratio(&[1.01, 2.02, 4.04], &[1.0, 2.0, 4.0]).unwrap();
        assert!((estimate.value - 1.01).abs() < 1e-9 && estimate.high - estimate.low < 1e-9);
    }

    #[test]
    fn the_interval_is_students() {
        // Logarithms 0, 1, 2: mean 1, standard error 1/sqrt(3), t(2) = 4.303.
        let e = std::f64::consts::E;
        let estimate = ratio(&[1.0, e, e * e], &[1.0, 1.0, 1.0]).unwrap();
        assert!((estimate.high.ln() - (1.0 + 4.303 / 3f64.sqrt())).abs() < 1e-9);
    }

    #[test]
    fn medians_have_an_interval_of_their_values() {
        let values: Vec<f64> = (1..=101).map(f64::from).collect();
        let estimate = median(&values).unwrap();
        assert_eq!((estimate.value, estimate.low, estimate.high), (51.0, 40.0, 62.0));
        assert!(median(&values[..5]).is_none());
    }
}
