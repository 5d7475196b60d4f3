//! The system around the devices.

use super::*;

#[test]
fn the_system_is_told_from_its_files() {
    let tree = Tree::new();
    tree.file("proc/cpuinfo", "processor\t: 0\nmodel name\t: Some CPU F\nflags\t\t: fpu hypervisor sse\n")
        .file("proc/cmdline", "BOOT_IMAGE=/vmlinuz root=UUID=1 nomodeset quiet\n")
        .file("proc/sys/kernel/osrelease", "6.1.0-18-amd64\n")
        .file("etc/os-release", "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n");
    let system = tree.read().system;
    assert_eq!(system.cpu.as_deref(), Some("Some CPU F"));
    assert_eq!((system.virtual_machine, system.nomodeset), (true, true));
    assert_eq!(system.kernel.as_deref(), Some("6.1.0-18-amd64"));
    assert_eq!(system.distributions, ["linuxmint", "ubuntu", "debian"]);
    let nothing = Tree::new().read().system;
    assert!(!nothing.nomodeset && !nothing.virtual_machine && nothing.distributions.is_empty());
}

/// A machine whose firmware says this.
fn firmware(vendor: &str, product: &str) -> System {
    let tree = Tree::new();
    tree.file("sys/class/dmi/id/sys_vendor", &format!("{vendor}\n"))
        .file("sys/class/dmi/id/product_name", &format!("{product}\n"));
    tree.read().system
}

#[test]
fn hypervisors_are_told_by_their_firmware() {
    for (vendor, product, name) in [
        ("QEMU", "Standard PC (Q35 + ICH9, 2009)", Some("QEMU/KVM")),
        ("VMware, Inc.", "VMware7,1", Some("VMware")),
        ("innotek GmbH", "VirtualBox", Some("VirtualBox")),
        ("Microsoft Corporation", "Virtual Machine", Some("Hyper-V")),
        ("Microsoft Corporation", "Surface Laptop 5", None),
        ("Xen", "HVM domU", Some("Xen")),
        ("Amazon EC2", "g4dn.xlarge", Some("KVM (Amazon EC2)")),
        ("Amazon EC2", "g4dn.metal", None),
        ("Google", "Google Compute Engine", Some("KVM (Google Compute Engine)")),
        ("Google", "Redrix", None),
        ("Hetzner", "vServer", Some("KVM (Hetzner)")),
        ("Red Hat", "KVM", Some("KVM")),
        ("Apple Inc.", "Apple Virtualization Generic Platform", Some("Apple Virtualization")),
        ("Apple Inc.", "MacBookPro16,1", None),
        ("ASUS", "System Product Name", None),
    ] {
        let system = firmware(vendor, product);
        assert_eq!(system.hypervisor.as_deref(), name, "{vendor} {product}");
        assert_eq!(system.virtual_machine, name.is_some(), "{vendor} {product}");
    }
}

#[test]
fn hypervisors_without_firmware_are_told_otherwise() {
    for (path, text, name) in [
        ("sys/hypervisor/type", "xen\n", "Xen"),
        ("proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n", "WSL"),
        ("proc/cpuinfo", "processor\t: 0\nvendor_id\t: User Mode Linux\n", "User Mode Linux"),
        ("sys/firmware/devicetree/base/compatible", "linux,dummy-virt\0", "QEMU/KVM"),
    ] {
        let tree = Tree::new();
        tree.file(path, text);
        assert_eq!(tree.read().system.hypervisor.as_deref(), Some(name), "{path}");
    }
    let owner = Tree::new();
    owner.file("sys/hypervisor/type", "xen\n").file("proc/xen/capabilities", "control_d\n");
    assert_eq!(owner.read().system.hypervisor, None, "the domain that has the devices");
    let nameless = Tree::new();
    nameless.file("proc/cpuinfo", "model name\t: Some CPU\nflags\t\t: fpu hypervisor\n");
    let system = nameless.read().system;
    assert_eq!((system.hypervisor, system.virtual_machine), (None, true));
}

#[test]
fn the_first_of_hundreds_of_processors_tells() {
    let tree = Tree::new();
    let processor = format!("model name\t: Some CPU\nflags\t\t: {} hypervisor\n\n", "flag ".repeat(300));
    tree.file("proc/cpuinfo", &processor.repeat(256));
    let system = tree.read().system;
    assert_eq!((system.cpu.as_deref(), system.virtual_machine), (Some("Some CPU"), true));
}

