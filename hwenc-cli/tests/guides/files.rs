//! The files for containers: nothing in them is privileged, and they hand on what is needed.

use std::collections::BTreeSet;
use std::fs;

use serde::Deserialize;
use serde_json::Value;

use super::page::{GUIDES, blocks, read, root};
use super::shell::{calls, coming, directory, is_shell, shell, understood};

const CONTAINERS: &str = "examples/containers";

/// Every file there, below the top of the repository.
fn files() -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![CONTAINERS.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(root().join(&directory)).unwrap() {
            let entry = entry.unwrap();
            let path = format!("{directory}/{}", entry.file_name().to_str().unwrap());
            if entry.file_type().unwrap().is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

/// Every document of a YAML text, with merges done.
#[track_caller]
fn documents(place: &str, text: &str) -> Vec<Value> {
    let parse = |document: serde_norway::Deserializer<'_>| {
        let mut value = serde_norway::Value::deserialize(document).unwrap_or_else(|e| panic!("{place}: {e}"));
        value.apply_merge().unwrap_or_else(|e| panic!("{place}: {e}"));
        serde_json::to_value(value).unwrap_or_else(|e| panic!("{place}: {e}"))
    };
    serde_norway::Deserializer::from_str(text).map(parse).collect()
}

fn yaml_files() -> Vec<(String, Vec<Value>)> {
    let yaml = files().into_iter().filter(|path| path.ends_with(".yaml"));
    yaml.map(|path| (path.clone(), documents(&path, &read(&path)))).collect()
}

/// Every value within a value, with the key that it stands under.
fn walk<'a>(key: &'a str, value: &'a Value, see: &mut dyn FnMut(&'a str, &'a Value)) {
    see(key, value);
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| walk(key, value, see)),
        Value::Array(items) => items.iter().for_each(|value| walk(key, value, see)),
        _ => {}
    }
}

/// Nothing that breaks a container open.
#[track_caller]
fn has_no_privilege(place: &str, value: &Value) {
    walk("", value, &mut |key, value| {
        let open = ["privileged", "hostPID", "hostIPC", "hostNetwork", "allowPrivilegeEscalation"];
        assert!(!open.contains(&key) || *value == Value::Bool(false), "{place}: {key} is {value}");
        assert!(!["cap_add", "add", "device_cgroup_rules", "pid", "ipc"].contains(&key), "{place}: {key}");
        let text = value.as_str().unwrap_or_default();
        for bad in ["docker.sock", "unconfined", "SYS_ADMIN", "label=disable"] {
            assert!(!text.contains(bad), "{place}: {text}");
        }
        assert!(
            !(key == "path" && text.starts_with("/dev")),
            "{place}: {text} as a volume has no device rule"
        );
    });
}

/// What hwenc is called with, anywhere in a file.
fn calls_in(value: &Value) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    walk("", value, &mut |_, value| match value {
        Value::Array(items) => {
            let words: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
            let words = words.unwrap_or_default();
            let named = words.first().is_some_and(|first| ["hwenc", "CMD"].contains(first));
            found.extend(calls(&format!("{}{}", if named { "" } else { "hwenc " }, words.join(" "))));
        }
        Value::String(text) if text.contains('\n') => found.extend(calls(text)),
        _ => {}
    });
    found
}

#[test]
fn every_file_is_named_in_a_guide_and_shown_as_it_is() {
    let guides: String = GUIDES.iter().map(|guide| read(guide)).collect();
    for path in files() {
        let name = path.rsplit('/').next().unwrap();
        assert!(guides.contains(name), "no guide speaks of {path}");
    }
    let mut shown = BTreeSet::new();
    for block in blocks() {
        let Some(path) = block.mark.as_deref().and_then(|mark| mark.strip_prefix("file: ")) else { continue };
        assert!(block.text == read(path), "{}: {path} is another", block.place);
        shown.insert(path.to_owned());
    }
    for path in ["Dockerfile", "compose.yaml", "compose.nvidia.yaml", "kubernetes/check-intel.yaml"] {
        assert!(shown.contains(&format!("{CONTAINERS}/{path}")), "{path} is not shown");
    }
}

