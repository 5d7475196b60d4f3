//! What is in this machine: nodes, drivers, owners, and whether this process may open them.
//!
//! Everything here is read from files and by opening nodes; no driver is asked anything. [`Inventory::read`]
//! never fails: what cannot be read stands in [`Inventory::unread`]. It opens nodes, which wakes a sleeping
//! GPU, and a driver that hangs in `open` hangs the reader; [`Inventory::read_unopened`] leaves that to others.

mod cgroup;
mod container;
mod drivers;
mod drm;
mod firmware;
mod hardware;
mod hypervisor;
mod kernel;
mod node;
mod nvidia;
mod pci;
mod place;
mod process;
mod roots;
mod system;
mod v4l2;

use serde::{Deserialize, Serialize};

use roots::Reader;

pub use container::Container;
pub use drivers::DriverFile;
pub use drm::{Directory, Drm, RenderNode};
pub use firmware::Firmware;
pub use hardware::{Hardware, PciId, vendor};
pub(crate) use node::status;
pub use node::{Access, Mode, NodeFile, OsError};
pub use nvidia::{Nvidia, NvidiaGpu, NvidiaNode};
pub use pci::Display;
pub use process::{Group, Process};
pub use roots::{Roots, Unread};
pub use system::System;
pub use v4l2::VideoNode;

/// The devices of a machine, as one process sees them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Inventory {
    /// DRM: `/dev/dri` and its render nodes.
    pub drm: Drm,
    /// NVIDIA's own driver and nodes, which need no DRM.
    pub nvidia: Nvidia,
    /// V4L2 nodes, by number. Whether one is an encoder is not asked yet: cameras are among them.
    pub video: Vec<VideoNode>,
    /// Display controllers on PCI, by address, with or without a driver.
    pub displays: Vec<Display>,
    /// The process that looked.
    pub process: Process,
    /// What speaks for a container.
    pub container: Container,
    /// Processor, kernel, distribution.
    pub system: System,
    /// The groups named `render` and `video`, where they exist.
    pub groups: Vec<Group>,
    /// What exists and could not be read.
    pub unread: Vec<Unread>,
}

impl Inventory {
    /// Looks at everything, and opens every render, NVIDIA and V4L2 node.
    pub fn read(roots: &Roots) -> Self {
        Self::look(Reader::new(roots, true))
    }

    /// Looks at everything and opens no node: [`NodeFile::access`] is [`Access::Untried`] everywhere, until
    /// [`Inventory::set_access`] tells.
    pub fn read_unopened(roots: &Roots) -> Self {
        Self::look(Reader::new(roots, false))
    }

    fn look(mut reader: Reader<'_>) -> Self {
        Inventory {
            drm: Drm::read(&mut reader),
            nvidia: Nvidia::read(&mut reader),
            video: v4l2::read(&mut reader),
            displays: pci::displays(&mut reader),
            process: Process::read(&mut reader),
            container: Container::read(&mut reader),
            system: System::read(&mut reader),
            groups: process::device_groups(reader.roots),
            unread: reader.into_unread(),
        }
    }

    /// The render nodes that this process can open, by number.
    pub fn usable_render_nodes(&self) -> impl Iterator<Item = &RenderNode> {
        self.drm.render_nodes.iter().filter(|node| node.can_open())
    }

    /// Everything that is known about a device: that of each render node, then of each display without one.
    pub fn hardware(&self) -> impl Iterator<Item = &Hardware> {
        let nodes = self.drm.render_nodes.iter().filter_map(|node| node.hardware.as_ref());
        let seen: Vec<_> = nodes.clone().filter_map(|h| h.pci_address.as_deref()).collect();
        let others = self.displays.iter().map(|display| &display.hardware);
        nodes.chain(others.filter(move |h| h.pci_address.as_deref().is_none_or(|a| !seen.contains(&a))))
    }

    /// Whether a device of this vendor is here.
    pub fn has_vendor(&self, vendor: PciId) -> bool {
        self.hardware().any(|hardware| hardware.vendor == Some(vendor))
    }
}

#[cfg(test)]
mod tests;
