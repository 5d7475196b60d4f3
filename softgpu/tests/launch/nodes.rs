//! What is in `/dev/dri`, whose it is, and whether it opens.

use std::fs;

use serde_json::{Value, json};

use crate::{among, python, softgpu, text};

/// Prints the error of opening each path.
const OPEN: &str = "
import errno, os, sys
for path in ['/dev/dri/renderD128', '/dev/dri/card0']:
    for flags in [os.O_RDONLY, os.O_RDWR]:
        try:
            os.close(os.open(path, flags))
            print('open', end=' ')
        except OSError as e:
            print(errno.errorcode[e.errno], end=' ')
    print(os.access(path, os.R_OK), os.access(path, os.R_OK | os.W_OK), os.access(path, os.F_OK))
";

#[test]
fn nodes_are_devices_to_every_kind_of_program() {
    let listed = text(&among("intel-arc", &["ls", "-ln", "/dev/dri"]).stdout);
    assert!(
        listed.lines().any(|line| line.starts_with("crw-rw----") && line.contains(" 226, 128 ")),
        "{listed}"
    );
    assert!(
        listed.lines().any(|line| line.starts_with("crw-rw----") && line.contains(" 226,   0 ")),
        "{listed}"
    );
    let stat = among("intel-arc", &["stat", "-c", "%F %t:%T %a %n", "/dev/dri/renderD128", "/dev/dri/card0"]);
    assert_eq!(
        text(&stat.stdout),
        "character special file e2:80 660 /dev/dri/renderD128\ncharacter special file e2:0 660 /dev/dri/card0\n"
    );
    let found = text(&among("intel-arc", &["find", "/dev/dri", "-type", "c"]).stdout);
    assert_eq!(found.lines().count(), 2, "{found}");
    let shell = "cd /dev/dri && [ -c renderD128 ] && test -w ./card0 && exec 3<>renderD128 && pwd && /bin/pwd && echo *D*";
    let output = among("intel-arc", &["bash", "-c", shell]);
    assert_eq!(text(&output.stdout), "/dev/dri\n/dev/dri\nrenderD128\n", "{}", text(&output.stderr));
    let links =
        text(&among("intel-arc", &["readlink", "-f", "/dev/dri/by-path/pci-0000:03:00.0-render"]).stdout);
    assert_eq!(links, "/dev/dri/renderD128\n");
}

#[test]
fn a_node_is_known_by_whatever_way_it_is_reached() {
    let script = "
import os, stat
def node(s): return (stat.S_ISCHR(s.st_mode), os.major(s.st_rdev), os.minor(s.st_rdev), s.st_size)
want = (True, 226, 128, 0)
fd = os.open('/dev/dri/renderD128', os.O_RDWR | os.O_CLOEXEC)
assert node(os.fstat(fd)) == want
assert node(os.fstat(os.dup(fd))) == want
assert node(os.stat('//dev/./dri/renderD128')) == want
assert node(os.stat('/dev/dri/by-path/../renderD128')) == want
assert node(os.stat('/dev/dri/by-path/pci-0000:03:00.0-render')) == want
assert stat.S_ISLNK(os.lstat('/dev/dri/by-path/pci-0000:03:00.0-render').st_mode)
dev = os.open('/dev', os.O_RDONLY)
dri = os.open('dri', os.O_RDONLY, dir_fd=dev)
assert node(os.stat('renderD128', dir_fd=dri)) == want
assert node(os.fstat(os.open('renderD128', os.O_RDWR, dir_fd=dri))) == want
os.chdir('/dev/dri')
assert node(os.stat('renderD128')) == want and os.getcwd() == '/dev/dri'
kinds = {e.name: (e.is_file(), e.is_dir()) for e in os.scandir('/dev/dri')}
assert kinds == {'by-path': (False, True), 'card0': (False, False), 'renderD128': (False, False)}, kinds
pid = os.fork()
if pid == 0:
    os._exit(0 if node(os.fstat(fd)) == want else 1)
assert os.waitpid(pid, 0)[1] == 0
print(os.path.realpath('/dev/dri/renderD128'))
";
    assert_eq!(python("intel-arc", script), "/dev/dri/renderD128\n");
}

#[test]
fn an_inherited_node_stays_one() {
    let script = "exec 3<>/dev/dri/renderD128; exec stat -L -c '%F %t:%T' /proc/self/fd/3 -";
    let output = among("intel-arc", &["bash", "-c", &format!("{script} <&3")]);
    assert_eq!(text(&output.stdout), "character special file e2:80\ncharacter special file e2:80\n");
}

#[test]
fn numbers_are_as_asked_or_the_next_free() {
    for (devices, names) in [
        ("intel-arc", "card0 renderD128"),
        ("intel-arc:node=129", "card0 renderD129"),
        ("intel-arc:node=191:card=63", "card63 renderD191"),
        ("intel-arc,amd-rdna2,virtio", "card0 card1 card2 renderD128 renderD129 renderD130"),
        ("intel-arc,intel-arc:node=128", "card0 card1 renderD128 renderD129"),
        ("intel-arc:card=none", "renderD128"),
        ("intel-arc:node=none", "card0"),
        ("empty", ""),
    ] {
        let script = "import os; print(*sorted(n for n in os.listdir('/dev/dri') if n != 'by-path'))";
        assert_eq!(python(devices, script).trim(), names, "{devices}");
    }
}

