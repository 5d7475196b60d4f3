//! [`Timeline`]: one line of time over a source whose timestamps jump, as those of joined and spliced broadcasts do.

use super::pictures::MICROSECONDS;
use crate::av::{Demuxer, MediaKind, Packet};

/// A gap that is longer is a jump; what `ffmpeg -dts_delta_threshold` defaults to.
const FORWARD: i64 = 10_000_000;
/// Decoding times never go back; a little may be rounding.
const BACK: i64 = 100_000;

/// Moves packets so that each continues where its stream was.
#[derive(Default)]
pub(super) struct Timeline {
    /// Where the next packet of each stream belongs, in microseconds; empty where nothing jumps.
    next: Vec<Option<i64>>,
    /// What is added to every timestamp, in microseconds.
    offset: i64,
    jumped: bool,
}

impl Timeline {
    pub(super) fn new(demuxer: &Demuxer) -> Self {
        let streams = if demuxer.times_may_jump() { demuxer.streams().len() } else { 0 };
        Timeline { next: vec![None; streams], ..Timeline::default() }
    }

    /// What the container says of its length is of no use.
    pub(super) fn jumped(&self) -> bool {
        self.jumped
    }

    pub(super) fn place(&mut self, packet: &mut Packet, kind: MediaKind) {
        let base = packet.time_base();
        let Some(next) = self.next.get_mut(packet.stream()).filter(|_| base.is_positive()) else { return };
        packet.shift(MICROSECONDS.rescale(self.offset, base));
        // Words come at any time.
        let (true, Some(dts)) = (matches!(kind, MediaKind::Video | MediaKind::Audio), packet.dts()) else {
            return;
        };
        let mut at = base.rescale(dts, MICROSECONDS);
        if let Some(expected) = next.filter(|next| at - next > FORWARD || next - at > BACK) {
            let jump = expected - at;
            tracing::warn!(stream = packet.stream(), at, expected, "the source's time jumps");
            packet.shift(MICROSECONDS.rescale(jump, base));
            self.offset += jump;
            self.jumped = true;
            at = expected;
        }
        *next = Some(at + base.rescale(packet.duration(), MICROSECONDS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::av::Rational;

    fn placed(timeline: &mut Timeline, stream: usize, kind: MediaKind, at: i64) -> i64 {
        let mut packet = Packet::copy_of(b"x").unwrap();
        packet.set_time_base(Rational::new(1, 1000));
        packet.set_stream(stream);
        packet.set_times(at, 40);
        timeline.place(&mut packet, kind);
        packet.dts().unwrap()
    }

    #[test]
    fn every_stream_goes_on_where_it_was() {
        let mut t = Timeline { next: vec![None; 3], ..Timeline::default() };
        let (v, a, s) = (MediaKind::Video, MediaKind::Audio, MediaKind::Subtitle);
        assert_eq!(placed(&mut t, 0, v, 1400), 1400);
        assert_eq!(placed(&mut t, 1, a, 1390), 1390);
        assert_eq!(placed(&mut t, 0, v, 9000), 9000); // a pause is none
        assert_eq!(placed(&mut t, 0, v, 100), 9040);
        assert_eq!(placed(&mut t, 0, v, 140), 9080);
        assert_eq!(placed(&mut t, 2, s, 140), 9080);
        assert!(t.jumped());
        assert_eq!(placed(&mut t, 0, v, 90_000_180), 9120);
        assert_eq!(placed(&mut t, 1, a, 90_000_180), 9120);
        assert_eq!(placed(&mut t, 2, s, 90_000_180), 9120);
    }

    #[test]
    fn containers_whose_times_do_not_jump_are_left_alone() {
        let mut t = Timeline::default();
        assert_eq!(placed(&mut t, 0, MediaKind::Video, 5), 5);
        assert_eq!(placed(&mut t, 0, MediaKind::Video, 90_000_000), 90_000_000);
        assert!(!t.jumped());
    }
}
