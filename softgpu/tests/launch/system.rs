//! What the libraries between programs and devices make of it: libdrm, libudev, and sysfs itself.

use std::fs;

use crate::{among, python, text};

/// Prints what libdrm knows of every device.
const LIBDRM: &str = r#"
import ctypes, os
drm = ctypes.CDLL("libdrm.so.2")
class Version(ctypes.Structure):
    _fields_ = [("major", ctypes.c_int), ("minor", ctypes.c_int), ("patch", ctypes.c_int),
                ("name_len", ctypes.c_int), ("name", ctypes.c_char_p), ("date_len", ctypes.c_int),
                ("date", ctypes.c_char_p), ("desc_len", ctypes.c_int), ("desc", ctypes.c_char_p)]
class Device(ctypes.Structure):
    _fields_ = [("nodes", ctypes.POINTER(ctypes.c_char_p)), ("available", ctypes.c_int), ("bus", ctypes.c_int),
                ("businfo", ctypes.c_void_p), ("deviceinfo", ctypes.c_void_p)]
drm.drmGetVersion.restype = ctypes.POINTER(Version)
for name in ["drmGetRenderDeviceNameFromFd", "drmGetPrimaryDeviceNameFromFd", "drmGetBusid"]:
    getattr(drm, name).restype = ctypes.c_char_p

def show(device):
    nodes = [device.nodes[i].decode() for i in range(3) if device.available >> i & 1]
    domain, bus, dev, func = (lambda b: (int.from_bytes(b[:2], "little"), b[2], b[3], b[4]))(ctypes.string_at(device.businfo, 5))
    ids = (ctypes.c_uint16 * 4).from_address(device.deviceinfo)
    print(*nodes, device.bus, f"{domain:04x}:{bus:02x}:{dev:02x}.{func}", *(f"{i:04x}" for i in ids))
"#;

#[test]
fn libdrm_finds_every_device() {
    let script = format!(
        "{LIBDRM}
devices = (ctypes.POINTER(Device) * 16)()
count = max(drm.drmGetDevices2(0, devices, 16), 0)
for device in sorted(devices[:count], key=lambda d: d.contents.nodes[2]): show(device.contents)
"
    );
    assert_eq!(
        python("intel-arc,amd-rdna3:node=140,virtio", &script),
        "/dev/dri/card0 /dev/dri/renderD128 0 0000:03:00.0 8086 56a5 1849 6004\n\
         /dev/dri/card2 /dev/dri/renderD129 0 0000:00:01.0 1af4 1050 1af4 1100\n\
         /dev/dri/card1 /dev/dri/renderD140 0 0000:04:00.0 1002 744c 1002 0e3b\n"
    );
    assert_eq!(python("none", &script), "");
}

#[test]
fn libdrm_knows_a_device_by_an_open_node() {
    let script = format!(
        "{LIBDRM}
for name in ['renderD128', 'card0']:
    fd = os.open('/dev/dri/' + name, os.O_RDWR)
    device = ctypes.POINTER(Device)()
    assert drm.drmGetDevice2(fd, 0, ctypes.byref(device)) == 0
    show(device.contents)
    version = drm.drmGetVersion(fd).contents
    print(version.name.decode(), len(version.name) == version.name_len, drm.drmGetNodeTypeFromFd(fd))
    print(drm.drmGetRenderDeviceNameFromFd(fd), drm.drmGetPrimaryDeviceNameFromFd(fd), drm.drmGetBusid(fd))
"
    );
    let device = "/dev/dri/card0 /dev/dri/renderD128 0 0000:0b:00.0 1002 73bf 1002 0e3a\n";
    let names = "b'/dev/dri/renderD128' b'/dev/dri/card0'";
    assert_eq!(
        python("amd-rdna2", &script),
        format!("{device}amdgpu True 2\n{names} None\n{device}amdgpu True 0\n{names} b'pci:0000:0b:00.0'\n")
    );
}

#[test]
fn dma_bufs_get_handles_that_belong_to_an_opening() {
    let script = format!(
        "{LIBDRM}
def node(): return os.open('/dev/dri/renderD128', os.O_RDWR)
def buffer():
    fd = os.memfd_create('buffer'); os.truncate(fd, 4096); return fd
def handle(fd, dmabuf):
    out = ctypes.c_uint32(); assert drm.drmPrimeFDToHandle(fd, dmabuf, ctypes.byref(out)) == 0; return out.value
def exported(fd, handle):
    out = ctypes.c_int(); result = drm.drmPrimeHandleToFD(fd, handle, os.O_CLOEXEC | os.O_RDWR, ctypes.byref(out))
    return os.fstat(out.value).st_ino if result == 0 else result
first, second, a, b = node(), node(), buffer(), buffer()
ha, hb = handle(first, a), handle(first, b)
assert ha != hb and ha > 0 and handle(first, a) == ha and handle(os.dup(first), a) == ha
assert exported(first, ha) == os.fstat(a).st_ino and exported(first, hb) == os.fstat(b).st_ino
assert exported(second, ha) == -1, 'a handle of another opening'
assert drm.drmCloseBufferHandle(first, ha) == 0 and drm.drmCloseBufferHandle(first, ha) == -1
assert exported(first, ha) == -1
os.close(b)
assert exported(first, hb) > 0, 'a handle keeps its buffer'
value = ctypes.c_uint64()
assert drm.drmGetCap(first, ctypes.c_uint64(5), ctypes.byref(value)) == 0 and value.value == 3
assert drm.drmPrimeFDToHandle(first, first + 100, ctypes.byref(ctypes.c_uint32())) == -1
assert drm.drmModeGetResources(first) == 0, 'no display'
print('done')
"
    );
    assert_eq!(python("intel-arc", &script), "done\n");
}

