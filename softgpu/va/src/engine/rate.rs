//! Rate control: a quantiser for each picture, whatever the codec is.
//!
//! The model is that a picture of a kind takes `complexity · 2^(-quantiser / octave)` bits. The complexity of each kind is
//! learned from what its pictures became; the kinds are weighed by how often they come; what was spent too much or too
//! little is paid back over the next pictures.

use super::RateSettings;
use crate::sys;

/// What the client asked for (libva, va.h, VA_RC_*).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The client's quantiser, picture by picture.
    #[default]
    Cqp,
    /// The asked bits in every window.
    Cbr,
    /// The target percentage of the asked bits in the long run.
    Vbr,
    /// The asked quality, as long as the bits suffice.
    Qvbr,
    /// The asked quality.
    Icq,
    /// The asked bits in the long run.
    Avbr,
}

/// What may change in the middle of a stream, by miscellaneous buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) mode: Mode,
    /// The bits per second that may be had at most.
    pub(crate) bits_per_second: u32,
    /// Which part of them is the target, in per cent; 0 counts as 100.
    pub(crate) target_percentage: u32,
    /// Milliseconds over which the bits are to be right; 0 leaves it to the mode.
    pub(crate) window_ms: u32,
    /// Quantiser of the first picture; 0: none given.
    pub(crate) initial_qp: u32,
    /// Limits; 0: none given.
    pub(crate) min_qp: u32,
    pub(crate) max_qp: u32,
    /// The quality of ICQ and QVBR, on the scale of the quantiser; 0: none given.
    pub(crate) quality: u32,
    /// Pictures in `fps_den` seconds.
    pub(crate) fps_num: u32,
    pub(crate) fps_den: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Cqp,
            bits_per_second: 0,
            target_percentage: 100,
            window_ms: 0,
            initial_qp: 0,
            min_qp: 0,
            max_qp: 0,
            quality: 0,
            fps_num: 30,
            fps_den: 1,
        }
    }
}

impl From<&RateSettings> for Settings {
    fn from(rate: &RateSettings) -> Self {
        let mode = match rate.mode {
            sys::VA_RC_CBR => Mode::Cbr,
            sys::VA_RC_VBR | sys::VA_RC_VBR_CONSTRAINED => Mode::Vbr,
            sys::VA_RC_QVBR => Mode::Qvbr,
            sys::VA_RC_ICQ => Mode::Icq,
            sys::VA_RC_AVBR => Mode::Avbr,
            _ => Mode::Cqp,
        };
        let quality = if mode == Mode::Icq { rate.icq_quality } else { rate.quality_factor };
        let (fps_num, fps_den) = match rate.framerate {
            (0, _) | (_, 0) => (30, 1),
            framerate => framerate,
        };
        Self {
            mode,
            bits_per_second: rate.bits_per_second,
            target_percentage: rate.target_percentage,
            window_ms: rate.window_ms,
            initial_qp: rate.initial_qp,
            min_qp: rate.min_qp,
            max_qp: rate.max_qp,
            quality,
            fps_num,
            fps_den,
        }
    }
}

impl Settings {
    /// Bits of an average picture.
    fn per_picture(&self) -> f64 {
        let percentage = match self.mode {
            Mode::Vbr => match self.target_percentage {
                0 => 100,
                percentage => percentage.min(100),
            },
            _ => 100,
        };
        f64::from(self.bits_per_second) * f64::from(percentage) / 100.0 / self.pictures_per_second()
    }

    fn pictures_per_second(&self) -> f64 {
        if self.fps_num == 0 || self.fps_den == 0 {
            return 30.0;
        }
        f64::from(self.fps_num) / f64::from(self.fps_den)
    }

    /// Pictures over which a debt is paid back.
    fn horizon(&self) -> f64 {
        let seconds = match (self.mode, self.window_ms) {
            (Mode::Cbr, 0) => 0.5,
            (Mode::Cbr, window) => (f64::from(window) / 2000.0).clamp(0.2, 1.0),
            (_, 0) => 1.0,
            (_, window) => (f64::from(window) / 1000.0).clamp(0.5, 2.0),
        };
        (seconds * self.pictures_per_second()).max(4.0)
    }
}

