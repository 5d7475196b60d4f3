//! DRM render nodes: those in `/dev/dri`, and those that only the kernel knows.

use std::path::PathBuf;

use nix::sys::stat::lstat;
use serde::{Deserialize, Serialize};

use super::hardware::Hardware;
use super::node::{NodeFile, OsError};
use super::roots::{Reader, list, numbered};

/// The major number of every DRM node (`Documentation/admin-guide/devices.txt`).
const DRM_MAJOR: u32 = 226;
/// The first minor number of a render node; its name has the same number.
const FIRST_RENDER_MINOR: u32 = 128;
const PREFIX: &str = "renderD";

/// How `/dev/dri` itself was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Directory {
    /// It does not exist.
    #[default]
    Missing,
    /// It is a directory without an entry.
    Empty,
    /// It holds something, render nodes or not.
    Present,
    /// It exists and could not be listed.
    Unreadable(OsError),
}

/// `/dev/dri` and the render nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Drm {
    /// How the directory was found.
    pub directory: Directory,
    /// The names in it, cards and others too.
    pub entries: Vec<String>,
    /// By minor number. A container often sees nodes of the host in sysfs that it was not given.
    pub render_nodes: Vec<RenderNode>,
}

/// A render node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct RenderNode {
    /// Its name, such as `renderD128`. A container may give a node another name than the kernel's.
    pub name: String,
    /// Where it is, or where it would be.
    pub path: PathBuf,
    /// Its minor number: the node's own, else the one in the name.
    pub minor: u32,
    /// The file; none where only sysfs knows the node.
    pub file: Option<NodeFile>,
    /// The device; none where sysfs does not know the node.
    pub hardware: Option<Hardware>,
    /// The card node of the same device, such as `card0`, whether or not it is in `/dev/dri`.
    pub card: Option<String>,
}

impl RenderNode {
    /// Whether this process could open it for reading and writing.
    pub fn can_open(&self) -> bool {
        self.file.as_ref().is_some_and(NodeFile::can_open)
    }
}

impl Drm {
    pub(super) fn read(reader: &mut Reader<'_>) -> Self {
        let path = reader.roots.dev.join("dri");
        let (directory, names) = match list(&path) {
            Ok(names) if names.is_empty() => (Directory::Empty, names),
            Ok(names) => (Directory::Present, names),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => (Directory::Missing, Vec::new()),
            Err(error) => (Directory::Unreadable((&error).into()), Vec::new()),
        };
        let entries: Vec<String> = names.iter().map(|name| name.to_string_lossy().into_owned()).collect();
        let mut render_nodes: Vec<_> = entries.iter().filter_map(|name| from_dev(reader, name)).collect();
        for name in reader.names(&reader.roots.sys.join("class/drm")) {
            let Some(minor) = name.to_str().and_then(|name| numbered(name, PREFIX)) else { continue };
            if !render_nodes.iter().any(|node| node.minor == minor) {
                let name = format!("{PREFIX}{minor}");
                render_nodes.push(describe(reader, RenderNode { name, minor, ..RenderNode::default() }));
            }
        }
        render_nodes.sort_by(|a, b| (a.minor, &a.name).cmp(&(b.minor, &b.name)));
        Drm { directory, entries, render_nodes }
    }
}

/// A node of `/dev/dri`, told by its name or, where a container renamed it, by its number.
fn from_dev(reader: &mut Reader<'_>, name: &str) -> Option<RenderNode> {
    let path = reader.roots.dev.join("dri").join(name);
    let by_name = numbered(name, PREFIX);
    if by_name.is_none() {
        // Looked at before it is opened: opening a card can take the display from its owner. A link has no
        // number of its own, and is another name of what is listed anyway.
        let status = lstat(&path).ok()?;
        render_minor((reader.roots.number)(&path, &status))?;
    }
    let file = NodeFile::read(reader, &path)?;
    let minor = render_minor(file.number).or(by_name)?;
    Some(describe(
        reader,
        RenderNode { name: name.to_owned(), minor, file: Some(file), ..RenderNode::default() },
    ))
}

/// The minor number, where it is a render node's.
fn render_minor(number: Option<(u32, u32)>) -> Option<u32> {
    number
        .filter(|(major, minor)| *major == DRM_MAJOR && *minor >= FIRST_RENDER_MINOR)
        .map(|(_, minor)| minor)
}

/// Adds what sysfs says about the node of this minor number.
fn describe(reader: &mut Reader<'_>, node: RenderNode) -> RenderNode {
    let device = reader.roots.sys.join("class/drm").join(format!("{PREFIX}{}", node.minor)).join("device");
    let siblings = reader.names(&device.join("drm"));
    let card = siblings.iter().filter_map(|name| name.to_str()).find(|name| numbered(name, "card").is_some());
    RenderNode {
        path: reader.roots.dev.join("dri").join(&node.name),
        hardware: Hardware::read(reader, &device),
        card: card.map(str::to_owned),
        ..node
    }
}
