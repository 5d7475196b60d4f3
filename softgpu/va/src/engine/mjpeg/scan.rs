//! The coded data of a baseline scan (ITU-T T.81, annexes A and F).

use std::sync::OnceLock;

use super::header::{Header, Huffman, ZIGZAG};
use crate::failure::{Failure, Outcome};
use crate::plane::{Format, Planes};

/// Entropy-coded segments: bits with a zero byte after each 0xff (F.1.2.3).
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits<'_> {
    fn put(&mut self, value: u32, count: u32) {
        self.pending = self.pending << count | value & ((1 << count) - 1);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.pending >> self.count) as u8;
            self.out.push(byte);
            if byte == 0xff {
                self.out.push(0);
            }
        }
    }

    /// Ends a segment with ones.
    fn flush(&mut self) {
        if self.count > 0 {
            self.put(0x7f, 8 - self.count);
        }
        self.pending = 0;
    }

    fn symbol(&mut self, table: &Huffman, symbol: usize) -> Outcome {
        let (code, length) = table.codes[symbol];
        if length == 0 {
            return Err(Failure::parameter(format!("the Huffman table has no code for {symbol:#x}")));
        }
        self.put(code.into(), length.into());
        Ok(())
    }

    /// The bits of a number after its category (F.1.2.1): a negative one less 1.
    fn number(&mut self, value: i32, category: u32) {
        let value = if value < 0 { value - 1 } else { value };
        self.put(value.cast_unsigned(), category);
    }
}

fn category(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

/// Cosines of the transform (A.3.3), with its factors: by frequency, then by place.
fn cosines() -> &'static [[f32; 8]; 8] {
    static COSINES: OnceLock<[[f32; 8]; 8]> = OnceLock::new();
    COSINES.get_or_init(|| {
        std::array::from_fn(|frequency| {
            std::array::from_fn(|place| {
                let factor = if frequency == 0 { 0.5f32.sqrt() } else { 1.0 } / 2.0;
                let angle = (2 * place + 1) as f32 * frequency as f32 * std::f32::consts::PI / 16.0;
                factor * angle.cos()
            })
        })
    })
}

/// The transform of a block, quantised, in zigzag order.
fn transform(samples: &[f32; 64], quantizer: &[u16; 64]) -> [i32; 64] {
    let cosines = cosines();
    let mut rows = [0.0; 64];
    for (from, to) in samples.as_chunks::<8>().0.iter().zip(rows.as_chunks_mut::<8>().0) {
        for (to, cosines) in to.iter_mut().zip(cosines) {
            *to = from.iter().zip(cosines).map(|(sample, cosine)| sample * cosine).sum();
        }
    }
    std::array::from_fn(|at| {
        let (v, u) = (usize::from(ZIGZAG[at]) / 8, usize::from(ZIGZAG[at]) % 8);
        let value: f32 = (0..8).map(|y| rows[8 * y + u] * cosines[v][y]).sum();
        (value / f32::from(quantizer[at].max(1))).round() as i32
    })
}

/// Where a component's samples are: plane, first byte, and bytes from one sample to the next.
fn place(format: Format, component: usize) -> Option<(usize, usize, usize)> {
    Some(match (format, component) {
        (Format::Nv12, 0) | (Format::I420 | Format::Yv12 | Format::I444 | Format::Y800, 0) => (0, 0, 1),
        (Format::Nv12, 1 | 2) => (1, component - 1, 2),
        (Format::I420 | Format::I444, 1 | 2) => (component, 0, 1),
        (Format::Yv12, 1 | 2) => (3 - component, 0, 1),
        (Format::Yuy2, 0) => (0, 0, 2),
        (Format::Yuy2, 1 | 2) => (0, 2 * component - 1, 4),
        (Format::Uyvy, 0) => (0, 1, 2),
        (Format::Uyvy, 1 | 2) => (0, 2 * component - 2, 4),
        _ => return None,
    })
}

/// How many samples of luma one of chroma covers, across and down.
pub(super) fn sampling(format: Format) -> Option<(u8, u8)> {
    match format {
        Format::Nv12 | Format::I420 | Format::Yv12 => Some((2, 2)),
        Format::Yuy2 | Format::Uyvy => Some((2, 1)),
        Format::I444 | Format::Y800 => Some((1, 1)),
        _ => None,
    }
}