/// The quantisers of a codec.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) min: u32,
    pub(crate) max: u32,
    /// Steps that halve the bits.
    pub(crate) octave: f64,
    /// Where an ordinary intra picture takes about half a bit per pixel; where the search begins.
    pub(crate) middle: f64,
}

impl Scale {
    /// H.264 and HEVC: the step doubles every 6 (H.264, 8.5.9). 0 is left out, since encoders take it for lossless.
    pub(crate) const H26X: Self = Self { min: 1, max: 51, octave: 6.0, middle: 26.0 };
    /// SVT-AV1's `qp`.
    pub(crate) const SVT_AV1: Self = Self { min: 1, max: 63, octave: 8.0, middle: 30.0 };
}

/// How a picture is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Intra = 0,
    Inter = 1,
    Bidirectional = 2,
}

/// The state of one stream.
#[derive(Clone, Debug)]
pub(crate) struct Controller {
    scale: Scale,
    /// log2 of the bits at quantiser 0, by kind.
    complexity: [f64; 3],
    /// Whether a picture of the kind was seen.
    seen: [bool; 3],
    /// How often each kind came lately.
    share: [f64; 3],
    settings: Settings,
    /// Bits spent beyond what was due.
    debt: f64,
    last: Option<(Kind, f64)>,
    /// Quantiser of the last picture, without the kind's offset.
    base: Option<f64>,
}

impl Controller {
    /// For pictures of so many pixels.
    pub(crate) fn new(scale: Scale, pixels: u32) -> Self {
        let intra = (0.5 * f64::from(pixels.max(256))).log2() + scale.middle / scale.octave;
        Self {
            scale,
            complexity: [intra, intra - 2.5, intra - 3.0],
            seen: [false; 3],
            // Until it is known better: an intra picture every other second.
            share: [1.0, 59.0, 0.0],
            settings: Settings::default(),
            debt: 0.0,
            last: None,
            base: None,
        }
    }

    /// The quantiser of the next picture. `client` is the one that its structures name, which counts in CQP.
    pub(crate) fn pick(&mut self, settings: &Settings, kind: Kind, client: u32) -> u32 {
        self.take(settings);
        let quantiser = match settings.mode {
            Mode::Cqp => return self.remember(kind, client.clamp(0, self.scale.max)),
            Mode::Icq => self.quality(settings, kind),
            Mode::Qvbr => self.quality(settings, kind).max(self.by_bits(kind)),
            Mode::Cbr | Mode::Vbr | Mode::Avbr => self.by_bits(kind),
        };
        let quantiser = self.limit(quantiser);
        self.remember(kind, quantiser)
    }

    /// What the picture of the last [`pick`](Self::pick) became.
    pub(crate) fn coded(&mut self, bits: u64) {
        let Some((kind, quantiser)) = self.last.take() else { return };
        let bits = (bits as f64).max(1.0);
        let index = kind as usize;
        let found = bits.log2() + quantiser / self.scale.octave;
        // One intra picture says much about the next; of the others the average is wanted.
        let weight = if self.seen[index] { 0.5 } else { 1.0 };
        let error = found - self.complexity[index];
        self.complexity[index] += weight * error;
        if kind == Kind::Intra {
            // Until they are seen, the other kinds are guessed from this one.
            for (other, ratio) in [(1, 2.5), (2, 3.0)] {
                if !self.seen[other] {
                    self.complexity[other] = self.complexity[0] - ratio;
                }
            }
        }
        self.seen[index] = true;
        // Two seconds of memory.
        let keep = 1.0 - 1.0 / (2.0 * self.settings.pictures_per_second()).max(8.0);
        for share in &mut self.share {
            *share *= keep;
        }
        self.share[index] += 1.0;

        let due = self.settings.per_picture();
        // Old savings are not spent at once, nor are old sins paid for ever.
        let bound = due * self.settings.pictures_per_second() * 2.0;
        self.debt = (self.debt + bits - due).clamp(-bound, bound);
    }

    /// Settings may change at any picture; debts of the old ones are then forgiven.
    fn take(&mut self, settings: &Settings) {
        if self.settings.mode != settings.mode || self.settings.per_picture() != settings.per_picture() {
            self.debt = 0.0;
            self.base = None;
        }
        self.settings = *settings;
    }

    fn quality(&self, settings: &Settings, kind: Kind) -> f64 {
        let quality = if settings.quality == 0 { self.scale.middle } else { f64::from(settings.quality) };
        quality + Self::offset(kind)
    }

