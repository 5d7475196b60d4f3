//! Nodes by their path, and the device that each belongs to.

use std::path::Path;

use super::{Access, Inventory, NodeFile};

impl Inventory {
    /// Every node that exists, by path: render nodes, NVIDIA's, V4L2's.
    pub fn nodes(&self) -> impl Iterator<Item = (&Path, &NodeFile)> {
        let drm =
            self.drm.render_nodes.iter().filter_map(|node| Some((node.path.as_path(), node.file.as_ref()?)));
        let nvidia = &self.nvidia;
        let nvidia = nvidia.nodes.iter().chain(&nvidia.control).chain(&nvidia.uvm);
        let nvidia = nvidia.map(|node| (node.path.as_path(), &node.file));
        drm.chain(nvidia).chain(self.video.iter().map(|node| (node.path.as_path(), &node.file)))
    }

    /// Puts down whether the node of this path opens, as somebody else found out. False where there is no such node.
    pub fn set_access(&mut self, path: &Path, access: Access) -> bool {
        let drm = self
            .drm
            .render_nodes
            .iter_mut()
            .filter_map(|node| (node.path == path).then_some(node.file.as_mut())?);
        let nvidia = &mut self.nvidia;
        let nvidia = nvidia.nodes.iter_mut().chain(&mut nvidia.control).chain(&mut nvidia.uvm);
        let nvidia = nvidia.filter_map(|node| (node.path == path).then_some(&mut node.file));
        let video = self.video.iter_mut().filter_map(|node| (node.path == path).then_some(&mut node.file));
        let Some(file) = drm.chain(nvidia).chain(video).next() else { return false };
        file.access = access;
        true
    }

    /// The device behind a node: its PCI address, so that all nodes of one device have the same; the node itself where the
    /// device is on no PCI bus or nobody knows it.
    pub fn device_of(&self, node: &Path) -> String {
        self.address_of(node).map_or_else(|| node.display().to_string(), str::to_owned)
    }

    fn address_of(&self, node: &Path) -> Option<&str> {
        if let Some(found) = self.drm.render_nodes.iter().find(|known| known.path == node) {
            return found.hardware.as_ref()?.pci_address.as_deref();
        }
        let position = self.nvidia.nodes.iter().find(|known| known.path == node)?;
        let minor = super::roots::numbered(&position.name, "nvidia")?;
        let gpu = self.nvidia.gpus.iter().find(|gpu| gpu.minor == Some(minor))?;
        Some(gpu.pci_address.as_str())
    }

    /// The nodes of the device with this PCI address.
    pub fn nodes_at<'a>(&'a self, address: &'a str) -> impl Iterator<Item = &'a Path> {
        self.nodes().map(|(path, _)| path).filter(move |path| self.address_of(path) == Some(address))
    }
}
