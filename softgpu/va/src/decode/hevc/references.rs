//! The reference picture set of a picture (8.3.2), as libva's structures have it.

use crate::sys;

/// A picture of the set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// PicOrderCntVal.
    pub(super) order: i32,
    /// Whether this picture itself may use it, or only later ones.
    pub(super) used: bool,
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct References {
    /// Short-term references before the picture, the nearest first.
    pub(super) before: Vec<Reference>,
    /// And after it.
    pub(super) after: Vec<Reference>,
    /// Long-term references; those that the slice's first list has come first, in its order.
    pub(super) long: Vec<Reference>,
}

impl References {
    pub(super) fn new(
        picture: &sys::VAPictureParameterBufferHEVC,
        slice: &sys::VASliceParameterBufferHEVC,
    ) -> Self {
        let current = picture.CurrPic.pic_order_cnt;
        let mut set = Self::default();
        let mut long = Vec::new();
        for (index, frame) in picture.ReferenceFrames.iter().enumerate() {
            if frame.flags & sys::VA_PICTURE_HEVC_INVALID != 0 || frame.picture_id == sys::VA_INVALID_SURFACE
            {
                continue;
            }
            let has = |flag| frame.flags & flag != 0;
            let used = has(sys::VA_PICTURE_HEVC_RPS_ST_CURR_BEFORE)
                || has(sys::VA_PICTURE_HEVC_RPS_ST_CURR_AFTER)
                || has(sys::VA_PICTURE_HEVC_RPS_LT_CURR);
            let reference = Reference { order: frame.pic_order_cnt, used };
            if has(sys::VA_PICTURE_HEVC_LONG_TERM_REFERENCE) || has(sys::VA_PICTURE_HEVC_RPS_LT_CURR) {
                let place = slice.RefPicList[0].iter().position(|&entry| usize::from(entry) == index);
                long.push((place.unwrap_or(usize::MAX), reference));
            } else if reference.order < current {
                set.before.push(reference);
            } else if reference.order > current {
                set.after.push(reference);
            }
        }
        set.before.sort_by_key(|reference| std::cmp::Reverse(reference.order));
        set.before.dedup_by_key(|reference| reference.order);
        set.after.sort_by_key(|reference| reference.order);
        set.after.dedup_by_key(|reference| reference.order);
        long.sort_by_key(|&(place, _)| place);
        set.long = long.into_iter().map(|(_, reference)| reference).collect();
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_in_the_order_of_the_syntax() {
        let mut picture = sys::VAPictureParameterBufferHEVC::default();
        for frame in &mut picture.ReferenceFrames {
            frame.flags = sys::VA_PICTURE_HEVC_INVALID;
            frame.picture_id = sys::VA_INVALID_SURFACE;
        }
        picture.CurrPic.pic_order_cnt = 10;
        let frames = [
            (4, sys::VA_PICTURE_HEVC_RPS_ST_CURR_BEFORE),
            (16, 0),
            (8, sys::VA_PICTURE_HEVC_RPS_ST_CURR_BEFORE),
            (0, sys::VA_PICTURE_HEVC_LONG_TERM_REFERENCE | sys::VA_PICTURE_HEVC_RPS_LT_CURR),
            (12, sys::VA_PICTURE_HEVC_RPS_ST_CURR_AFTER),
            (1, sys::VA_PICTURE_HEVC_LONG_TERM_REFERENCE | sys::VA_PICTURE_HEVC_RPS_LT_CURR),
        ];
        for (frame, (order, flags)) in picture.ReferenceFrames.iter_mut().zip(frames) {
            (frame.picture_id, frame.pic_order_cnt, frame.flags) = (7, order, flags);
        }
        let mut slice = sys::VASliceParameterBufferHEVC::default();
        slice.RefPicList[0] = [0xff; 15];
        slice.RefPicList[0][..3].copy_from_slice(&[2, 5, 3]);
        let set = References::new(&picture, &slice);
        let all = |set: &[Reference]| set.iter().map(|one| (one.order, one.used)).collect::<Vec<_>>();
        assert_eq!(all(&set.before), [(8, true), (4, true)]);
        assert_eq!(all(&set.after), [(12, true), (16, false)]);
        assert_eq!(all(&set.long), [(1, true), (0, true)]);
    }
}