    /// Intra pictures are looked at longer, those between two others are looked at less.
    fn offset(kind: Kind) -> f64 {
        match kind {
            Kind::Intra => -1.0,
            Kind::Inter => 0.0,
            Kind::Bidirectional => 2.0,
        }
    }

    fn by_bits(&mut self, kind: Kind) -> f64 {
        let first = !self.seen.contains(&true);
        if first && self.settings.initial_qp != 0 {
            return f64::from(self.settings.initial_qp);
        }
        let due = self.settings.per_picture();
        let target = (due - self.debt / self.settings.horizon()).clamp(due * 0.3, due * 2.5).max(1.0);
        // Expected bits of an average picture at quantiser 0.
        let all: f64 = self.share.iter().sum();
        let average: f64 = [Kind::Intra, Kind::Inter, Kind::Bidirectional]
            .iter()
            .map(|&kind| {
                let log = self.complexity[kind as usize] - Self::offset(kind) / self.scale.octave;
                self.share[kind as usize] / all * log.exp2()
            })
            .sum();
        let mut base = self.scale.octave * (average / target).log2();
        if let Some(last) = self.base {
            // Up fast and down slowly, so that one easy picture is not followed by one that is far too large.
            let step = self.scale.octave / 6.0;
            base = base.clamp(last - 2.0 * step, last + 6.0 * step);
        }
        base = base.clamp(f64::from(self.scale.min), f64::from(self.scale.max));
        self.base = Some(base);
        let mut quantiser = base + Self::offset(kind);
        if self.settings.mode == Mode::Cbr {
            // No picture may take more than half a second's bits.
            let most = due * self.settings.pictures_per_second() / 2.0;
            quantiser =
                quantiser.max(self.scale.octave * (self.complexity[kind as usize] - most.max(1.0).log2()));
        }
        quantiser
    }

    fn limit(&self, quantiser: f64) -> u32 {
        let low = self.settings.min_qp.clamp(self.scale.min, self.scale.max);
        let high = match self.settings.max_qp {
            0 => self.scale.max,
            max => max.clamp(low, self.scale.max),
        };
        (quantiser.round().max(0.0) as u32).clamp(low, high)
    }

