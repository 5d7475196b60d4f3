//! Pictures to encode, in every format, and the distance between two.

use hwenc::{Picture, PixelFormat};

/// A 4:2:0 picture in the samples' own numbers.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Yuv {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) depth: u8,
    /// Y, Cb and Cr.
    pub(crate) planes: [Vec<u16>; 3],
}

impl Yuv {
    /// A picture from a function of plane, column and row.
    pub(crate) fn new(width: u32, height: u32, depth: u8, sample: impl Fn(usize, u32, u32) -> u16) -> Self {
        let plane = |plane: usize| {
            let (w, h) = if plane == 0 { (width, height) } else { (width / 2, height / 2) };
            (0..h).flat_map(|y| (0..w).map(move |x| (x, y))).map(|(x, y)| sample(plane, x, y)).collect()
        };
        Yuv { width, height, depth, planes: [plane(0), plane(1), plane(2)] }
    }

    /// Picture `n` of a film in which everything moves, within the limited range.
    pub(crate) fn moving(width: u32, height: u32, depth: u8, n: i64) -> Self {
        let n = n as u32;
        let wave = |t: u32| (t % 128).min(127 - t % 128); // 0 to 63 and back
        Yuv::new(width, height, depth, |plane, x, y| {
            let value = match plane {
                0 if (x + 4 * n) % 96 < 16 && (y + 2 * n) % 96 < 16 => 220,
                0 => 40 + wave(x + 3 * n) + wave(2 * y + n),
                1 => 90 + wave(x + y + 2 * n),
                _ => 100 + wave(2 * x + n),
            };
            // At 10 bit the low bits move too.
            if depth == 8 { value as u16 } else { (value * 4 + (x + n) % 4) as u16 }
        })
    }

    /// Picture `n` of a film of coarse noise on a slow pan: hard to code at any rate.
    pub(crate) fn noise(width: u32, height: u32, n: i64) -> Self {
        Yuv::new(width, height, 8, |plane, x, y| {
            let (x, y) = ((x + 2 * n as u32) / 4, y / 4);
            let mut hash = x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ (plane as u32) << 13;
            hash ^= (n as u32 / 8).wrapping_mul(0xC2B2_AE3D);
            hash = (hash ^ hash >> 15).wrapping_mul(0x2C1B_3C6D);
            64 + (hash >> 16) as u16 % 128
        })
    }

    /// The picture in memory without padding.
    pub(crate) fn bytes(&self, format: PixelFormat) -> Vec<u8> {
        assert_eq!(self.depth, format.bit_depth(), "{format}");
        let [y, u, v] = &self.planes;
        let both: Vec<u16> = u.iter().zip(v).flat_map(|(u, v)| [*u, *v]).collect();
        let planes: &[&Vec<u16>] = if format.planes() == 2 { &[y, &both] } else { &[y, u, v] };
        let shift = if format == PixelFormat::P010 { 6 } else { 0 };
        let samples = planes.iter().flat_map(|p| p.iter().map(|s| s << shift));
        if self.depth == 8 {
            samples.map(|s| s as u8).collect()
        } else {
            samples.flat_map(u16::to_le_bytes).collect()
        }
    }

    /// The picture as one that the session keeps, without padding.
    pub(crate) fn picture(&self, format: PixelFormat) -> Picture<'static> {
        Memory::tight(format, self.width, self.height, &self.bytes(format)).owned()
    }

    /// The pictures of a decoded stream.
    pub(crate) fn read(bytes: &[u8], width: u32, height: u32, depth: u8) -> Vec<Yuv> {
        let samples: Vec<u16> = if depth == 8 {
            bytes.iter().map(|b| u16::from(*b)).collect()
        } else {
            bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect()
        };
        let (luma, chroma) = ((width * height) as usize, (width / 2 * (height / 2)) as usize);
        assert_eq!(samples.len() % (luma + 2 * chroma), 0, "the decoded pictures have another size");
        let picture = |s: &[u16]| {
            let (y, rest) = s.split_at(luma);
            let (u, v) = rest.split_at(chroma);
            Yuv { width, height, depth, planes: [y.to_vec(), u.to_vec(), v.to_vec()] }
        };
        samples.chunks_exact(luma + 2 * chroma).map(picture).collect()
    }

    /// Luma PSNR in dB.
    pub(crate) fn psnr(&self, other: &Yuv) -> f64 {
        let square = |(a, b): (&u16, &u16)| f64::from(a.abs_diff(*b)).powi(2);
        let error: f64 = self.planes[0].iter().zip(&other.planes[0]).map(square).sum();
        let peak = f64::from((1u32 << self.depth) - 1);
        10.0 * (peak * peak * self.planes[0].len() as f64 / error).log10()
    }

    /// The largest difference of any two samples of a plane.
    pub(crate) fn distance(&self, other: &Yuv, plane: usize) -> u16 {
        self.planes[plane].iter().zip(&other.planes[plane]).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
    }
}