#[test]
fn libudev_lists_devices_with_their_parents() {
    let script = r#"
import ctypes
u = ctypes.CDLL("libudev.so.1")
P = ctypes.c_void_p
for name in ["new", "enumerate_new", "enumerate_get_list_entry", "list_entry_get_next", "list_entry_get_name",
             "device_new_from_syspath", "device_new_from_devnum", "device_get_devnode", "device_get_parent",
             "device_get_sysattr_value", "device_get_syspath", "device_get_driver", "device_get_subsystem"]:
    getattr(u, "udev_" + name).restype = P
s = lambda pointer: ctypes.string_at(pointer).decode() if pointer else None
udev = P(u.udev_new())
e = P(u.udev_enumerate_new(udev))
u.udev_enumerate_add_match_subsystem(e, b"drm")
assert u.udev_enumerate_scan_devices(e) == 0
entry = u.udev_enumerate_get_list_entry(e)
while entry:
    d = P(u.udev_device_new_from_syspath(udev, P(u.udev_list_entry_get_name(P(entry)))))
    parent = P(u.udev_device_get_parent(d))
    print(s(u.udev_device_get_devnode(d)), s(u.udev_device_get_syspath(parent)), s(u.udev_device_get_sysattr_value(parent, b"vendor")),
          s(u.udev_device_get_driver(parent)), s(u.udev_device_get_subsystem(parent)), u.udev_device_get_is_initialized(d))
    entry = u.udev_list_entry_get_next(P(entry))
by_number = P(u.udev_device_new_from_devnum(udev, ctypes.c_char(b"c"), ctypes.c_uint64(226 << 8 | 128)))
print(s(u.udev_device_get_devnode(by_number)))
"#;
    assert_eq!(
        python("intel-arc,virtio:card=none", script),
        "/dev/dri/renderD129 /sys/devices/pci0000:00/0000:00:01.0/virtio101 0x1af4 virtio_gpu virtio 1\n\
         /dev/dri/card0 /sys/devices/pci0000:03/0000:03:00.0 0x8086 i915 pci 1\n\
         /dev/dri/renderD128 /sys/devices/pci0000:03/0000:03:00.0 0x8086 i915 pci 1\n\
         /dev/dri/renderD128\n"
    );
}

#[test]
fn sysfs_tells_what_the_profile_says() {
    let script = "
import os
node = '/sys/class/drm/renderD128'
device = os.path.realpath(node + '/device')
print(device, os.path.realpath('/sys/dev/char/226:128') == os.path.realpath(node))
print(*(open(f'{device}/{name}').read().strip() for name in ['vendor', 'device', 'class', 'revision', 'subsystem_vendor']))
print(*(os.path.basename(os.readlink(f'{device}/{name}')) for name in ['driver', 'subsystem']), sorted(os.listdir(device + '/drm')))
print(open(node + '/dev').read().strip(), os.path.realpath(device + '/subsystem'), os.path.isdir('/sys/module/i915'))
print('0000:00:02.0' in os.listdir('/sys/bus/pci/devices'), os.path.realpath('/sys/bus/pci/devices/0000:00:02.0') == device)
print('PCI_ID=8086:0412' in open(device + '/uevent').read().split())
";
    assert_eq!(
        python("intel-haswell", script),
        "/sys/devices/pci0000:00/0000:00:02.0 True\n\
         0x8086 0x0412 0x030000 0x06 0x8086\n\
         i915 pci ['card0', 'renderD128']\n\
         226:128 /sys/bus/pci True\n\
         True True\nTrue\n"
    );
}

#[test]
fn addresses_are_as_asked_and_never_the_same() {
    let script = "import os; print(*sorted(os.path.basename(os.path.realpath(f'/sys/class/drm/{n}/device')) \
                  for n in os.listdir('/sys/class/drm') if n.startswith('render')))";
    assert_eq!(
        python("intel-arc,intel-arc,intel-arc:pci=0000:65:00.0", script),
        "0000:03:00.0 0000:04:00.0 0000:65:00.0\n"
    );
}

#[test]
fn the_rest_of_the_machine_is_as_it_was() {
    let names = |path: &str| {
        let mut names: Vec<String> = fs::read_dir(path)
            .expect(path)
            .map(|entry| text(entry.expect("entry").file_name().as_encoded_bytes()))
            .collect();
        names.sort();
        names
    };
    for path in ["/sys/class", "/sys/bus", "/sys/devices"] {
        let listed = text(&among("intel-arc", &["ls", path]).stdout);
        for name in names(path) {
            assert!(listed.lines().any(|line| line == name), "{path}/{name} is hidden");
        }
    }
    let script = "
import os
for path in ['/sys/class/net/lo', '/sys/class/net', '/sys/devices/system/cpu/online', '/sys/kernel', '/dev/null', '/proc/self/exe']:
    os.stat(path)
# By a walk too, without following links, as libudev does it.
top = os.open('/sys', os.O_RDONLY)
classes = os.open('class', os.O_RDONLY | os.O_NOFOLLOW, dir_fd=top)
net = os.open('net', os.O_RDONLY | os.O_NOFOLLOW, dir_fd=classes)
assert 'lo' in os.listdir(net)
assert 'kernel' in os.listdir(os.open('..', os.O_RDONLY, dir_fd=classes))
fd = os.open('/tmp', os.O_RDONLY)
os.stat('.', dir_fd=fd)
print(open('/sys/class/net/lo/ifindex').read().strip())
";
    assert_eq!(python("intel-arc", script), "1\n");
}
