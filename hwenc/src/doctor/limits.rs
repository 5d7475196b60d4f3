//! What a control group allows: devices and memory.

use crate::device::RenderNode;
use crate::probe::Report;

use super::container;
use super::finding::Finding;
use super::questions;
use super::refused::Family;

/// Major number of DRM nodes (`Documentation/admin-guide/devices.txt`).
const DRM: u32 = 226;
/// Encoding 1080p with the ffmpeg command of 5.1 took 455 MiB (libx264), 461 (libx265) and 479 (libsvtav1), with two threads.
const LEAST: u64 = 512 << 20;

/// Whether a list lets a character device be read and written (`Documentation/admin-guide/cgroup-v1/devices.rst`):
/// lines such as `c 226:* rwm`, `a *:* rwm`.
fn allows(rules: &[String], number: (u32, u32)) -> bool {
    let fits = |text: &str, number: u32| text == "*" || text.parse() == Ok(number);
    rules.iter().any(|rule| {
        let mut words = rule.split_whitespace();
        let (kind, numbers, access) = (words.next(), words.next(), words.next().unwrap_or_default());
        let Some((major, minor)) = numbers.and_then(|numbers| numbers.split_once(':')) else {
            return kind == Some("a");
        };
        matches!(kind, Some("a" | "c"))
            && fits(major, number.0)
            && fits(minor, number.1)
            && access.contains('r')
            && access.contains('w')
    })
}

pub(super) fn device_rules(report: &Report) -> Finding {
    let Some(rules) = &report.machine.container.device_rules else {
        return Finding::not_needed("the list of allowed devices cannot be read here");
    };
    let number = |node: &RenderNode| {
        let file = node.file.as_ref()?;
        (!file.can_open()).then(|| file.number.unwrap_or((DRM, node.minor)))
    };
    let nodes = &report.machine.drm.render_nodes;
    let barred = nodes.iter().find_map(|node| Some((node, number(node).filter(|n| !allows(rules, *n))?)));
    let Some((node, (major, minor))) = barred else {
        return if nodes.is_empty() {
            Finding::not_needed("no node")
        } else {
            Finding::ok("the nodes are on the list")
        };
    };
    Finding::problem(
        format!("the list of allowed devices of this control group lacks {}", node.name),
        "the kernel refuses what is not on the list, whatever the mode of the file says",
    )
    .plainly("this container may not use the GPU")
    .unless(questions::some_gpu_opens(report))
    .steps(container::give_device(report, Family::Render, &node.path))
    .say(format!("the rule that is missing: `c {major}:{minor} rwm`"))
    .evidences(rules.iter().cloned())
}

pub(super) fn memory(report: &Report) -> Finding {
    let Some(limit) = report.machine.container.memory_limit else {
        return Finding::not_needed("no limit");
    };
    let mib = limit >> 20;
    if limit >= LEAST {
        return Finding::ok(format!("{mib} MiB are allowed"));
    }
    let finding = Finding::warning(
        format!("only {mib} MiB of memory are allowed here"),
        "encoding 1080p takes up to 480 MiB on the processor, less on a GPU, and the kernel ends what takes more than it may",
    );
    if questions::in_container(report) {
        finding.say(
            "allow the container more, such as `docker run --memory 1g …`; in a pod `limits: {memory: 1Gi}`",
        )
    } else {
        finding.say("in a systemd unit: `MemoryMax=1G`")
    }
}

#[cfg(test)]
mod tests {
    use super::allows;

    #[test]
    fn rules_with_and_without_stars() {
        for (rule, allowed) in [
            ("c 226:128 rwm", true),
            ("c 226:* rwm", true),
            ("c *:* rwm", true),
            ("a *:* rwm", true),
            ("a", true),
            ("c *:* m", false),
            ("c 226:128 r", false),
            ("b 226:128 rwm", false),
            ("c 226:129 rwm", false),
            ("c 1:3 rwm", false),
            ("", false),
        ] {
            assert_eq!(allows(&[rule.to_owned()], (226, 128)), allowed, "{rule:?}");
        }
    }
}
