//! Nodes that somebody else opens, and the devices that they belong to.

use super::*;

fn unopened() -> (Tree, Inventory) {
    let tree = two_gpus();
    tree.pci("0000:21:00.0", "030200", NVIDIA, Some("nvidia"))
        .file(
            "proc/driver/nvidia/gpus/0000:21:00.0/information",
            "Model: \t\t Tesla T4\nDevice Minor: \t 0\n",
        )
        .node("nvidia0", 0o666)
        .node("nvidiactl", 0o666)
        .node("nvidia-uvm", 0o666)
        .node("video11", 0o660);
    let inventory = Inventory::read_unopened(&tree.roots());
    (tree, inventory)
}

#[test]
fn nothing_is_opened_and_the_rest_is_the_same() {
    let (tree, mut inventory) = unopened();
    // A reader at a pipe would say so if somebody opened it; a socket refuses to be opened.
    let _listener = UnixListener::bind(tree.path("dev/dri/renderD130")).unwrap();
    let again = Inventory::read_unopened(&tree.roots());
    assert!(again.nodes().all(|(_, file)| file.access == Access::Untried));
    assert_eq!(again.usable_render_nodes().count(), 0);
    fs::remove_file(tree.path("dev/dri/renderD130")).unwrap();

    let opened = tree.read();
    let accesses: Vec<_> = opened.nodes().map(|(p, file)| (p.to_owned(), file.access.clone())).collect();
    assert_eq!(accesses.len(), 6);
    for (path, access) in accesses {
        assert!(inventory.set_access(&path, access), "{}", path.display());
    }
    assert_eq!(inventory, opened);
}

#[test]
fn an_access_is_put_down_by_path() {
    let (tree, mut inventory) = unopened();
    let node = tree.path("dev/dri/renderD129");
    assert!(inventory.set_access(&node, Access::Hung));
    assert!(!inventory.set_access(Path::new("/dev/dri/renderD177"), Access::Open));
    let others = inventory.nodes().filter(|(_, file)| file.access != Access::Untried);
    assert_eq!(others.map(|(path, _)| path.to_owned()).collect::<Vec<_>>(), [node]);
}

#[test]
fn accesses_are_told_in_words_and_survive_json() {
    for (access, words, json) in [
        (Access::Open, "opens", r#"{"state":"open"}"#),
        (Access::Hung, "opening it does not come back", r#"{"state":"hung"}"#),
        (Access::Untried, "nobody tried to open it", r#"{"state":"untried"}"#),
        (
            Access::Refused(OsError::new(nix::libc::EACCES)),
            "does not open: EACCES (Permission denied)",
            r#"{"state":"refused","errno":13,"name":"EACCES"}"#,
        ),
    ] {
        assert_eq!(access.to_string(), words);
        assert_eq!(serde_json::to_string(&access).unwrap(), json);
        assert_eq!(serde_json::from_str::<Access>(json).unwrap(), access);
    }
}

#[test]
fn the_nodes_of_a_device_are_found_by_its_address() {
    let (tree, inventory) = unopened();
    let device = |name: &str| inventory.device_of(&tree.path(&format!("dev/{name}")));
    assert_eq!(device("dri/renderD128"), "0000:03:00.0");
    assert_eq!(device("dri/renderD129"), "0000:0b:00.0");
    assert_eq!(device("nvidia0"), "0000:21:00.0");
    for alone in ["video11", "nvidiactl", "dri/renderD177"] {
        assert_eq!(device(alone), tree.path(&format!("dev/{alone}")).display().to_string());
    }
    let nodes: Vec<_> = inventory.nodes_at("0000:21:00.0").collect();
    assert_eq!(nodes, [tree.path("dev/nvidia0")]);
    // With NVIDIA's DRM module the same device has a render node as well, and one lane.
    tree.drm("pci0000:00/0000:21:00.0", 2, 130).node("dri/renderD130", 0o666);
    let inventory = Inventory::read_unopened(&tree.roots());
    assert_eq!(inventory.nodes_at("0000:21:00.0").count(), 2);
}