#[test]
fn nothing_is_privileged() {
    let files = yaml_files();
    assert!(files.len() >= 7, "{files:?}");
    for (path, documents) in &files {
        documents.iter().for_each(|document| has_no_privilege(path, document));
        assert!(!read(path).contains("privileged: true"), "{path}");
    }
    for block in blocks() {
        if block.language == "yaml" {
            documents(&block.place, &block.text).iter().for_each(|d| has_no_privilege(&block.place, d));
        }
        assert!(!block.text.contains("--privileged"), "{}", block.place);
    }
}

/// What hwenc itself writes for containers is held to the same, and says the same as the guides.
#[test]
fn configuration_that_hwenc_writes_is_no_worse() {
    for words in ["doctor --snippet compose", "doctor --snippet kubernetes", "probe --format compose"] {
        if coming(&calls(&format!("hwenc {words}"))[0]).is_some() {
            continue;
        }
        let directory = directory();
        let script = format!("softgpu run --device intel-arc:gid=993 -- hwenc {words}");
        let output = shell(&script, directory.path()).output().unwrap();
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("993"), "{words} hands on no group:\n{text}");
        documents(words, &text).iter().for_each(|document| has_no_privilege(words, document));
    }
}

#[test]
fn what_they_call_hwenc_with_is_understood() {
    let mut seen = 0;
    for (path, documents) in yaml_files() {
        for document in &documents {
            for call in calls_in(document) {
                understood(&path, &call);
                seen += 1;
            }
            walk("", document, &mut |_, value| {
                if let Some(script) = value.as_str().filter(|text| text.contains('\n')) {
                    is_shell(&path, script);
                }
            });
        }
    }
    assert!(seen >= 9, "only {seen}");
}

#[test]
fn compose_hands_on_the_node_and_its_group() {
    for (path, documents) in yaml_files() {
        for (name, service) in documents.iter().filter_map(|d| d["services"].as_object()).flatten() {
            let place = format!("{path}: {name}");
            assert_eq!(service["cap_drop"], serde_json::json!(["ALL"]), "{place}");
            assert_eq!(service["read_only"], true, "{place}");
            assert_eq!(service["security_opt"], serde_json::json!(["no-new-privileges:true"]), "{place}");
            let reserved = &service["deploy"]["resources"]["reservations"]["devices"][0];
            if reserved["driver"] == "nvidia" {
                assert_eq!(reserved["capabilities"], serde_json::json!(["gpu"]), "{place}");
                let capabilities = service["environment"]["NVIDIA_DRIVER_CAPABILITIES"].as_str().unwrap();
                assert!(capabilities.split(',').any(|word| word == "video"), "{place}: {capabilities}");
                continue;
            }
            let devices = service["devices"].as_array().unwrap_or_else(|| panic!("{place}: no devices"));
            assert!(
                devices.iter().all(|d| d.as_str().unwrap().starts_with("/dev/dri/")),
                "{place}: {devices:?}"
            );
            let groups = service["group_add"].as_array().unwrap_or_else(|| panic!("{place}: no group_add"));
            for group in groups {
                let group = group.as_str().unwrap_or_else(|| panic!("{place}: {group} is not quoted"));
                let number = group.parse::<u32>().is_ok() || group.starts_with("${RENDER_GID:?");
                assert!(number, "{place}: {group} is a name, which the image may not have");
            }
        }
    }
}

