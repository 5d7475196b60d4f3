//! [`Color`]: how numbers become colours, in the code points of ITU-T H.273.

use serde::{Deserialize, Serialize};

macro_rules! code_points {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $value:ident = $n:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(pub u8);

        impl $name {
            $($(#[$vdoc])* pub const $value: Self = Self($n);)*

            /// Anything but "unspecified".
            pub fn is_specified(self) -> bool {
                self != Self::UNSPECIFIED
            }

            /// `self`, or `other` where nothing is specified.
            pub fn or(self, other: Self) -> Self {
                if self.is_specified() { self } else { other }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::UNSPECIFIED
            }
        }
    };
}

code_points! {
    /// Colour primaries, H.273 table 2.
    Primaries {
        /// BT.709, sRGB.
        BT709 = 1,
        /// Not said.
        UNSPECIFIED = 2,
        /// BT.601 with 525 lines, SMPTE 170M.
        BT601_525 = 6,
        /// BT.601 with 625 lines, BT.470BG.
        BT601_625 = 5,
        /// BT.2020 and BT.2100.
        BT2020 = 9,
    }
}

code_points! {
    /// Transfer characteristics, H.273 table 3.
    Transfer {
        /// BT.709.
        BT709 = 1,
        /// Not said.
        UNSPECIFIED = 2,
        /// BT.601, SMPTE 170M (the same curve as BT.709).
        BT601 = 6,
        /// sRGB, IEC 61966-2-1.
        SRGB = 13,
        /// BT.2020, 10 bit.
        BT2020_10 = 14,
        /// PQ, SMPTE ST 2084.
        PQ = 16,
        /// Hybrid log-gamma, ARIB STD-B67.
        HLG = 18,
    }
}

code_points! {
    /// Matrix coefficients, H.273 table 4.
    Matrix {
        /// Identity: the planes are G, B and R.
        RGB = 0,
        /// BT.709.
        BT709 = 1,
        /// Not said.
        UNSPECIFIED = 2,
        /// BT.470BG, the same coefficients as BT.601.
        BT470BG = 5,
        /// BT.601, SMPTE 170M.
        BT601 = 6,
        /// BT.2020, non-constant luminance.
        BT2020 = 9,
    }
}

code_points! {
    /// Which numbers are black and white, as `AVColorRange` numbers them.
    Range {
        /// Not said.
        UNSPECIFIED = 0,
        /// Luma 16 to 235 (for 8 bit), also called "TV" or "video" range.
        LIMITED = 1,
        /// Luma 0 to 255 (for 8 bit), also called "PC" or "JPEG" range.
        FULL = 2,
    }
}

/// Range, primaries, transfer and matrix of a picture or stream. The default says nothing about any of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Color {
    /// Limited or full range.
    pub range: Range,
    /// Colour primaries.
    pub primaries: Primaries,
    /// Transfer characteristics.
    pub transfer: Transfer,
    /// Matrix coefficients.
    pub matrix: Matrix,
}

impl Color {
    /// BT.709 in limited range: HD television, and what most decoders assume.
    pub const BT709: Self = Self {
        range: Range::LIMITED,
        primaries: Primaries::BT709,
        transfer: Transfer::BT709,
        matrix: Matrix::BT709,
    };
    /// BT.601 (525 lines) in limited range: SD television.
    pub const BT601: Self = Self {
        range: Range::LIMITED,
        primaries: Primaries::BT601_525,
        transfer: Transfer::BT601,
        matrix: Matrix::BT601,
    };
    /// BT.2020 in limited range, SDR.
    pub const BT2020: Self = Self {
        range: Range::LIMITED,
        primaries: Primaries::BT2020,
        transfer: Transfer::BT2020_10,
        matrix: Matrix::BT2020,
    };
    /// HDR10: BT.2020 primaries and matrix with the PQ curve.
    pub const HDR10: Self = Self { transfer: Transfer::PQ, ..Self::BT2020 };

    /// What RGB pictures are converted to where the request does not say: BT.601 up to 576 lines, BT.709 above.
    ///
    /// That is what a player assumes that ignores the VUI; those that read it are told in any case.
    pub const fn for_height(height: u32) -> Self {
        if height <= 576 { Self::BT601 } else { Self::BT709 }
    }

    /// Each field of `self`, or of `other` where `self` says nothing.
    pub fn or(self, other: Self) -> Self {
        Self {
            range: self.range.or(other.range),
            primaries: self.primaries.or(other.primaries),
            transfer: self.transfer.or(other.transfer),
            matrix: self.matrix.or(other.matrix),
        }
    }
}

#[cfg(test)]
mod tests {
    use ffmpeg_sys_next as ff;

    use super::*;

    #[test]
    fn code_points_are_those_of_libavutil() {
        assert_eq!(u32::from(Matrix::BT2020.0), ff::AVColorSpace::AVCOL_SPC_BT2020_NCL as u32);
        assert_eq!(u32::from(Matrix::BT601.0), ff::AVColorSpace::AVCOL_SPC_SMPTE170M as u32);
        assert_eq!(u32::from(Matrix::BT470BG.0), ff::AVColorSpace::AVCOL_SPC_BT470BG as u32);
        assert_eq!(u32::from(Transfer::PQ.0), ff::AVColorTransferCharacteristic::AVCOL_TRC_SMPTE2084 as u32);
        assert_eq!(
            u32::from(Transfer::HLG.0),
            ff::AVColorTransferCharacteristic::AVCOL_TRC_ARIB_STD_B67 as u32
        );
        assert_eq!(
            u32::from(Transfer::SRGB.0),
            ff::AVColorTransferCharacteristic::AVCOL_TRC_IEC61966_2_1 as u32
        );
        assert_eq!(u32::from(Primaries::BT2020.0), ff::AVColorPrimaries::AVCOL_PRI_BT2020 as u32);
        assert_eq!(u32::from(Primaries::BT601_525.0), ff::AVColorPrimaries::AVCOL_PRI_SMPTE170M as u32);
        assert_eq!(u32::from(Range::FULL.0), ff::AVColorRange::AVCOL_RANGE_JPEG as u32);
        assert_eq!(u32::from(Range::LIMITED.0), ff::AVColorRange::AVCOL_RANGE_MPEG as u32);
    }

    #[test]
    fn or_fills_only_what_is_missing() {
        let half = Color { matrix: Matrix::BT601, ..Color::default() };
        assert_eq!(half.or(Color::BT709), Color { matrix: Matrix::BT601, ..Color::BT709 });
    }
}