/// Pixels in memory as a caller may have them.
pub(crate) struct Memory {
    pub(crate) format: PixelFormat,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: Vec<u8>,
    /// Where each plane begins, and its stride.
    pub(crate) planes: Vec<(usize, usize)>,
}

impl Memory {
    /// Planes one after the other, rows without padding.
    pub(crate) fn tight(format: PixelFormat, width: u32, height: u32, pixels: &[u8]) -> Self {
        Self::padded(format, width, height, pixels, 0, 0)
    }

    /// Every row followed by `padding` bytes but the last of each plane, which is followed by `after`.
    pub(crate) fn padded(
        format: PixelFormat,
        width: u32,
        height: u32,
        pixels: &[u8],
        padding: usize,
        after: usize,
    ) -> Self {
        let (mut bytes, mut planes, mut rest) = (Vec::new(), Vec::new(), pixels);
        for (row, rows) in shape(format, width, height) {
            planes.push((bytes.len(), row + padding));
            for y in 0..rows {
                let (pixels, others) = rest.split_at(row);
                bytes.extend_from_slice(pixels);
                bytes.resize(bytes.len() + if y + 1 < rows { padding } else { after }, 0xA5);
                rest = others;
            }
        }
        assert!(rest.is_empty(), "{width}x{height} {format} has fewer bytes");
        bytes.shrink_to_fit();
        Memory { format, width, height, bytes, planes }
    }

    /// A picture that the session keeps.
    pub(crate) fn owned(self) -> Picture<'static> {
        Picture::owned(self.format, self.width, self.height, self.bytes, &self.planes).unwrap()
    }

    /// A picture that is only lent, each plane no longer than it has to be.
    pub(crate) fn borrowed(&self) -> Picture<'_> {
        let ends = self.planes.iter().skip(1).map(|p| p.0).chain([self.bytes.len()]);
        let planes: Vec<(&[u8], usize)> =
            self.planes.iter().zip(ends).map(|(&(at, stride), end)| (&self.bytes[at..end], stride)).collect();
        Picture::borrowed(self.format, self.width, self.height, &planes).unwrap()
    }
}

/// Bytes in a row and number of rows, for each plane.
pub(crate) fn shape(format: PixelFormat, width: u32, height: u32) -> Vec<(usize, usize)> {
    let (w, h) = (width as usize, height as usize);
    match format.name() {
        "nv12" => vec![(w, h), (w, h / 2)],
        "p010le" => vec![(2 * w, h), (2 * w, h / 2)],
        "yuv420p" => vec![(w, h), (w / 2, h / 2), (w / 2, h / 2)],
        "yuv420p10le" => vec![(2 * w, h), (w, h / 2), (w, h / 2)],
        "bgra" | "rgba" | "bgr0" | "rgb0" | "argb" | "0rgb" | "abgr" | "0bgr" => vec![(4 * w, h)],
        "bgr24" | "rgb24" => vec![(3 * w, h)],
        "gray" => vec![(w, h)],
        "yuv444p" => vec![(w, h); 3],
        other => panic!("no shape for {other}"),
    }
}

/// An RGB picture in one of the packed layouts; what is no colour is no valid alpha on purpose.
pub(crate) fn rgb(
    format: PixelFormat,
    width: u32,
    height: u32,
    pixel: impl Fn(u32, u32) -> [u8; 3],
) -> Vec<u8> {
    let mut bytes = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let [r, g, b] = pixel(x, y);
            match format.name() {
                "rgb24" => bytes.extend([r, g, b]),
                "bgr24" => bytes.extend([b, g, r]),
                "rgba" | "rgb0" => bytes.extend([r, g, b, 7]),
                "argb" | "0rgb" => bytes.extend([7, r, g, b]),
                "abgr" | "0bgr" => bytes.extend([7, b, g, r]),
                _ => bytes.extend([b, g, r, 7]),
            }
        }
    }
    bytes
}
