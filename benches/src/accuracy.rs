//! How far a conversion from BGRA to NV12 is from what the recommendation says, computed in floating point.

/// Weights of red and blue, in limited range.
#[derive(Clone, Copy, Debug)]
pub struct Weights(f64, f64);

/// ITU-R BT.709.
pub const BT709: Weights = Weights(0.2126, 0.0722);
/// ITU-R BT.601.
pub const BT601: Weights = Weights(0.299, 0.114);

/// Distance to the exact values, and how often the nearest whole number was missed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Distance {
    /// The largest distance to the nearest whole number.
    pub most: i32,
    /// Share of samples that are not the nearest whole number, 0 to 1.
    pub missed: f64,
    /// Mean of the distance to the exact value, with its sign.
    pub bias: f64,
}

/// Luma and chroma of a picture without padding, beside the exact values: chroma is the mean of four pixels.
pub fn judge(
    bgra: &[u8],
    (width, height): (usize, usize),
    y: &[u8],
    uv: &[u8],
    Weights(kr, kb): Weights,
) -> [Distance; 2] {
    let exact = |[b, g, r]: [f64; 3]| {
        let luma = kr * r + (1.0 - kr - kb) * g + kb * b;
        let (cb, cr) = ((b - luma) / (2.0 * (1.0 - kb)), (r - luma) / (2.0 * (1.0 - kr)));
        [16.0 + 219.0 * luma / 255.0, 128.0 + 224.0 * cb / 255.0, 128.0 + 224.0 * cr / 255.0]
    };
    let pixel = |x: usize, y: usize| [0, 1, 2].map(|channel| f64::from(bgra[(y * width + x) * 4 + channel]));
    let luma = y.iter().enumerate().map(|(i, &value)| (value, exact(pixel(i % width, i / width))[0]));
    let chroma = uv.iter().enumerate().map(|(i, &value)| {
        let (x, row) = (i % width / 2 * 2, i / width * 2);
        let four = [pixel(x, row), pixel(x + 1, row), pixel(x, row + 1), pixel(x + 1, row + 1)];
        let mean = [0, 1, 2].map(|channel| four.iter().map(|p| p[channel]).sum::<f64>() / 4.0);
        (value, exact(mean)[1 + i % 2])
    });
    assert_eq!((y.len(), uv.len()), (width * height, width * height / 2));
    [distance(luma), distance(chroma)]
}

/// Bytes without a pattern, the same ones every time.
pub fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 16) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn distance(values: impl Iterator<Item = (u8, f64)>) -> Distance {
    let (mut sum, mut count) = (Distance::default(), 0.0);
    for (value, exact) in values {
        let off = (i32::from(value) - exact.round() as i32).abs();
        sum.most = sum.most.max(off);
        sum.missed += f64::from(off.min(1));
        sum.bias += f64::from(value) - exact;
        count += 1.0;
    }
    Distance { most: sum.most, missed: sum.missed / count, bias: sum.bias / count }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn primaries_are_those_of_the_recommendation() {
        let red = [0u8, 0, 255, 255].repeat(4);
        let right = judge(&red, (2, 2), &[63; 4], &[102, 240], BT709);
        assert!(right.iter().all(|d| d.most == 0 && d.missed == 0.0), "{right:?}");
        let wrong = judge(&red, (2, 2), &[62, 63, 63, 63], &[102, 238], BT709);
        assert_eq!((wrong[0].missed, wrong[1].most), (0.25, 2));
    }
}