#[test]
fn there_may_be_no_directory_at_all() {
    let script = "
import errno, os
for call in [lambda: os.listdir('/dev/dri'), lambda: os.stat('/dev/dri'), lambda: os.open('/dev/dri/renderD128', os.O_RDWR)]:
    try:
        call()
        print('there')
    except OSError as e:
        print(errno.errorcode[e.errno])
print(os.listdir('/sys/class/drm'))
";
    assert_eq!(python("none", script), "ENOENT\nENOENT\nENOENT\n['version']\n");
    assert_eq!(python("empty", script), "there\nthere\nENOENT\n['version']\n");
}

#[test]
fn permissions_count_for_root_too() {
    let no = "EACCES EACCES False False True\n";
    let read = "open EACCES True False True\n";
    let yes = "open open True True True\n";
    let uid = nix::unistd::geteuid();
    // Somebody who is not the caller.
    let other = uid.as_raw() + 1;
    let other_gid = 4_000_000_000_u32;
    for (device, each) in [
        ("intel-arc".to_owned(), yes),
        (format!("intel-arc:uid={other}:gid={other_gid}:mode=0660"), no),
        (format!("intel-arc:uid={other}:gid={other_gid}:mode=0664"), read),
        (format!("intel-arc:uid={other}:gid={other_gid}:mode=0666"), yes),
        (format!("intel-arc:uid={other}:gid={other_gid}:mode=0606"), yes),
        (format!("intel-arc:uid={other}:gid={}:mode=0660", nix::unistd::getegid()), yes),
        (format!("intel-arc:uid={other}:gid={}:mode=0606", nix::unistd::getegid()), no),
        (format!("intel-arc:uid={uid}:gid={other_gid}:mode=0600"), yes),
        (format!("intel-arc:uid={uid}:gid={other_gid}:mode=0066"), no),
        (format!("intel-arc:uid={uid}:mode=0"), no),
    ] {
        assert_eq!(python(&device, OPEN), each.repeat(2), "{device}");
    }
}

#[test]
fn owner_group_and_mode_are_shown() {
    let output = among("virtio:uid=12:gid=345:mode=0640", &["stat", "-c", "%u %g %a", "/dev/dri/renderD128"]);
    assert_eq!(text(&output.stdout), "12 345 640\n");
    let output = among("virtio", &["stat", "-c", "%u %g %a", "/dev/dri"]);
    assert_eq!(text(&output.stdout), "0 0 755\n");
}

#[test]
fn opening_fails_with_any_error_that_is_asked_for() {
    for errno in ["ENODEV", "ENXIO", "EBUSY", "EIO", "EPERM"] {
        let each = format!("{errno} {errno} True True True\n");
        assert_eq!(python(&format!("intel-arc:errno={errno}"), OPEN), each.repeat(2));
    }
    // The shell opens otherwise than Python.
    let output = among("intel-arc:errno=ENODEV", &["sh", "-c", "cat /dev/dri/renderD128"]);
    assert!(text(&output.stderr).contains("No such device"), "{}", text(&output.stderr));
}

#[test]
fn one_device_of_several_may_be_refused() {
    let script = "
import os
for number in [128, 129]:
    try:
        os.close(os.open(f'/dev/dri/renderD{number}', os.O_RDWR)); print('open')
    except PermissionError: print('refused')
";
    assert_eq!(python("intel-arc:mode=0,amd-rdna3", script), "refused\nopen\n");
}

#[test]
fn fault_rules_on_nodes_are_counted_and_reported() {
    let place = tempfile::tempdir().expect("directory");
    let file = place.path().join("report.json");
    let script = "
import errno, fcntl, os
def attempt(call):
    try: call(); return 'ok'
    except OSError as e: return errno.errorcode[e.errno]
print(*[attempt(lambda: os.open('/dev/dri/renderD128', os.O_RDWR)) for _ in range(3)])
fd = os.open('/dev/dri/renderD128', os.O_RDWR)
version = bytearray(64)
print(*[attempt(lambda: fcntl.ioctl(fd, 0xc0406400, version)) for _ in range(4)])
";
    let output = softgpu(&["run", "--report"])
        .arg(&file)
        .args(["--fault", "drm.open=EBUSY@2", "--fault", "drm.ioctl=EIO@/3", "--", "python3", "-c", script])
        .output()
        .expect("softgpu starts");
    assert_eq!(text(&output.stdout), "ok EBUSY ok\nok ok EIO ok\n", "{}", text(&output.stderr));
    let report: Value = serde_json::from_slice(&fs::read(&file).expect("read")).expect("JSON");
    assert_eq!(report["calls"], json!({"drm.open": 4, "drm.ioctl": 4}));
    assert_eq!(report["faults"], json!({"drm.open=EBUSY@2": 1, "drm.ioctl=EIO@/3": 1}));
}

#[test]
fn a_node_that_crashes_takes_the_process_alone() {
    let output =
        softgpu(&["run", "--fault", "drm.open=segv", "--", "sh", "-c", "cat /dev/dri/card0; echo $?"])
            .output()
            .expect("softgpu starts");
    assert_eq!(text(&output.stdout), "139\n");
}
