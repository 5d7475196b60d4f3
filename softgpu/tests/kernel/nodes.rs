//! The DRM nodes, buffers from outside, and who may open them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::{kernel, open_to_others, output, text};

/// A C program that speaks to the kernel itself.
fn client() -> &'static str {
    static CLIENT: OnceLock<String> = OnceLock::new();
    CLIENT.get_or_init(|| compile("client", "libdrm"))
}

/// Compiles a program of this directory with the headers and libraries of some packages.
pub(crate) fn compile(name: &str, packages: &str) -> String {
    let binary =
        PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("kernel-{}", name.replace('/', "-")));
    let binary = binary.to_str().expect("it is text").to_owned();
    let source = format!("{}/tests/kernel/{name}.c", env!("CARGO_MANIFEST_DIR"));
    let compile = "exec cc -Wall -Wextra -Werror -O1 -o \"$1\" \"$2\" $(pkg-config --cflags --libs $3)";
    let status = Command::new("sh").args(["-euc", compile, "sh", &binary, &source, packages]).status();
    assert!(status.expect("sh starts").success(), "{name}.c does not compile");
    binary
}

#[test]
fn the_nodes_have_real_drivers() {
    for (node, driver) in [("renderD128", "vgem"), ("card0", "vgem"), ("card1", "vkms")] {
        let node = format!("/dev/dri/{node}");
        assert_eq!(text(&output(&mut kernel(&[], &[client(), "driver", &node]))), driver);
    }
}

#[test]
fn memory_of_a_process_becomes_a_dma_buf() {
    assert_eq!(text(&output(&mut kernel(&[], &[client(), "udmabuf"]))), "shared");
}

#[test]
fn a_dma_buf_of_a_heap_goes_through_the_render_node() {
    assert_eq!(text(&output(&mut kernel(&[], &[client(), "heap"]))), "shared");
}

#[test]
fn the_card_leases_its_output() {
    assert_eq!(text(&output(&mut kernel(&[], &[client(), "lease", "/dev/dri/card1"]))), "leased 1 of 1");
}

#[test]
fn nodes_open_for_their_group_alone() {
    let place = open_to_others(&[client().into()]);
    let client = place.path().join(Path::new(client()).file_name().expect("it is a file"));
    let client = client.to_str().expect("it is text");
    let open = |gid: &str, device: &str, what: &[&str]| {
        let options = ["--uid", "65534", "--gid", gid, "--device", device];
        let output = output(&mut kernel(&options, &[&[client], what].concat()));
        (output.status.code(), String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    };
    let (device, node) = ("intel-arc:gid=4242", "/dev/dri/renderD128");
    assert_eq!(open("4242", device, &["driver", node]), (Some(0), "vgem".to_owned()));
    for node in [node, "/dev/dri/card0", "/dev/dri/card1"] {
        assert_eq!(open("4243", device, &["driver", node]), (Some(1), format!("{node}: EACCES")));
    }
    assert_eq!(open("4242", device, &["udmabuf"]), (Some(0), "shared".to_owned()));
    assert_eq!(open("4243", device, &["udmabuf"]), (Some(1), "/dev/udmabuf: EACCES".to_owned()));
    assert_eq!(open("4243", device, &["heap"]), (Some(1), "/dev/dma_heap/system: EACCES".to_owned()));
    let nobody = "intel-arc:gid=4242:mode=0600";
    assert_eq!(open("4242", nobody, &["driver", node]), (Some(1), format!("{node}: EACCES")));
}
