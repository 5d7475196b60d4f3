//! Reports that are kept: used as long as nothing changed, and no hindrance whatever becomes of them.

use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::path::PathBuf;

use super::{Case, coded, json, outcome, pictures, report, script};
use crate::common::is_root;
use crate::place::Place;

pub(super) const CASES: &[Case] = &[
    ("a_second_call_asks_and_tries_nothing", a_second_call_asks_and_tries_nothing),
    ("a_refresh_tries_again", || twice("probe > 2.json --refresh")),
    ("another_driver_by_name_is_tried", || {
        twice("export LIBVA_DRIVER_NAME=iHD; probe > 2.json; probe > 3.json")
    }),
    ("another_file_of_the_driver_is_tried", another_file_of_the_driver_is_tried),
    ("another_environment_is_tried", || {
        twice("export MESA_LOADER_DRIVER_OVERRIDE=x; probe > 2.json; probe > 3.json")
    }),
    ("other_groups_and_limits_are_tried", || twice("ulimit -n 100; probe > 2.json; probe > 3.json")),
    ("an_empty_report_is_made_anew", || damaged(": > \"$kept\"")),
    ("a_report_that_is_cut_off_is_made_anew", || {
        damaged("head -c 1000 \"$kept\" > cut; cat cut > \"$kept\"")
    }),
    ("garbage_is_made_anew", || damaged("head -c 5000 /dev/urandom > \"$kept\"")),
    ("something_else_is_made_anew", || {
        damaged("echo '{\"fingerprint\": {}, \"report\": {\"schema\": 2}}' > \"$kept\"")
    }),
    ("a_report_of_a_later_layout_is_made_anew", || {
        damaged("sed -i 's/\"schema\":2/\"schema\":3/' \"$kept\"")
    }),
    ("a_huge_file_is_made_anew", || damaged("truncate -s 1G \"$kept\"")),
    ("a_pipe_in_its_place_is_made_anew", || damaged("rm \"$kept\"; mkfifo \"$kept\"")),
    ("a_directory_in_its_place_is_no_hindrance", a_directory_in_its_place_is_no_hindrance),
    ("a_report_of_another_user_is_not_believed", a_report_of_another_user_is_not_believed),
    ("where_nothing_can_be_kept_everything_is_tried", where_nothing_can_be_kept_everything_is_tried),
    ("a_full_disk_is_no_hindrance", a_full_disk_is_no_hindrance),
    ("two_at_the_same_time_keep_what_both_found", two_at_the_same_time_keep_what_both_found),
    ("many_at_the_same_time_are_all_answered", many_at_the_same_time_are_all_answered),
    ("a_decision_takes_what_the_probe_found", a_decision_takes_what_the_probe_found),
];

const ARC: &[&str] = &["--device", "intel-arc"];

/// The reports that are kept.
fn kept(place: &Place) -> Vec<PathBuf> {
    let files = fs::read_dir(place.cache()).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect()
}

fn a_second_call_asks_and_tries_nothing() {
    let (once, often) = (Place::new(), Place::new());
    script(&once, ARC, "probe > 1.json");
    script(&often, ARC, "probe > 1.json; probe > 2.json; probe > 3.json");
    let first = report(&often, "1.json");
    assert_eq!(first, report(&often, "2.json"));
    assert_eq!(first, report(&often, "3.json"));
    let calls = |place: &Place| json(place, "gpu.json")["calls"]["va.Initialize"].clone();
    assert_eq!((coded(&once), calls(&once)), (coded(&often), calls(&often)));
    assert_eq!(coded(&often), pictures(&first, "h264_vaapi"));
    assert_eq!(kept(&often).len(), 1);
}

/// After a first probe, a script tries once more.
#[track_caller]
fn twice(then: &str) {
    let place = Place::new();
    script(&place, ARC, &format!("probe > 1.json; {then}"));
    let (first, second) = (report(&place, "1.json"), report(&place, "2.json"));
    assert_eq!(coded(&place), pictures(&first, "h264_vaapi") + pictures(&second, "h264_vaapi"));
}

