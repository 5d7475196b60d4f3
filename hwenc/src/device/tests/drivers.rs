//! Drivers of VA-API, where libva finds them.

use super::super::drivers::{self, Paths};
use super::*;

/// Each driver's path, without the tree's own.
fn found(tree: &Tree, paths: Paths) -> Vec<String> {
    let roots = tree.roots();
    let drivers = drivers::read(&mut Reader::new(&roots, false), &paths);
    for driver in &drivers {
        assert!(driver.path.ends_with(format!("{}_drv_video.so", driver.name)), "{driver:?}");
    }
    drivers.iter().map(|d| d.path.strip_prefix(tree.0.path()).unwrap().display().to_string()).collect()
}

/// A libva with this list of directories in it.
fn libva(directories: &str) -> String {
    format!(
        "\x7fELF\0libva.so.2\0/usr/share/dri\u{1}\0%s/%s%s\0{directories}\0LIBVA_DRIVERS_PATH\0_drv_video.so\0"
    )
}

#[test]
fn libvas_own_list_decides_in_its_order() {
    let tree = Tree::new();
    tree.file(
        "usr/lib64/libva.so.2",
        &libva("/usr/lib64/dri-nonfree:/usr/lib64/dri-freeworld:/usr/lib64/dri"),
    )
    .file("usr/lib64/dri/radeonsi_drv_video.so", "")
    .file("usr/lib64/dri/iris_dri.so", "")
    .file("usr/lib64/dri-freeworld/radeonsi_drv_video.so", "")
    .file("usr/lib64/dri-nonfree/iHD_drv_video.so", "")
    .file("usr/lib/dri/i965_drv_video.so", "");
    assert_eq!(
        found(&tree, Paths::default()),
        [
            "usr/lib64/dri-nonfree/iHD_drv_video.so",
            "usr/lib64/dri-freeworld/radeonsi_drv_video.so",
            "usr/lib64/dri/radeonsi_drv_video.so",
        ]
    );
}

#[test]
fn the_libva_that_is_loaded_counts() {
    let tree = Tree::new();
    tree.file("usr/lib64/libva.so.2", &libva("/usr/lib64/dri"))
        .file("usr/lib64/dri/i965_drv_video.so", "")
        .file("opt/ffmpeg/libva.so.2.2200.0", &libva("/opt/ffmpeg/dri"))
        .file("opt/ffmpeg/dri/iHD_drv_video.so", "");
    let library_path = Paths { libraries: Some("/nowhere:/opt/own".into()), ..Paths::default() };
    assert_eq!(found(&tree, library_path), ["usr/lib64/dri/i965_drv_video.so"]);
    tree.link("opt/own/libva.so.2", "../ffmpeg/libva.so.2.2200.0");
    let library_path = Paths { libraries: Some("/nowhere:/opt/own".into()), ..Paths::default() };
    assert_eq!(found(&tree, library_path), ["opt/ffmpeg/dri/iHD_drv_video.so"]);
    tree.file(
        "proc/self/maps",
        "7f00-7f01 r-xp 00000000 08:01 1 /usr/lib64/libc.so.6\n7f02-7f03 r-xp 00000000 08:01 2   /opt/ffmpeg/libva.so.2.2200.0\n",
    );
    assert_eq!(found(&tree, Paths::default()), ["opt/ffmpeg/dri/iHD_drv_video.so"]);
}

#[test]
fn the_variable_replaces_libvas_list() {
    let tree = Tree::new();
    tree.file("usr/lib64/libva.so.2", &libva("/usr/lib64/dri"))
        .file("usr/lib64/dri/i965_drv_video.so", "")
        .file("opt/b/radeonsi_drv_video.so", "")
        .file("opt/a/iHD_drv_video.so", "");
    let paths = Paths { drivers: Some("/opt/b::/opt/a:/gone".into()), ..Paths::default() };
    assert_eq!(found(&tree, paths), ["opt/b/radeonsi_drv_video.so", "opt/a/iHD_drv_video.so"]);
}

#[test]
fn without_libva_the_usual_directories_are_looked_into() {
    let tree = Tree::new();
    tree.file("usr/lib/x86_64-linux-gnu/dri/iHD_drv_video.so", "")
        .file("run/opengl-driver/lib/dri/nvidia_drv_video.so", "");
    let expected =
        ["usr/lib/x86_64-linux-gnu/dri/iHD_drv_video.so", "run/opengl-driver/lib/dri/nvidia_drv_video.so"];
    assert_eq!(found(&tree, Paths::default()), expected);
    // A libva in which nothing looks like a list.
    tree.file("usr/lib/libva.so.2", "\x7fELF\0nothing\0/lib\0");
    assert_eq!(found(&tree, Paths::default()), expected);
}

#[test]
fn this_machines_libva_tells_its_list() {
    // FFmpeg's packages depend on libva, which this program has therefore loaded.
    let roots = Roots::system();
    let mut reader = Reader::new(&roots, false);
    let list = drivers::compiled_in(&mut reader, &Paths::default()).expect("libva has a list");
    assert!(list.split(':').all(|part| part.starts_with('/')) && list.contains("dri"), "{list}");
    assert_eq!(reader.into_unread(), []);
}
