//! The film that everything is measured on.

use std::path::{Path, PathBuf};

/// The film in `examples/media`: 1280x720, 25 frames per second, 132 frames.
pub fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/media/big_buck_bunny_720p.mp4")
}
