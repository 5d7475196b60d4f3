//! Ready pieces of configuration that hand the devices of a report to a container or a virtual machine, without
//! privilege: the nodes that were found, and their groups by number, because host and container name them apart.

mod container;
mod found;
mod kubernetes;
mod proxmox;

use std::fmt;
use std::str::FromStr;

use crate::error::{Code, Error, Result};
use crate::probe::Report;

use found::Found;

/// What the devices are handed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Snippet {
    /// `docker run`, as a command.
    Docker,
    /// A service of Docker Compose, as a file.
    Compose,
    /// A pod of Kubernetes, as a file.
    Kubernetes,
    /// An LXC container of Proxmox VE: commands for its host, and lines for older versions.
    ProxmoxLxc,
    /// A virtual machine of Proxmox VE: commands for its host.
    ProxmoxVm,
}

impl Snippet {
    /// Every kind.
    pub const ALL: &'static [Snippet] =
        &[Snippet::Docker, Snippet::Compose, Snippet::Kubernetes, Snippet::ProxmoxLxc, Snippet::ProxmoxVm];

    /// Its name, such as `proxmox-lxc`.
    pub fn name(self) -> &'static str {
        match self {
            Snippet::Docker => "docker",
            Snippet::Compose => "compose",
            Snippet::Kubernetes => "kubernetes",
            Snippet::ProxmoxLxc => "proxmox-lxc",
            Snippet::ProxmoxVm => "proxmox-vm",
        }
    }
}

impl fmt::Display for Snippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Snippet {
    type Err = Error;

    /// # Errors
    /// [`Code::RequestInvalid`] for what is no name of [`Snippet::ALL`].
    fn from_str(text: &str) -> Result<Self> {
        let found = Snippet::ALL.iter().copied().find(|kind| kind.name() == text);
        let names: Vec<_> = Snippet::ALL.iter().map(|kind| kind.name()).collect();
        found.ok_or_else(|| Error::invalid("the snippet", text, format!("one of {}", names.join(", "))))
    }
}

/// The configuration that hands what was found to a container or a virtual machine. Words in capitals are for the
/// reader to fill in. The text of [`Snippet::ProxmoxVm`] names PCI addresses.
///
/// # Errors
/// [`Code::DeviceMissing`] where nothing was found that could be handed on.
pub fn snippet(report: &Report, kind: Snippet) -> Result<String> {
    if kind == Snippet::ProxmoxVm {
        return proxmox::vm(report);
    }
    let found = Found::in_report(report);
    if found.is_empty() {
        return Err(nothing());
    }
    Ok(match kind {
        Snippet::Compose => container::compose(&found),
        Snippet::Kubernetes => kubernetes::pod(&found),
        Snippet::ProxmoxLxc => proxmox::lxc(report, &found),
        Snippet::Docker | Snippet::ProxmoxVm => container::docker(&found),
    })
}

fn nothing() -> Error {
    Error::new(
        Code::DeviceMissing,
        "nothing was found here that a container or a virtual machine could be given",
    )
    .with_remedy("run it on the host that has the GPU, or with `--input` and a report of that host")
}