    fn remember(&mut self, kind: Kind, quantiser: u32) -> u32 {
        self.last = Some((kind, f64::from(quantiser)));
        quantiser
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures whose size follows another law than the controller's model, with scenes that differ by a factor of 8.
    struct Film {
        controller: Controller,
        at: u32,
    }

    impl Film {
        fn new() -> Self {
            Self { controller: Controller::new(Scale::H26X, 1280 * 720), at: 0 }
        }

        /// Codes a picture and returns its quantiser and its bits.
        fn picture(&mut self, settings: &Settings, gop: u32, b_frames: u32) -> (u32, u64) {
            let at = self.at;
            self.at += 1;
            let kind = match at % gop {
                0 => Kind::Intra,
                other if b_frames != 0 && other % (b_frames + 1) != 1 => Kind::Bidirectional,
                _ => Kind::Inter,
            };
            let quantiser = self.controller.pick(settings, kind, 30);
            let scene = [1.0, 3.0, 0.4, 1.7][(at / 70 % 4) as usize];
            let noise = 1.0 + 0.2 * (f64::from(at) * 1.7).sin();
            let base = match kind {
                Kind::Intra => 4_000_000.0,
                Kind::Inter => 600_000.0,
                Kind::Bidirectional => 300_000.0,
            };
            let bits = (base * scene * noise * (-f64::from(quantiser) / 5.0).exp2() * 8.0 + 400.0) as u64;
            self.controller.coded(bits);
            (quantiser, bits)
        }

        fn bits(&mut self, settings: &Settings, pictures: u32, gop: u32, b_frames: u32) -> u64 {
            (0..pictures).map(|_| self.picture(settings, gop, b_frames).1).sum()
        }
    }

    fn settings(mode: Mode, bits_per_second: u32) -> Settings {
        Settings { mode, bits_per_second, ..Settings::default() }
    }

    fn assert_near(bits: u64, wanted: f64, tolerance: f64) {
        let error = bits as f64 / wanted - 1.0;
        assert!(error.abs() <= tolerance, "{bits} bits instead of {wanted}: {:+.1} %", 100.0 * error);
    }

    #[test]
    fn bitrates_are_hit_over_ten_seconds() {
        for mode in [Mode::Cbr, Mode::Vbr, Mode::Avbr] {
            for bits in [400_000, 2_000_000, 8_000_000] {
                for (gop, b_frames) in [(250, 0), (30, 0), (120, 2), (60, 7)] {
                    let got = Film::new().bits(&settings(mode, bits), 300, gop, b_frames);
                    assert_near(got, 10.0 * f64::from(bits), 0.05);
                }
            }
        }
    }

    #[test]
    fn the_target_percentage_counts_in_vbr_alone() {
        let part = |mode| Settings { target_percentage: 50, ..settings(mode, 4_000_000) };
        assert_near(Film::new().bits(&part(Mode::Vbr), 300, 120, 0), 20e6, 0.05);
        assert_near(Film::new().bits(&part(Mode::Cbr), 300, 120, 0), 40e6, 0.05);
    }

    #[test]
    fn the_frame_rate_counts() {
        let fast = Settings { fps_num: 60_000, fps_den: 1001, ..settings(Mode::Cbr, 3_000_000) };
        assert_near(Film::new().bits(&fast, 600, 120, 0), 600.0 / (60_000.0 / 1001.0) * 3e6, 0.05);
    }

    #[test]
    fn a_change_in_the_middle_is_obeyed() {
        let mut film = Film::new();
        film.bits(&settings(Mode::Cbr, 4_000_000), 300, 120, 0);
        assert_near(film.bits(&settings(Mode::Cbr, 1_000_000), 300, 120, 0), 10e6, 0.08);
        assert_near(film.bits(&settings(Mode::Cbr, 4_000_000), 300, 120, 0), 40e6, 0.08);
    }

    #[test]
    fn no_second_of_cbr_is_far_above_its_bits() {
        let mut film = Film::new();
        let asked = settings(Mode::Cbr, 2_000_000);
        for second in 0..20 {
            let bits = film.bits(&asked, 30, 60, 0);
            assert!(bits < 3_000_000, "{bits} bits in second {second}");
        }
    }

    #[test]
    fn constant_quantisers_are_the_clients() {
        let mut controller = Controller::new(Scale::H26X, 640 * 360);
        let asked = Settings { min_qp: 30, max_qp: 40, ..settings(Mode::Cqp, 1) };
        for quantiser in [0, 18, 26, 51] {
            assert_eq!(controller.pick(&asked, Kind::Inter, quantiser), quantiser);
            controller.coded(1000);
        }
        assert_eq!(controller.pick(&asked, Kind::Intra, 60), 51);
    }

    #[test]
    fn quality_decides_alone_in_icq_and_within_the_bits_in_qvbr() {
        let mean = |asked: &Settings| {
            let mut film = Film::new();
            (0..300).map(|_| film.picture(asked, 120, 0).0).sum::<u32>() / 300
        };
        let quality = |mode, bits| Settings { quality: 24, ..settings(mode, bits) };
        assert_eq!(mean(&quality(Mode::Icq, 0)), 23);
        assert_eq!(mean(&quality(Mode::Qvbr, 200_000_000)), 23);
        assert!(mean(&quality(Mode::Qvbr, 400_000)) > 30);
        let most = Film::new().bits(&quality(Mode::Qvbr, 400_000), 300, 120, 0);
        assert!(most < 4_200_000, "{most}");
    }

    #[test]
    fn limits_are_kept() {
        let asked = Settings { min_qp: 22, max_qp: 28, initial_qp: 25, ..settings(Mode::Vbr, 2_000_000) };
        let mut film = Film::new();
        assert_eq!(film.picture(&asked, 120, 0).0, 25);
        assert!((0..300).all(|_| (22..=28).contains(&film.picture(&asked, 120, 0).0)));
    }

    #[test]
    fn nothing_breaks_on_odd_settings() {
        for asked in [
            Settings { fps_num: 0, fps_den: 0, ..settings(Mode::Cbr, 0) },
            settings(Mode::Vbr, u32::MAX),
            Settings { window_ms: u32::MAX, min_qp: 99, max_qp: 3, ..settings(Mode::Cbr, 1) },
        ] {
            let mut film = Film::new();
            assert!((0..50).all(|_| film.picture(&asked, 10, 1).0 <= 51));
        }
    }
}
