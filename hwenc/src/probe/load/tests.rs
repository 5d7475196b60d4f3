//! Two looks at a machine, with what lies between them known.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::*;

/// A process with a descriptor of a file.
fn open(root: &Path, process: u32, descriptor: u32, target: &str, info: &str) {
    let process = root.join("proc").join(process.to_string());
    fs::create_dir_all(process.join("fd")).unwrap();
    fs::create_dir_all(process.join("fdinfo")).unwrap();
    let link = process.join("fd").join(descriptor.to_string());
    if !link.is_symlink() {
        symlink(target, link).unwrap();
    }
    fs::write(process.join("fdinfo").join(descriptor.to_string()), info).unwrap();
}

fn look(root: &Path) -> Vec<Client> {
    clients(&root.join("proc"))
}

fn i915(client: u32, render: u64, video: u64) -> String {
    format!(
        "pos:\t0\nflags:\t02100002\nmnt_id:\t24\nino:\t420\ndrm-driver:\ti915\ndrm-client-id:\t{client}\n\
         drm-pdev:\t0000:00:02.0\ndrm-total-system0:\t1024 KiB\ndrm-engine-render:\t{render} ns\n\
         drm-engine-video:\t{video} ns\ndrm-engine-capacity-video:\t2\ndrm-engine-copy:\t0 ns\n"
    )
}

fn told(loads: &[Load]) -> Vec<String> {
    loads.iter().map(|l| format!("{} {} {} {}", l.device, l.engine, l.percent, l.clients)).collect()
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn time_is_counted_by_engine_and_client() {
    let root = tempfile::tempdir().unwrap();
    let node = "/dev/dri/renderD128";
    open(root.path(), 100, 3, node, &i915(7, 1_000, 5_000));
    // A copy of the descriptor, and one that a child has.
    open(root.path(), 100, 4, node, &i915(7, 1_000, 5_000));
    open(root.path(), 101, 3, node, &i915(7, 1_000, 5_000));
    open(root.path(), 200, 9, "/dev/dri/card0", &i915(8, 0, 0));
    // Not a device, whatever it says.
    open(root.path(), 200, 10, "/tmp/file", &i915(9, 0, 0));
    let before = look(root.path());
    assert_eq!(before.len(), 4);
    for (process, descriptor) in [(100, 3), (100, 4), (101, 3)] {
        open(root.path(), process, descriptor, node, &i915(7, 250_001_000, 1_000_005_000));
    }
    open(root.path(), 200, 9, "/dev/dri/card0", &i915(8, 125_000_000, 0));
    // It came between the two, and its past is not counted.
    open(root.path(), 300, 3, node, &i915(11, 900_000_000, 0));
    let loads = between(&before, &look(root.path()), SECOND);
    assert_eq!(
        told(&loads),
        ["0000:00:02.0 copy 0 3", "0000:00:02.0 render 37.5 3", "0000:00:02.0 video 50 3"],
        "the video engine has two units"
    );
}

fn xe(client: u32, cycles: u64, total: u64) -> String {
    format!(
        "drm-driver:\txe\ndrm-client-id:\t{client}\ndrm-pdev:\t0000:03:00.0\ndrm-cycles-vcs:\t{cycles}\n\
         drm-total-cycles-vcs:\t{total}\ndrm-engine-capacity-vcs:\t2\n"
    )
}

#[test]
fn cycles_are_counted_against_those_that_passed() {
    let root = tempfile::tempdir().unwrap();
    open(root.path(), 1, 5, "/dev/dri/renderD129", &xe(1, 100, 1_000_000));
    let before = look(root.path());
    assert_eq!(told(&between(&before, &before, SECOND)), ["0000:03:00.0 vcs 0 1"], "no time passed");
    open(root.path(), 1, 5, "/dev/dri/renderD129", &xe(1, 480_100, 1_600_000));
    assert_eq!(told(&between(&before, &look(root.path()), SECOND)), ["0000:03:00.0 vcs 40 1"]);
}

#[test]
fn devices_are_kept_apart() {
    let root = tempfile::tempdir().unwrap();
    let amd = |ns: u64| {
        format!("drm-driver:\tamdgpu\ndrm-client-id:\t7\ndrm-pdev:\t0000:0b:00.0\ndrm-engine-enc:\t{ns} ns\n")
    };
    // A board without PCI, whose clients have numbers of the whole system.
    let v3d = |ns: u64| format!("drm-driver:\tv3d\ndrm-client-id:\t7\ndrm-engine-render:\t{ns} ns\n");
    // A driver without numbers: each descriptor is a client.
    let bare = "drm-driver:\tother\n";
    open(root.path(), 1, 3, "/dev/dri/renderD128", &amd(0));
    open(root.path(), 1, 4, "/dev/dri/renderD129", &v3d(0));
    open(root.path(), 1, 5, "/dev/dri/renderD130", bare);
    let before = look(root.path());
    open(root.path(), 1, 3, "/dev/dri/renderD128", &amd(999_999_999));
    open(root.path(), 1, 4, "/dev/dri/renderD129", &v3d(3_000_000_000));
    let loads = between(&before, &look(root.path()), SECOND);
    assert_eq!(
        told(&loads),
        ["/dev/dri/renderD129 render 100 1", "0000:0b:00.0 enc 100 1"],
        "no more than all"
    );
}

#[test]
fn a_counter_that_falls_and_text_that_is_none_are_nothing() {
    let root = tempfile::tempdir().unwrap();
    open(root.path(), 1, 3, "/dev/dri/renderD128", &i915(1, 500, 500));
    open(root.path(), 1, 4, "/dev/dri/renderD128", "pos:\t0\nflags:\t02\n");
    open(root.path(), 1, 5, "/dev/dri/renderD128", "drm-engine-:\nnonsense\ndrm-engine-x:\tmany ns\n:\n");
    fs::create_dir_all(root.path().join("proc/self/fd")).unwrap();
    fs::create_dir_all(root.path().join("proc/2")).unwrap();
    let before = look(root.path());
    open(root.path(), 1, 3, "/dev/dri/renderD128", &i915(1, 0, 0));
    let loads = between(&before, &look(root.path()), Duration::ZERO);
    assert!(loads.iter().all(|load| load.percent == 0.0), "{loads:?}");
}

#[test]
fn without_clients_nobody_waits() {
    let root = tempfile::tempdir().unwrap();
    // An hour, if it waited.
    assert_eq!(loads(&Roots::under(root.path()), Duration::from_secs(3600)), []);
    open(root.path(), 1, 3, "/dev/dri/renderD128", &i915(1, 5, 5));
    let loads = loads(&Roots::under(root.path()), Duration::ZERO);
    assert_eq!(
        loads.iter().map(|load| load.engine.as_str()).collect::<Vec<_>>(),
        ["copy", "render", "video"]
    );
}

#[test]
fn nvml_tells_the_same_way() {
    let gpu = NvmlGpu {
        pci_address: Some("0000:de:00.0".into()),
        encoder_sessions: Some(2),
        encoder_percent: Some(17),
        gpu_percent: Some(31),
        ..NvmlGpu::default()
    };
    let unknown = NvmlGpu { encoder_percent: Some(1), ..NvmlGpu::default() };
    let nvml = Nvml { gpus: vec![gpu, unknown], ..Nvml::default() };
    assert_eq!(told(&loads_of(&nvml)), ["0000:de:00.0 enc 17 2", "0000:de:00.0 gpu 31 2"]);
}