/// A block of a component whose first sample is at (`x`, `y`); beyond the component's `size` the last ones repeat.
fn block(
    source: &Planes<'_>,
    component: usize,
    (x, y): (usize, usize),
    (width, height): (usize, usize),
) -> Option<[f32; 64]> {
    let (plane, first, step) = place(source.format, component)?;
    let mut samples = [0.0; 64];
    for (row, samples) in samples.as_chunks_mut::<8>().0.iter_mut().enumerate() {
        let row = source.row(plane, (y + row).min(height - 1))?;
        for (column, sample) in samples.iter_mut().enumerate() {
            *sample = f32::from(*row.get(first + step * (x + column).min(width - 1))?) - 128.0;
        }
    }
    Some(samples)
}

/// Appends the scan of a picture. Grey, where there is no source.
pub(super) fn code(header: &Header, source: Option<&Planes<'_>>, out: &mut Vec<u8>) -> Outcome {
    let most = header.components.iter().fold((1, 1), |most: (usize, usize), component| {
        (most.0.max(component.sampling.0), most.1.max(component.sampling.1))
    });
    // A scan of one component has blocks for MCUs, whatever its sampling is (A.2.2).
    let single = header.components.len() == 1;
    let mcu = if single { (8, 8) } else { (8 * most.0, 8 * most.1) };
    let (columns, rows) = (header.width.div_ceil(mcu.0), header.height.div_ceil(mcu.1));
    let mut bits = Bits { out, pending: 0, count: 0 };
    let mut predictions = [0; 4];
    for at in 0..columns * rows {
        if header.restart > 0 && at > 0 && at % header.restart == 0 {
            bits.flush();
            bits.out.extend([0xff, 0xd0 + (at / header.restart - 1) as u8 % 8]);
            predictions = [0; 4];
        }
        let (mcu_x, mcu_y) = (at % columns, at / columns);
        for (which, component) in header.components.iter().enumerate() {
            let (across, down) = if single { (1, 1) } else { component.sampling };
            let size = (
                (header.width * component.sampling.0).div_ceil(most.0),
                (header.height * component.sampling.1).div_ceil(most.1),
            );
            let tables =
                (&header.quantizers[component.quantizer], &header.dc[component.dc], &header.ac[component.ac]);
            let (Some(quantizer), Some(dc), Some(ac)) = tables else {
                return Err(Failure::parameter("a JPEG table is missing"));
            };
            for inner in 0..across * down {
                let (x, y) = (8 * (mcu_x * across + inner % across), 8 * (mcu_y * down + inner / across));
                let coefficients = match source {
                    None => [0; 64],
                    Some(source) => {
                        let samples = block(source, which, (x, y), size).ok_or_else(|| {
                            Failure::parameter("the surface does not hold the JPEG picture")
                        })?;
                        transform(&samples, quantizer)
                    }
                };
                code_block(&mut bits, &coefficients, &mut predictions[which], dc, ac)?;
            }
        }
    }
    bits.flush();
    out.extend([0xff, 0xd9]);
    Ok(())
}

/// F.1.2.1 and F.1.2.2.
fn code_block(
    bits: &mut Bits<'_>,
    coefficients: &[i32; 64],
    prediction: &mut i32,
    dc: &Huffman,
    ac: &Huffman,
) -> Outcome {
    let difference = coefficients[0] - *prediction;
    *prediction = coefficients[0];
    let size = category(difference);
    bits.symbol(dc, size as usize)?;
    bits.number(difference, size);
    let mut run = 0;
    for &coefficient in &coefficients[1..] {
        if coefficient == 0 {
            run += 1;
            continue;
        }
        while run > 15 {
            bits.symbol(ac, 0xf0)?;
            run -= 16;
        }
        // Quantisers of 1 may leave what baseline has no code for (F.1.2.2.1: 10 bits).
        let coefficient = coefficient.clamp(-1023, 1023);
        let size = category(coefficient);
        bits.symbol(ac, run << 4 | size as usize)?;
        bits.number(coefficient, size);
        run = 0;
    }
    if run > 0 {
        bits.symbol(ac, 0)?;
    }
    Ok(())
}
