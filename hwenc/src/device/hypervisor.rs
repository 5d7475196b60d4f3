//! What the machine itself runs in.

use super::roots::Reader;

/// How what the firmware calls maker or product begins, and whose machine that is. Compare the tables of
/// systemd-detect-virt(1) and virt-what(1). Of the clouds only those that always sell virtual machines are here.
const FIRMWARE: &[(&str, &str)] = &[
    ("VMware", "VMware"),
    ("VirtualBox", "VirtualBox"),
    ("innotek", "VirtualBox"),
    ("Xen", "Xen"),
    ("BHYVE", "bhyve"),
    ("Parallels", "Parallels"),
    ("Apple Virtualization", "Apple Virtualization"),
    ("Google Compute Engine", "KVM (Google Compute Engine)"),
    ("Droplet", "KVM (DigitalOcean)"),
    ("vServer", "KVM (Hetzner)"),
    ("OpenStack", "KVM (OpenStack)"),
    ("KubeVirt", "KVM (KubeVirt)"),
    ("AHV", "KVM (Nutanix)"),
    ("RHEV Hypervisor", "KVM (oVirt)"),
    ("KVM", "KVM"),
    ("QEMU", "QEMU/KVM"),
    ("Bochs", "QEMU/KVM"),
];

/// Its name; none where nothing names one.
pub(super) fn read(reader: &mut Reader<'_>, cpuinfo: &str) -> Option<String> {
    let sys = reader.roots.sys.clone();
    // Documentation/ABI/stable/sysfs-hypervisor-xen. The machine's own system runs on Xen as well; it is told by
    // `control_d` (drivers/xen/xenfs), and has the devices.
    if let Some(kind) = reader.text(&sys.join("hypervisor/type")).filter(|kind| !kind.is_empty()) {
        let capabilities = reader.text(&reader.roots.proc.join("xen/capabilities")).unwrap_or_default();
        let own = capabilities.split(',').any(|word| word.trim() == "control_d");
        return (!own).then(|| if kind == "xen" { "Xen".to_owned() } else { kind });
    }
    let dmi = sys.join("class/dmi/id");
    let [vendor, product] =
        ["sys_vendor", "product_name"].map(|name| reader.text(&dmi.join(name)).unwrap_or_default());
    if vendor == "Microsoft Corporation" && product == "Virtual Machine" {
        return Some("Hyper-V".to_owned());
    }
    // Amazon's products ending in `metal` are whole machines.
    if vendor == "Amazon EC2" {
        return (!product.ends_with("metal")).then(|| "KVM (Amazon EC2)".to_owned());
    }
    let named =
        FIRMWARE.iter().find(|(part, _)| [&vendor, &product].iter().any(|text| text.starts_with(part)));
    if let Some((_, name)) = named {
        return Some((*name).to_owned());
    }
    // A kernel of Microsoft's for WSL 2; there is no firmware to ask.
    let release = reader.text(&reader.roots.proc.join("sys/kernel/osrelease")).unwrap_or_default();
    if release.contains("microsoft") {
        return Some("WSL".to_owned());
    }
    if cpuinfo.contains("User Mode Linux") {
        return Some("User Mode Linux".to_owned());
    }
    // QEMU's board without firmware tables, in its device tree.
    let tree = reader.text(&sys.join("firmware/devicetree/base/compatible")).unwrap_or_default();
    tree.contains("linux,dummy-virt").then(|| "QEMU/KVM".to_owned())
}
