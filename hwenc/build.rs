//! Passes on which FFmpeg was found: `cfg(ffmpeg_6_1)` and its like.

fn main() {
    // ffmpeg-sys-next publishes these to its direct dependents (`links = "ffmpeg"`); empty means older.
    for version in ["6_0", "6_1", "7_1"] {
        println!("cargo:rustc-check-cfg=cfg(ffmpeg_{version})");
        if std::env::var(format!("DEP_FFMPEG_FFMPEG_{version}")).is_ok_and(|v| v == "true") {
            println!("cargo:rustc-cfg=ffmpeg_{version}");
        }
    }
    println!("cargo:rerun-if-changed=build.rs");
}
