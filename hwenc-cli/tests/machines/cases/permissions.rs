//! What only a kernel can do: nodes whose mode changes.

use super::{Case, coded, pictures, report, script};
use crate::place::Place;

pub(super) const CASES: &[Case] =
    &[("a_kernel_with_a_node_whose_mode_changes_is_tried_again", a_node_whose_mode_changes_is_tried_again)];

fn a_node_whose_mode_changes_is_tried_again() {
    let place = Place::new();
    let writable = place.path().to_str().unwrap().to_owned();
    let steps =
        "probe > 1.json; probe > 2.json; chmod 0666 /dev/dri/renderD128; probe > 3.json; probe > 4.json";
    script(&place, &["--kernel", "--device", "intel-arc:mode=0600", "--writable", &writable], steps);
    let (first, third) = (report(&place, "1.json"), report(&place, "3.json"));
    assert_eq!(first, report(&place, "2.json"));
    assert_eq!(third, report(&place, "4.json"));
    let mode =
        |report: &serde_json::Value| report["machine"]["drm"]["render_nodes"][0]["file"]["mode"].clone();
    assert_eq!((mode(&first), mode(&third)), ("0600".into(), "0666".into()));
    assert_eq!(coded(&place), pictures(&first, "h264_vaapi") + pictures(&third, "h264_vaapi"));
}