#[test]
fn an_iommu_that_is_off_differs_from_one_that_nobody_sees() {
    assert_eq!(Tree::new().read().system.iommu_groups, None);
    let tree = Tree::new();
    tree.directory("sys/kernel/iommu_groups");
    assert_eq!(tree.read().system.iommu_groups, Some(0));
    tree.directory("sys/kernel/iommu_groups/0").directory("sys/kernel/iommu_groups/15");
    assert_eq!(tree.read().system.iommu_groups, Some(2));
}

#[test]
fn parameters_of_gpus_are_picked_out() {
    let tree = Tree::new();
    tree.file(
        "proc/cmdline",
        "BOOT_IMAGE=/vmlinuz root=UUID=1 ro quiet intel_iommu=on iommu=pt i915.enable_guc=3 nvidia-drm.modeset=1 \
         vfio-pci.ids=8086:56a0 snd.slots=1 ipv6.disable=1 modprobe.blacklist=i915,nouveau video=efifb:off nomodeset\n",
    );
    assert_eq!(
        tree.read().system.kernel_parameters,
        [
            "intel_iommu=on",
            "iommu=pt",
            "i915.enable_guc=3",
            "nvidia-drm.modeset=1",
            "vfio-pci.ids=8086:56a0",
            "modprobe.blacklist=i915,nouveau",
            "video=efifb:off",
            "nomodeset",
        ]
    );
}

#[test]
fn modules_of_gpus_are_picked_out() {
    let tree = Tree::new();
    tree.file(
        "proc/modules",
        "xe 2744320 0 - Live 0x0\nnvidia_drm 94208 4 - Live 0x0\ndrm 737280 7 xe,nvidia_drm, Live 0x0\nvfio_pci 16384 0 - Live 0x0\n",
    )
    .directory("sys/module/amdgpu/parameters")
    .directory("sys/module/ext4");
    assert_eq!(tree.read().system.modules, ["amdgpu", "nvidia_drm", "vfio_pci", "xe"]);
}

#[test]
fn firmware_of_intel_is_told_by_card() {
    let dri = "sys/kernel/debug/dri";
    let tree = Tree::new();
    tree.directory("sys/module/i915")
        .file("sys/module/i915/parameters/enable_guc", "3\n")
        .file(
            &format!("{dri}/0/gt0/uc/guc_info"),
            "GuC firmware: i915/dg2_guc_70.bin\n\tstatus: RUNNING\n\tversion: found 70.5.1, wanted 70.5.1\n",
        )
        .file(
            &format!("{dri}/0/gt0/uc/huc_info"),
            "HuC firmware: i915/dg2_huc_gsc.bin\n\tstatus: MISSING\n\nHuC status: 0x00000000\n",
        )
        .file(&format!("{dri}/1/gt0/uc/guc_info"), "GuC disabled\n")
        .file(&format!("{dri}/1/gt0/uc/huc_info"), "HuC not supported\n")
        // The media engine has a part of its own, with the HuC.
        .file(&format!("{dri}/1/gt1/uc/huc_info"), "HuC firmware: x\n\tstatus: TRANSFERRED\n")
        .file(&format!("{dri}/2/name"), "amdgpu\n")
        .link(&format!("{dri}/0000:00:02.0"), "0")
        .directory(&format!("{dri}/128"));
    let told: Vec<_> = tree
        .read()
        .system
        .firmware
        .into_iter()
        .map(|f| (f.card, f.enable_guc, f.guc.unwrap_or_default(), f.huc.unwrap_or_default()))
        .collect();
    let expected = [("card0", "RUNNING", "MISSING"), ("card1", "GuC disabled", "TRANSFERRED")];
    assert_eq!(
        told,
        expected.map(|(card, guc, huc)| (card.to_owned(), Some(3), guc.to_owned(), huc.to_owned()))
    );
}

#[test]
fn firmware_that_nobody_may_see_is_told_by_the_parameter() {
    let tree = Tree::new();
    tree.directory("sys/module/i915").file("sys/module/i915/parameters/enable_guc", "-1\n");
    let [firmware] = &tree.read().system.firmware[..] else { panic!() };
    assert_eq!((firmware.card.as_str(), firmware.enable_guc, firmware.huc.as_deref()), ("", Some(-1), None));

    let other = Tree::new();
    other.directory("sys/module/amdgpu").file("sys/kernel/debug/dri/0/gt0/uc/guc_info", "status: RUNNING\n");
    assert_eq!(other.read().system.firmware, []);
}
