//! V4L2 nodes. Telling a memory-to-memory encoder from a camera takes an ioctl, which comes with the V4L2
//! backend.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::node::NodeFile;
use super::roots::{Reader, numbered};

/// A V4L2 node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct VideoNode {
    /// Its name, such as `video11`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// The file.
    pub file: NodeFile,
    /// What the driver calls it, such as `bcm2835-codec-encode`.
    pub label: Option<String>,
    /// The kernel driver.
    pub driver: Option<String>,
}

impl VideoNode {
    /// A node of this name in `/dev`.
    pub fn new(name: &str, file: NodeFile, label: Option<&str>) -> Self {
        let path = PathBuf::from("/dev").join(name);
        VideoNode { name: name.to_owned(), path, file, label: label.map(str::to_owned), driver: None }
    }
}

/// Every `/dev/video<N>`, by number.
pub(super) fn read(reader: &mut Reader<'_>) -> Vec<VideoNode> {
    let names = reader.names(&reader.roots.dev);
    let numbers = names.iter().filter_map(|name| name.to_str()).filter_map(|name| numbered(name, "video"));
    let mut numbers: Vec<u32> = numbers.collect();
    numbers.sort_unstable();
    numbers.into_iter().filter_map(|number| node(reader, &format!("video{number}"))).collect()
}

fn node(reader: &mut Reader<'_>, name: &str) -> Option<VideoNode> {
    let path = reader.roots.dev.join(name);
    let class = reader.roots.sys.join("class/video4linux").join(name);
    Some(VideoNode {
        file: NodeFile::read(reader, &path)?,
        label: reader.text(&class.join("name")),
        driver: reader.link_name(&class.join("device/driver")),
        name: name.to_owned(),
        path,
    })
}
