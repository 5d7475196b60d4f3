//! Planes into planes of an encoder's picture, where no arithmetic of colours is needed: one pass over the pixels.

use crate::av::{Frame, PixelFormat, Range};
use crate::error::Result;

/// Copies every plane, rows at the strides that either side has.
pub(super) fn copy_planes(planes: &[(&[u8], usize); 4], out: &mut Frame) -> Result<()> {
    let (format, width) = (out.format(), out.width());
    for (plane, &(from, stride)) in planes.iter().enumerate().take(format.planes()) {
        let row = format.row_bytes(plane, width);
        let out_stride = out.stride(plane) as usize;
        let to = out.plane_mut(plane)?;
        // Row by row, as one large copy goes past the caches and takes 2 % longer.
        for (to, from) in to.chunks_mut(out_stride).zip(from.chunks(stride)) {
            to[..row].copy_from_slice(&from[..row]);
        }
    }
    Ok(())
}

/// NV12 into I420, or P010 into I010, whose samples are the upper ten bits of P010's.
pub(super) fn split(planes: &[(&[u8], usize); 4], out: &mut Frame) -> Result<()> {
    let (format, width) = (out.format(), out.width());
    let deep = format == PixelFormat::I010;
    let down = |pair: [u8; 2]| (u16::from_le_bytes(pair) >> 6).to_le_bytes();
    let strides = [0, 1, 2].map(|plane| out.stride(plane) as usize);
    let [luma, chroma] = [0, 1].map(|plane| format.row_bytes(plane, width));
    let [y, u, v] = out.planes_mut()?;
    for (to, from) in y.chunks_mut(strides[0]).zip(planes[0].0.chunks(planes[0].1)) {
        if deep {
            let pairs = to[..luma].as_chunks_mut::<2>().0.iter_mut().zip(from.as_chunks::<2>().0);
            pairs.for_each(|(to, from)| *to = down(*from));
        } else {
            to[..luma].copy_from_slice(&from[..luma]);
        }
    }
    let rows = u.chunks_mut(strides[1]).zip(v.chunks_mut(strides[2]));
    for ((u, v), from) in rows.zip(planes[1].0.chunks(planes[1].1)) {
        let (u, v) = (&mut u[..chroma], &mut v[..chroma]);
        if deep {
            let to = u.as_chunks_mut::<2>().0.iter_mut().zip(v.as_chunks_mut::<2>().0);
            for ((u, v), from) in to.zip(from.as_chunks::<4>().0) {
                *u = down([from[0], from[1]]);
                *v = down([from[2], from[3]]);
            }
        } else {
            for ((u, v), from) in u.iter_mut().zip(v).zip(from.as_chunks::<2>().0) {
                [*u, *v] = *from;
            }
        }
    }
    Ok(())
}

/// I420 into NV12, or I010 into P010, whose samples are the upper ten bits of 16.
pub(super) fn join(planes: &[(&[u8], usize); 4], out: &mut Frame) -> Result<()> {
    let (format, width) = (out.format(), out.width());
    let deep = format == PixelFormat::P010;
    let up = |pair: [u8; 2]| (u16::from_le_bytes(pair) << 6).to_le_bytes();
    let strides = [0, 1].map(|plane| out.stride(plane) as usize);
    let [luma, chroma] = [0, 1].map(|plane| format.row_bytes(plane, width));
    let [y, uv] = out.planes_mut()?;
    for (to, from) in y.chunks_mut(strides[0]).zip(planes[0].0.chunks(planes[0].1)) {
        if deep {
            let pairs = to[..luma].as_chunks_mut::<2>().0.iter_mut().zip(from.as_chunks::<2>().0);
            pairs.for_each(|(to, from)| *to = up(*from));
        } else {
            to[..luma].copy_from_slice(&from[..luma]);
        }
    }
    let from = planes[1].0.chunks(planes[1].1).zip(planes[2].0.chunks(planes[2].1));
    for (uv, (u, v)) in uv.chunks_mut(strides[1]).zip(from) {
        if deep {
            let from = u.as_chunks::<2>().0.iter().zip(v.as_chunks::<2>().0);
            for (to, (u, v)) in uv[..chroma].as_chunks_mut::<4>().0.iter_mut().zip(from) {
                let ([a, b], [c, d]) = (up(*u), up(*v));
                *to = [a, b, c, d];
            }
        } else {
            for (to, (u, v)) in uv[..chroma].as_chunks_mut::<2>().0.iter_mut().zip(u.iter().zip(v)) {
                *to = [*u, *v];
            }
        }
    }
    Ok(())
}

