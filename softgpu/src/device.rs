//! `--device`: a profile with overrides, and the nodes it gets.

use std::collections::BTreeSet;
use std::str::FromStr;

use anyhow::{Context, Result, anyhow, bail};
use nix::unistd::{self, Group, User};
use softgpu_core::fault::ERRNO;
use softgpu_core::names;
use softgpu_core::profile::{self, Profile};
use softgpu_core::setup::Device;

/// What `--device` names.
#[derive(Clone, Debug, PartialEq)]
pub enum Spec {
    /// No device, and no `/dev/dri`.
    None,
    /// No device, and an empty `/dev/dri`.
    Empty,
    /// A device.
    Device(Box<Wanted>),
}

/// A device as asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    /// What it is.
    pub profile: Profile,
    /// Number of the render node.
    pub render: Number,
    /// Number of the card node.
    pub card: Number,
    /// Owner of the nodes.
    pub uid: Option<u32>,
    /// Their group.
    pub gid: Option<u32>,
    /// Their permissions.
    pub mode: Option<u32>,
    /// What opening them fails with; 0: it does not.
    pub errno: i32,
    /// Address on PCI.
    pub address: Option<String>,
}

/// Number of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Number {
    /// The next one that is free.
    #[default]
    Next,
    /// This one.
    Fixed(u32),
    /// There is no such node.
    Absent,
}

/// Numbers of render nodes and of cards: drivers/gpu/drm/drm_drv.c gives each kind of node 64, and later more, minors.
const RENDER: std::ops::Range<u32> = 128..192;
const CARD: std::ops::Range<u32> = 0..64;

impl FromStr for Spec {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        // An address has colons of its own, and no `=` after them.
        let mut parts: Vec<String> = Vec::new();
        for part in text.split(':') {
            match parts.last_mut() {
                Some(last) if last.starts_with("pci=") && !part.contains('=') => {
                    last.push(':');
                    last.push_str(part);
                }
                _ => parts.push(part.to_owned()),
            }
        }
        let (name, overrides) = parts.split_first().context("no name")?;
        match name.as_str() {
            "none" | "empty" if !overrides.is_empty() => bail!("`{name}` has no nodes to override"),
            "none" => return Ok(Spec::None),
            "empty" => return Ok(Spec::Empty),
            _ => {}
        }
        let mut wanted = Wanted::new(profile::named(name).map_err(|error| anyhow!("{error}, none, empty"))?);
        for part in overrides {
            wanted.set(part)?;
        }
        Ok(Spec::Device(Box::new(wanted)))
    }
}

impl Wanted {
    /// A device without overrides.
    pub fn new(profile: Profile) -> Self {
        Wanted {
            profile,
            render: Number::Next,
            card: Number::Next,
            uid: None,
            gid: None,
            mode: None,
            errno: 0,
            address: None,
        }
    }

    fn set(&mut self, text: &str) -> Result<()> {
        const KEYS: &str = "node, card, uid, gid, mode, errno, pci";
        let (key, value) =
            text.split_once('=').ok_or_else(|| anyhow!("`{text}` is not KEY=VALUE; keys are {KEYS}"))?;
        match key {
            "node" => self.render = number(value, RENDER)?,
            "card" => self.card = number(value, CARD)?,
            "uid" => {
                let by_name = || User::from_name(value).ok().flatten().map(|user| user.uid.as_raw());
                let id = value.parse().ok().or_else(by_name);
                self.uid = Some(id.ok_or_else(|| anyhow!("there is no user `{value}`"))?);
            }
            "gid" => {
                let id = value.parse().ok().or_else(|| group(value));
                self.gid = Some(id.ok_or_else(|| anyhow!("there is no group `{value}`"))?);
            }
            "mode" => {
                let mode = u32::from_str_radix(value, 8).ok().filter(|mode| *mode <= 0o777);
                self.mode = Some(mode.ok_or_else(|| anyhow!("mode `{value}` is not octal, 0 to 777"))?);
            }
            "errno" => {
                self.errno = names::number(ERRNO, value).ok_or_else(|| {
                    anyhow!("there is no error `{value}`; there are {}", names::list(ERRNO))
                })?;
            }
            "pci" => {
                let address = Address::parse(value);
                self.address =
                    Some(address.ok_or_else(|| anyhow!("`{value}` is not like 0000:03:00.0"))?.text());
            }
            _ => bail!("there is no key `{key}`; there are {KEYS}"),
        }
        Ok(())
    }
}

