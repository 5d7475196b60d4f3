//! vainfo lists what the device's profile has, and nothing else.

use std::collections::BTreeSet;

use softgpu_core::profile;

use crate::{Run, assert_clean, text};

fn listed(output: &str) -> BTreeSet<(String, String)> {
    let pair = |line: &str| {
        let (profile, entrypoint) = line.trim().split_once(':')?;
        let profile = profile.trim().strip_prefix("VAProfile")?;
        Some((profile.to_owned(), entrypoint.trim().strip_prefix("VAEntrypoint")?.to_owned()))
    };
    output.lines().filter_map(pair).collect()
}

#[test]
fn every_device_lists_what_its_profile_has() {
    let mut refused = Vec::new();
    for (name, _) in profile::EMBEDDED {
        let device = profile::named(name).expect("embedded");
        let run = Run::new(&["--device", name]);
        let output = run.run(&["vainfo", "--display", "drm"]);
        let said = text(&output.stdout) + &text(&output.stderr);
        if device.faults.iter().any(|rule| rule.entry == "va.Initialize") {
            assert!(!output.status.success(), "{name}: {said}");
            refused.push(*name);
            continue;
        }
        assert!(output.status.success(), "{name}: {said}");
        assert!(said.contains(&device.vendor_string), "{name}: {said}");
        let configs = device.configs.iter();
        let expected: BTreeSet<_> = configs
            .flat_map(|config| {
                let with = |profile: &String| {
                    config
                        .entrypoints
                        .iter()
                        .map(|entrypoint| (profile.clone(), entrypoint.clone()))
                        .collect::<Vec<_>>()
                };
                config.profiles.iter().flat_map(with).collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(listed(&said), expected, "{name}");
        assert_clean(&run.report());
    }
    assert_eq!(refused, ["liar-init"]);
}

#[test]
fn attributes_are_those_of_the_profile() {
    let run = Run::new(&["--device", "intel-arc"]);
    let said = text(&run.succeed(&["vainfo", "--display", "drm", "-a"]).stdout);
    let part =
        said.split("VAProfileH264Main/VAEntrypointEncSliceLP\n").nth(1).expect("the configuration is told");
    let part = part.split("\nVAProfile").next().expect("its part");
    for expected in
        ["VA_RT_FORMAT_YUV420", "VA_RC_CBR", "VA_RC_VBR", "VA_RC_CQP", "VA_ENC_PACKED_HEADER_SEQUENCE"]
    {
        assert!(part.contains(expected), "{expected}: {part}");
    }
    assert!(!part.contains("VA_RT_FORMAT_YUV420_10"), "{part}");
}
