//! What samples mean: matrix and range.

use crate::library::Colour;
use crate::plane::Format;
use crate::sys;

/// The standards that are told apart, by their matrix alone: neither primaries nor transfer are converted.
pub(super) static STANDARDS: [sys::VAProcColorStandardType; 7] = [
    sys::VAProcColorStandardBT601,
    sys::VAProcColorStandardBT709,
    sys::VAProcColorStandardBT470BG,
    sys::VAProcColorStandardSMPTE170M,
    sys::VAProcColorStandardSMPTE240M,
    sys::VAProcColorStandardBT2020,
    sys::VAProcColorStandardExplicit,
];

/// The colours of source and target. What the client leaves open is taken so that nothing changes; where something must, RGB
/// becomes BT.601 up to 576 lines and BT.709 above.
pub(super) fn pair(
    pipeline: &sys::VAProcPipelineParameterBuffer,
    source: Format,
    (target, target_height): (Format, u32),
) -> (Colour, Colour) {
    let usual = if target_height <= 576 { 5 } else { 1 };
    let input = &pipeline.input_color_properties;
    let output = &pipeline.output_color_properties;
    let named_input = matrix(pipeline.surface_color_standard, input);
    let named_output = matrix(pipeline.output_color_standard, output);
    let (from, to) = match (is_rgb(source), is_rgb(target)) {
        (true, _) => (usual, named_output.unwrap_or(usual)),
        (false, true) => (named_input.unwrap_or(usual), usual),
        (false, false) => {
            let from = named_input.or(named_output).unwrap_or(usual);
            (from, named_output.unwrap_or(from))
        }
    };
    let from_full = is_rgb(source) || range(input).unwrap_or(false);
    let to_full = is_rgb(target) || range(output).unwrap_or(from_full && !is_rgb(source));
    ((from, from_full), (to, to_full))
}

fn is_rgb(format: Format) -> bool {
    format.rt_format() == sys::VA_RT_FORMAT_RGB32
}

fn range(properties: &sys::VAProcColorProperties) -> Option<bool> {
    match u32::from(properties.color_range) {
        sys::VA_SOURCE_RANGE_REDUCED => Some(false),
        sys::VA_SOURCE_RANGE_FULL => Some(true),
        _ => None,
    }
}

/// matrix_coefficients as H.273 numbers them (va_vpp.h, VAProcColorStandardType); libav has the same numbers.
fn matrix(
    standard: sys::VAProcColorStandardType,
    properties: &sys::VAProcColorProperties,
) -> Option<std::ffi::c_int> {
    let number = match standard {
        sys::VAProcColorStandardBT601
        | sys::VAProcColorStandardBT470BG
        | sys::VAProcColorStandardXVYCC601 => 5,
        sys::VAProcColorStandardBT709
        | sys::VAProcColorStandardGenericFilm
        | sys::VAProcColorStandardXVYCC709 => 1,
        sys::VAProcColorStandardBT470M => 4,
        sys::VAProcColorStandardSMPTE170M => 6,
        sys::VAProcColorStandardSMPTE240M => 7,
        sys::VAProcColorStandardBT2020 => 9,
        sys::VAProcColorStandardExplicit => properties.matrix_coefficients,
        _ => 0,
    };
    match number {
        1 | 4..=7 | 9 => Some(number.into()),
        // BT.2020 with constant luminance has the same weights.
        10 => Some(9),
        _ => None,
    }
}

/// A colour as samples: Y, Cb, Cr of 8 bit, and R, G, B, A.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Samples {
    pub(super) yuv: [u8; 3],
    pub(super) rgba: [u8; 4],
}

/// From A, R, G, B in one number.
pub(super) fn samples(argb: u32, (matrix, full): Colour) -> Samples {
    let [a, r, g, b] = argb.to_be_bytes();
    // Weights of red and blue, H.273 table 4.
    let (red, blue) = match matrix {
        1 => (0.2126, 0.0722),
        4 => (0.30, 0.11),
        7 => (0.212, 0.087),
        9 => (0.2627, 0.0593),
        _ => (0.299, 0.114),
    };
    let [r_, g_, b_] = [r, g, b].map(|value| f64::from(value) / 255.0);
    let y = red * r_ + (1.0 - red - blue) * g_ + blue * b_;
    let (cb, cr) = ((b_ - y) / (2.0 - 2.0 * blue), (r_ - y) / (2.0 - 2.0 * red));
    let (base, luma, chroma) = if full { (0.0, 255.0, 255.0) } else { (16.0, 219.0, 224.0) };
    let yuv = [base + luma * y, 128.0 + chroma * cb, 128.0 + chroma * cr];
    Samples { yuv: yuv.map(|value| value.round().clamp(0.0, 255.0) as u8), rgba: [r, g, b, a] }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pipeline(input: u32, output: u32) -> sys::VAProcPipelineParameterBuffer {
        sys::VAProcPipelineParameterBuffer {
            surface_color_standard: input,
            output_color_standard: output,
            ..Default::default()
        }
    }

    #[test]
    fn what_is_left_open_changes_nothing() {
        let none = pipeline(sys::VAProcColorStandardNone, sys::VAProcColorStandardNone);
        assert_eq!(pair(&none, Format::Nv12, (Format::P010, 480)), ((5, false), (5, false)));
        assert_eq!(pair(&none, Format::Nv12, (Format::Nv12, 1080)), ((1, false), (1, false)));
        assert_eq!(pair(&none, Format::Bgra, (Format::Nv12, 1080)), ((1, true), (1, false)));
        assert_eq!(pair(&none, Format::Bgra, (Format::Nv12, 576)), ((5, true), (5, false)));
        let one = pipeline(sys::VAProcColorStandardBT2020, sys::VAProcColorStandardNone);
        assert_eq!(pair(&one, Format::P010, (Format::Nv12, 480)), ((9, false), (9, false)));
        let mut full = pipeline(sys::VAProcColorStandardNone, sys::VAProcColorStandardNone);
        full.input_color_properties.color_range = sys::VA_SOURCE_RANGE_FULL as u8;
        assert_eq!(pair(&full, Format::Nv12, (Format::Nv12, 480)), ((5, true), (5, true)));
    }

    #[test]
    fn what_is_named_is_taken() {
        let mut both = pipeline(sys::VAProcColorStandardExplicit, sys::VAProcColorStandardBT709);
        both.input_color_properties.matrix_coefficients = 6;
        both.output_color_properties.color_range = sys::VA_SOURCE_RANGE_FULL as u8;
        assert_eq!(pair(&both, Format::Nv12, (Format::Nv12, 480)), ((6, false), (1, true)));
        assert_eq!(pair(&both, Format::Rgbx, (Format::Nv12, 480)), ((5, true), (1, true)));
        assert_eq!(pair(&both, Format::Nv12, (Format::Bgrx, 480)), ((6, false), (5, true)));
    }

    #[test]
    fn backgrounds_become_samples() {
        assert_eq!(samples(0xff00_0000, (1, false)).yuv, [16, 128, 128]);
        assert_eq!(samples(0xffff_0000, (5, false)).yuv, [81, 90, 240]);
        assert_eq!(samples(0xffff_0000, (1, false)).yuv, [63, 102, 240]);
        assert_eq!(samples(0xffff_ffff, (5, true)).yuv, [255, 128, 128]);
        assert_eq!(samples(0x8001_0203, (5, true)).rgba, [1, 2, 3, 0x80]);
    }
}
