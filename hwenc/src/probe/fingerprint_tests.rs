use super::*;

/// A machine of files, and its fingerprint.
struct Machine(tempfile::TempDir);

impl Machine {
    fn new() -> Self {
        let machine = Machine(tempfile::tempdir().unwrap());
        let files = [
            ("dev/dri/renderD128", ""),
            ("dev/nvidiactl", ""),
            ("etc/ld.so.cache", "libraries"),
            ("proc/cmdline", "quiet"),
            ("proc/self/status", "CapEff:\t0000"),
            ("proc/sys/kernel/osrelease", "6.1"),
            ("proc/sys/kernel/random/boot_id", "one"),
            ("sys/fs/cgroup/memory.max", "max"),
            ("sys/module/i915/version", "1"),
            ("usr/lib/x86_64-linux-gnu/dri/iHD_drv_video.so", "driver"),
        ];
        files.iter().for_each(|(path, text)| machine.write(path, text));
        machine
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn fingerprint(&self) -> Fingerprint {
        Fingerprint::take(&Roots::under(self.0.path()), Isolation::Process)
    }
}

#[test]
fn nothing_changes_by_itself() {
    let machine = Machine::new();
    let first = machine.fingerprint();
    assert_eq!(first, machine.fingerprint());
    assert_eq!(first.name(), machine.fingerprint().name());
}

/// Each is a change after which an answer may be another.
#[test]
fn what_can_change_the_answer_is_in_it() {
    use std::os::unix::fs::PermissionsExt as _;
    type Change = (&'static str, fn(&Machine));
    let changes: &[Change] = &[
        ("a node's mode", |m| {
            fs::set_permissions(m.path("dev/dri/renderD128"), fs::Permissions::from_mode(0o600)).unwrap();
        }),
        ("another node", |m| m.write("dev/dri/renderD129", "")),
        ("a node that went", |m| fs::remove_file(m.path("dev/dri/renderD128")).unwrap()),
        ("NVIDIA's nodes", |m| m.write("dev/nvidia0", "")),
        ("a camera or an encoder", |m| m.write("dev/video0", "")),
        ("the kernel", |m| m.write("proc/sys/kernel/osrelease", "6.2")),
        ("a restart", |m| m.write("proc/sys/kernel/random/boot_id", "two")),
        ("the kernel's command line", |m| m.write("proc/cmdline", "i915.enable_guc=3")),
        ("capabilities", |m| m.write("proc/self/status", "CapEff:\t0001")),
        ("users of a namespace", |m| m.write("proc/self/uid_map", "0 1000 1")),
        ("groups of a namespace", |m| m.write("proc/self/gid_map", "0 1000 1")),
        ("the limit of memory", |m| m.write("sys/fs/cgroup/memory.max", "1000")),
        ("a container", |m| {
            m.write("proc/self/cgroup", "0::/");
            m.write(".dockerenv", "");
        }),
        ("a module", |m| m.write("sys/module/xe/version", "1")),
        ("a module of another version", |m| m.write("sys/module/i915/version", "2")),
        ("a module that was loaded again", |m| {
            m.write("sys/module/new/version", "1");
            fs::rename(m.path("sys/module/i915"), m.path("sys/module/old")).unwrap();
            fs::rename(m.path("sys/module/new"), m.path("sys/module/i915")).unwrap();
        }),
        ("NVIDIA's driver", |m| m.write("proc/driver/nvidia/version", "535")),
        ("another VA-API driver", |m| m.write("usr/lib64/dri/radeonsi_drv_video.so", "")),
        ("a new VA-API driver", |m| m.write("usr/lib/x86_64-linux-gnu/dri/iHD_drv_video.so", "newer")),
        ("libraries", |m| m.write("etc/ld.so.cache", "other libraries")),
        ("libva's settings", |m| m.write("etc/libva.conf", "")),
    ];
    for (what, change) in changes {
        let machine = Machine::new();
        let before = machine.fingerprint();
        change(&machine);
        let after = machine.fingerprint();
        assert_ne!(before, after, "{what}");
        assert_ne!(before.name(), after.name(), "{what}");
    }
}

#[test]
fn what_was_found_without_a_helper_says_nothing_of_one() {
    let machine = Machine::new();
    let roots = Roots::under(machine.0.path());
    let usual = machine.fingerprint();
    let here = Fingerprint::take(&roots, Isolation::None);
    assert_ne!(usual, here);
    assert_eq!(usual.without_isolation(), here);
}

#[test]
fn it_survives_json() {
    let fingerprint = Machine::new().fingerprint();
    let text = serde_json::to_string(&fingerprint).unwrap();
    assert_eq!(serde_json::from_str::<Fingerprint>(&text).unwrap(), fingerprint);
}
