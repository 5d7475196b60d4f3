//! What hwenc says of a report, against what a row expects.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::place::Place;
use crate::row::{Decision, Row};
use crate::run::offline;

/// The findings, all of them and no others.
pub(crate) fn doctor(row: &Row, place: &Place) {
    let ran = offline(place, &["doctor", "--json"]);
    let told = ran.json();
    let text = offline(place, &["doctor"]).stdout;
    let found: Vec<String> = told["checks"].as_array().unwrap().iter().filter_map(finding).collect();
    assert_eq!(found, row.finds, "\n{text}");
    let problem = found.iter().any(|finding| finding.starts_with('✗'));
    assert_eq!(ran.code, if problem { 4 } else { 0 }, "{}{}", ran.stdout, ran.stderr);
    for words in row.says {
        assert!(text.contains(words), "{words:?} is not in\n{text}");
    }
    // Nothing about the place of files goes to somebody who did not ask for it.
    let path = place.path().to_str().unwrap();
    assert!(!text.contains(path) && !text.contains("/tmp/softgpu"), "{text}");
    let works = matches!(row.decision, Decision::Takes(_, Some(_)));
    assert!(!works || told["verdict"]["level"] == "ok", "\n{text}");
    assert!(!place.path().join("not-made").exists());
}

fn finding(check: &Value) -> Option<String> {
    let id = check["id"].as_str().unwrap();
    match check["level"].as_str().unwrap() {
        "ok" => None,
        "warning" => Some(format!("! {id}")),
        _ => Some(format!("✗ {id}")),
    }
}

/// The encoder that is taken, and why others are not.
pub(crate) fn decision(row: &Row, place: &Place) {
    let depth = row.bit_depth.to_string();
    let words = ["select", "--codec", row.codec, "--size", row.size, "--bit-depth", &depth, "--json"];
    let ran = offline(place, &[&words[..], &["--fallback", row.fallback]].concat());
    let told = ran.json();
    let shown = || format!("{}{}", ran.stdout, ran.stderr);
    match row.decision {
        Decision::Takes(encoder, device) => {
            assert_eq!(ran.code, 0, "{}", shown());
            let chosen = &told["candidates"][told["chosen"].as_u64().unwrap() as usize];
            let node = device.map(|name| format!("/dev/dri/{name}"));
            let found = (chosen["encoder"].as_str(), chosen["device"].as_str());
            assert_eq!(found, (Some(encoder), node.as_deref()), "{}", shown());
            assert!(chosen["proof"]["frames"].as_u64() > Some(0), "it was tried: {chosen}");
            assert_eq!(told["fallback_used"], device.is_none());
        }
        Decision::None => {
            assert_eq!((ran.code, told["code"].as_str()), (3, Some("select.no_encoder")), "{}", shown());
        }
        Decision::Untried => {
            assert_eq!((ran.code, told["code"].as_str()), (3, Some("select.needs_trials")), "{}", shown());
        }
    }
    for refused in row.refuses {
        let (who, code) = refused.split_once(' ').unwrap();
        let (encoder, node) = who.split_once('@').map_or((who, None), |(name, node)| (name, Some(node)));
        let node = node.map(|name| format!("/dev/dri/{name}"));
        let candidates = told["candidates"].as_array().unwrap().iter();
        let named = candidates.filter(|candidate| {
            candidate["encoder"] == encoder && node.as_ref().is_none_or(|node| candidate["device"] == **node)
        });
        let codes: BTreeSet<&str> =
            named.map(|candidate| candidate["reason"]["code"].as_str().unwrap()).collect();
        assert_eq!(codes, BTreeSet::from([code]), "{who}: {}", shown());
    }
}