#[test]
fn pods_ask_for_their_device_and_for_nothing_else() {
    let mut pods = 0;
    for (path, documents) in yaml_files() {
        let mut specs = Vec::new();
        for document in &documents {
            walk("", document, &mut |_, value| {
                if value["containers"].is_array() {
                    specs.push(value);
                }
            });
        }
        for pod in specs {
            assert_eq!(pod["automountServiceAccountToken"], false, "{path}");
            let context = &pod["securityContext"];
            assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault", "{path}");
            let writes =
                pod["volumes"].as_array().unwrap().iter().any(|volume| volume.get("hostPath").is_some());
            assert!(context["runAsNonRoot"] == true || writes, "{path}: root without a need");
            for container in pod["containers"].as_array().unwrap() {
                let context = &container["securityContext"];
                assert_eq!(context["allowPrivilegeEscalation"], false, "{path}");
                assert_eq!(context["readOnlyRootFilesystem"], true, "{path}");
                assert_eq!(context["capabilities"]["drop"], serde_json::json!(["ALL"]), "{path}");
                let limits = container["resources"]["limits"].as_object().unwrap();
                assert!(limits.iter().any(|(name, n)| name.contains('/') && *n == 1), "{path}: {limits:?}");
                if limits.contains_key("nvidia.com/gpu") {
                    let names = container["env"].as_array().unwrap().iter();
                    let value =
                        names.filter(|e| e["name"] == "NVIDIA_DRIVER_CAPABILITIES").map(|e| &e["value"]);
                    assert_eq!(value.collect::<Vec<_>>(), ["video,compute,utility"], "{path}");
                } else if !writes {
                    let groups = pod["securityContext"]["supplementalGroups"].as_array().unwrap();
                    assert!(groups.iter().all(Value::is_u64), "{path}: {groups:?}");
                }
            }
            pods += 1;
        }
    }
    assert!(pods >= 5, "only {pods}");
}

/// Stages and instructions of the Dockerfile, with lines joined.
fn instructions() -> Vec<(String, String)> {
    let text = read(&format!("{CONTAINERS}/Dockerfile")).replace("\\\n", " ");
    let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    let split = |line: &str| line.split_once(' ').map(|(name, rest)| (name.to_owned(), rest.to_owned()));
    lines.map(|line| split(line).unwrap_or_else(|| panic!("{line}"))).collect()
}

#[test]
fn the_image_is_built_from_what_the_project_needs_and_runs_as_nobody_special() {
    let all = instructions();
    let known = ["ARG", "FROM", "RUN", "WORKDIR", "COPY", "ENV", "USER", "ENTRYPOINT", "CMD"];
    let mut user = "";
    let mut stages = BTreeSet::new();
    for (name, rest) in &all {
        assert!(known.contains(&&**name), "{name} {rest}");
        match &**name {
            "RUN" => is_shell("Dockerfile", rest),
            "USER" => user = rest,
            "FROM" => {
                let (from, stage) = rest.split_once(" AS ").expect("every stage has a name");
                assert!(from.contains("${DEBIAN}") || stages.contains(from), "{from}");
                stages.insert(stage);
            }
            _ => {}
        }
    }
    assert_eq!(user, "10001:10001");
    assert!(stages.contains("va") && stages.contains("nvidia"), "{stages:?}");
    let build = &all.iter().find(|(name, _)| name == "RUN").unwrap().1;
    let needed = read("xtask/src/packages.rs");
    let lines = needed.lines().filter(|line| line.contains("Stage::Build,") && !line.contains("softgpu:"));
    let packages: Vec<&str> = lines.filter_map(|line| line.split('"').nth(1)).collect();
    assert!(packages.len() >= 8, "{packages:?}");
    for package in packages {
        assert!(build.split_whitespace().any(|word| word == package), "the image is built without {package}");
    }
    let rust = read("Cargo.toml");
    let rust = rust.lines().find_map(|line| line.strip_prefix("rust-version = ")).unwrap().trim_matches('"');
    assert!(
        all.iter().any(|(_, rest)| rest.starts_with(&format!("rust:{rust}-"))),
        "Rust {rust} is the oldest"
    );
}