/// What each value of 8-bit grey becomes as luma. A table is more than twice as quick here as computing it.
pub(super) struct Levels {
    luma: Box<[u16; 256]>,
    /// Chroma without colour: the middle of the range.
    neutral: u16,
    /// Luma is the grey value.
    same: bool,
}

impl Levels {
    /// `None` for formats other than Y with both chroma planes, or with one of pairs.
    pub(super) fn new(from: Range, to: Range, format: PixelFormat) -> Option<Self> {
        use PixelFormat as P;
        if ![P::NV12, P::I420, P::I444, P::P010, P::I010, P::I410].contains(&format) {
            return None;
        }
        // H.273, 8.3: limited luma has 219 steps above 16, at 8 bit and, times a power of two, at more.
        let one = 1i32 << (format.bit_depth() - 8);
        let peak = 256 * one - 1;
        let black_and_steps =
            |range, one, peak: i32| if range == Range::FULL { (0, peak) } else { (16 * one, 219 * one) };
        let ((black, steps), (low, span)) = (black_and_steps(from, 1, 255), black_and_steps(to, one, peak));
        let place = if format == P::P010 { 6 } else { 0 }; // where the lowest bit lies
        let luma = |gray: usize| {
            let nearest = (2 * (gray as i32 - black) * span + steps).div_euclid(2 * steps);
            ((low + nearest).clamp(0, peak) as u16) << place
        };
        let luma = Box::new(std::array::from_fn(luma));
        Some(Levels {
            luma,
            neutral: (128 * one as u16) << place,
            same: (low, span, one) == (black, steps, 1),
        })
    }
}

/// 8-bit grey as luma, and chroma without colour.
pub(super) fn gray((bytes, stride): (&[u8], usize), levels: &Levels, out: &mut Frame) -> Result<()> {
    let (format, width) = (out.format(), out.width());
    let deep = format.bit_depth() > 8;
    let row = width as usize;
    let out_stride = out.stride(0) as usize;
    for (to, from) in out.plane_mut(0)?.chunks_mut(out_stride).zip(bytes.chunks(stride)) {
        let from = &from[..row];
        if deep {
            let pairs = to.as_chunks_mut::<2>().0.iter_mut().zip(from);
            pairs.for_each(|(to, from)| *to = levels.luma[usize::from(*from)].to_le_bytes());
        } else if levels.same {
            to[..row].copy_from_slice(from);
        } else {
            to[..row].iter_mut().zip(from).for_each(|(to, from)| *to = levels.luma[usize::from(*from)] as u8);
        }
    }
    let neutral = levels.neutral.to_le_bytes();
    for plane in 1..format.planes() {
        let (row, out_stride) = (format.row_bytes(plane, width), out.stride(plane) as usize);
        for to in out.plane_mut(plane)?.chunks_mut(out_stride) {
            if deep {
                to[..row].as_chunks_mut::<2>().0.fill(neutral);
            } else {
                to[..row].fill(neutral[0]);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every value against the formulas of H.273, 8.3, in floating point.
    #[test]
    fn grey_becomes_the_nearest_luma() {
        let scale = |range, depth: u8| {
            let one = f64::from(1u32 << (depth - 8));
            if range == Range::FULL { (0.0, 256.0 * one - 1.0) } else { (16.0 * one, 219.0 * one) }
        };
        for format in [PixelFormat::NV12, PixelFormat::I010, PixelFormat::P010] {
            for (from, to) in
                [Range::FULL, Range::LIMITED].map(|a| [(a, Range::FULL), (a, Range::LIMITED)]).concat()
            {
                let levels = Levels::new(from, to, format).unwrap();
                let depth = format.bit_depth();
                let ((black, steps), (low, span)) = (scale(from, 8), scale(to, depth));
                for gray in 0..=255u8 {
                    let exact = low + (f64::from(gray) - black) / steps * span;
                    let nearest = exact.round().clamp(0.0, f64::from((1u32 << depth) - 1)) as u16;
                    let place = if format == PixelFormat::P010 { 6 } else { 0 };
                    let got = levels.luma[usize::from(gray)] >> place;
                    // An exact half may go either way.
                    let most = u16::from(((exact - exact.floor()) - 0.5).abs() < 0.01);
                    assert!(
                        got.abs_diff(nearest) <= most,
                        "{format} {from:?} to {to:?}: {gray} became {got}, not {exact}"
                    );
                }
            }
        }
        assert!(Levels::new(Range::FULL, Range::FULL, PixelFormat::BGRA).is_none());
    }
}