fn number(text: &str, range: std::ops::Range<u32>) -> Result<Number> {
    if text == "none" {
        return Ok(Number::Absent);
    }
    let number = text.parse().ok().filter(|number| range.contains(number));
    let number = number.ok_or_else(|| {
        anyhow!("`{text}` is not a number from {} to {}, or none", range.start, range.end - 1)
    });
    number.map(Number::Fixed)
}

fn group(name: &str) -> Option<u32> {
    Group::from_name(name).ok().flatten().map(|group| group.gid.as_raw())
}

/// An address on PCI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Address {
    domain: u16,
    bus: u8,
    device: u8,
    function: u8,
}

impl Address {
    fn parse(text: &str) -> Option<Self> {
        let (rest, function) = text.rsplit_once('.')?;
        let mut parts = rest.splitn(3, ':');
        let mut next = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits)?;
            part.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u16::from_str_radix(part, 16).ok())?
        };
        let (domain, bus, device) = (next(4)?, next(2)?, next(2)?);
        let address = Address {
            domain,
            bus: bus.try_into().ok()?,
            device: device.try_into().ok().filter(|device| *device < 32)?,
            function: function.parse().ok().filter(|function| *function < 8)?,
        };
        (address.text() == text.to_ascii_lowercase()).then_some(address)
    }

    fn text(self) -> String {
        format!("{:04x}:{:02x}:{:02x}.{}", self.domain, self.bus, self.device, self.function)
    }
}

/// Gives every device its nodes, owner and address.
pub fn place(specs: &[Spec]) -> Result<Vec<Device>> {
    if specs.len() > 1 && specs.iter().any(|spec| !matches!(spec, Spec::Device(_))) {
        bail!("`none` and `empty` stand alone");
    }
    let wanted = || {
        specs.iter().filter_map(|spec| if let Spec::Device(wanted) = spec { Some(&**wanted) } else { None })
    };
    let mut renders = Numbers::new(RENDER, wanted().map(|wanted| wanted.render))?;
    let mut cards = Numbers::new(CARD, wanted().map(|wanted| wanted.card))?;
    let mut addresses = BTreeSet::new();
    for address in wanted().filter_map(|wanted| wanted.address.as_ref()) {
        if !addresses.insert(address.clone()) {
            bail!("two devices at {address}");
        }
    }
    let mut devices = Vec::new();
    for wanted in wanted() {
        let drm = &wanted.profile.drm;
        devices.push(Device {
            render: renders.take(wanted.render)?.map(|number| format!("renderD{number}")),
            card: cards.take(wanted.card)?.map(|number| format!("card{number}")),
            uid: wanted.uid.unwrap_or(0),
            gid: wanted.gid.unwrap_or_else(|| own_group(&drm.group)),
            mode: wanted.mode.unwrap_or(drm.mode),
            errno: wanted.errno,
            address: match &wanted.address {
                Some(address) => address.clone(),
                None => free(&drm.address, &mut addresses)?,
            },
            profile: wanted.profile.clone(),
        });
    }
    Ok(devices)
}

/// The address, or that on the next bus without a device of ours.
fn free(wished: &str, taken: &mut BTreeSet<String>) -> Result<String> {
    let mut address = Address::parse(wished).with_context(|| format!("address `{wished}` of a profile"))?;
    while !taken.insert(address.text()) {
        address.bus = address.bus.checked_add(1).context("too many devices")?;
        (address.device, address.function) = (0, 0);
    }
    Ok(address.text())
}

/// The group of this name where the caller would be let in by it, else the caller's own: a run needs no preparation.
fn own_group(name: &str) -> u32 {
    let own = unistd::getegid().as_raw();
    let member = |gid: u32| {
        unistd::geteuid().is_root()
            || gid == own
            || unistd::getgroups().is_ok_and(|all| all.contains(&gid.into()))
    };
    group(name).filter(|gid| member(*gid)).unwrap_or(own)
}

/// Numbers of nodes that are given out.
struct Numbers {
    range: std::ops::Range<u32>,
    taken: BTreeSet<u32>,
}

impl Numbers {
    fn new(range: std::ops::Range<u32>, wanted: impl Iterator<Item = Number>) -> Result<Self> {
        let mut taken = BTreeSet::new();
        for number in wanted {
            if let Number::Fixed(number) = number
                && !taken.insert(number)
            {
                bail!("two devices with node number {number}");
            }
        }
        Ok(Numbers { range, taken })
    }

    fn take(&mut self, number: Number) -> Result<Option<u32>> {
        match number {
            Number::Absent => Ok(None),
            Number::Fixed(number) => Ok(Some(number)),
            Number::Next => {
                let next = self
                    .range
                    .clone()
                    .find(|number| !self.taken.contains(number))
                    .context("too many devices")?;
                self.taken.insert(next);
                Ok(Some(next))
            }
        }
    }
}