fn another_file_of_the_driver_is_tried() {
    let place = Place::new();
    script(
        &place,
        ARC,
        "mkdir drivers; cp -L \"$LIBVA_DRIVERS_PATH\"/*.so drivers; export LIBVA_DRIVERS_PATH=\"$PWD/drivers\"
         probe > 1.json; touch -d 2020-01-01 drivers/*.so; probe > 2.json; probe > 3.json",
    );
    assert_eq!(coded(&place), 2 * pictures(&report(&place, "3.json"), "h264_vaapi"));
    assert_eq!(report(&place, "2.json"), report(&place, "3.json"));
}

/// What is kept is damaged: it is tried once more, and kept again.
#[track_caller]
fn damaged(how: &str) {
    twice(&format!("kept=$(ls -d \"$HWENC_CACHE_DIR\"/*.json); {how}; probe > 2.json; probe > 3.json"));
}

fn a_directory_in_its_place_is_no_hindrance() {
    let place = Place::new();
    let then = "kept=$(ls -d \"$HWENC_CACHE_DIR\"/*.json); rm \"$kept\"; mkdir \"$kept\"; probe > 2.json";
    script(&place, ARC, &format!("probe > 1.json; {then}"));
    assert_eq!(coded(&place), 2 * pictures(&report(&place, "2.json"), "h264_vaapi"));
}

/// Root can give it to somebody; others can point to what is root's.
fn a_report_of_another_user_is_not_believed() {
    let place = Place::new();
    let wait = "touch ready; while test ! -e given; do sleep 0.01; done";
    std::thread::scope(|scope| {
        let given = scope.spawn(|| {
            while !place.path().join("ready").exists() {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            let file = kept(&place).pop().unwrap();
            if is_root() {
                chown(&file, Some(65534), None).unwrap();
            } else {
                fs::remove_file(&file).unwrap();
                symlink("/etc/passwd", &file).unwrap();
            }
            fs::write(place.path().join("given"), "").unwrap();
        });
        script(&place, ARC, &format!("probe > 1.json; {wait}; probe > 2.json; probe > 3.json"));
        given.join().unwrap();
    });
    assert_eq!(coded(&place), 2 * pictures(&report(&place, "2.json"), "h264_vaapi"));
    assert_eq!(report(&place, "2.json"), report(&place, "3.json"), "its own is kept");
}

fn where_nothing_can_be_kept_everything_is_tried() {
    let place = Place::new();
    fs::write(place.path().join("file"), "").unwrap();
    for directory in ["/proc/nowhere", "/dev/null/below", "file", "file/below"] {
        let set = format!("export HWENC_CACHE_DIR={directory}");
        let ran = script(&place, ARC, &format!("{set}; probe > 1.json; probe > 2.json"));
        assert_eq!(ran.stderr, "", "{directory}");
        assert_eq!(coded(&place), 2 * pictures(&report(&place, "2.json"), "h264_vaapi"), "{directory}");
        assert!(kept(&place).is_empty(), "{directory}");
        fs::remove_file(place.path().join("gpu.json")).unwrap();
    }
}

/// No file may grow: writing fails as on a full disk, the journal's too. The reports come through a pipe.
fn a_full_disk_is_no_hindrance() {
    let place = Place::new();
    let ran = script(&place, ARC, "trap '' XFSZ; ulimit -f 0; probe");
    crate::schema::check_json(&ran.stdout);
    pictures(&ran.json(), "h264_vaapi");
    assert!(kept(&place).is_empty());
}

fn two_at_the_same_time_keep_what_both_found() {
    let place = Place::new();
    let hevc = r#""$HWENC" probe --json --codec hevc --bit-depth 8 --size 320x192 --deadline 60"#;
    let script_ = format!(
        "probe > 1.json & one=$!; {hevc} > 2.json & two=$!; wait $one; wait $two; probe > 3.json; {hevc} > 4.json"
    );
    script(&place, ARC, &script_);
    let expected =
        pictures(&report(&place, "1.json"), "h264_vaapi") + pictures(&report(&place, "2.json"), "hevc_vaapi");
    assert_eq!(coded(&place), expected);
    for name in ["3.json", "4.json"] {
        let both = report(&place, name);
        pictures(&both, "h264_vaapi");
        pictures(&both, "hevc_vaapi");
    }
}

fn many_at_the_same_time_are_all_answered() {
    let place = Place::new();
    script(
        &place,
        ARC,
        "for n in 1 2 3 4 5; do probe > $n.json & all=\"$all $!\"; done; for one in $all; do wait $one; done; probe > 6.json",
    );
    let each = pictures(&report(&place, "6.json"), "h264_vaapi");
    for n in 1..=5 {
        assert_eq!(pictures(&report(&place, &format!("{n}.json")), "h264_vaapi"), each);
    }
    assert!(coded(&place) <= 5 * each, "the last one tried nothing");
    assert_eq!(kept(&place).len(), 1);
}

fn a_decision_takes_what_the_probe_found() {
    let place = Place::new();
    let select = r#""$HWENC" select --json --codec h264 --size 320x192"#;
    script(&place, ARC, &format!("probe > 1.json; {select} > 2.json; {select} > 3.json"));
    assert_eq!(coded(&place), pictures(&report(&place, "1.json"), "h264_vaapi"));
    let (found, decided) = (report(&place, "1.json"), json(&place, "2.json"));
    let chosen = &decided["candidates"][decided["chosen"].as_u64().unwrap() as usize];
    assert_eq!(chosen["proof"], outcome(&found, "h264_vaapi", "renderD128")["verified"]);
    assert_eq!(decided, json(&place, "3.json"));
}
