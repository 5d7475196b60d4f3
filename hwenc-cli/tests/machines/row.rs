//! [`Row`]: a machine, and what is expected of hwenc on it.

use serde_json::Value;

use crate::standin::StandIn;

/// How the machine is made.
pub(crate) enum Machine {
    /// softgpu's devices, as `softgpu run --device` takes them.
    Devices(&'static str),
    /// One of them on a kernel of its own, for a user without rights.
    #[cfg(feature = "kernel-tests")]
    Kernel(&'static str),
    /// A report that was recorded: its name in hwenc/tests/reports.
    Recorded(&'static str),
    /// A report that is put together.
    Made(fn() -> Value),
}

/// What `hwenc select` must say.
pub(crate) enum Decision {
    /// This encoder on this device.
    Takes(&'static str, Option<&'static str>),
    /// No encoder.
    None,
    /// It cannot be told, because nothing was tried.
    Untried,
}

pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) machine: Machine,
    /// Which of `SITUATIONS` it is.
    pub(crate) shows: Option<&'static str>,
    /// Rules of `softgpu run --fault`.
    pub(crate) faults: Vec<&'static str>,
    /// Variables of hwenc; `{here}` is the row's own directory.
    pub(crate) variables: Vec<(&'static str, &'static str)>,
    /// Libraries in the row's own directory.
    pub(crate) stand_ins: Vec<StandIn>,
    /// Further options of `hwenc probe`.
    pub(crate) options: &'static str,
    pub(crate) codec: &'static str,
    pub(crate) bit_depth: u8,
    pub(crate) size: &'static str,
    pub(crate) fallback: &'static str,
    /// Seconds that a driver may take for an answer.
    pub(crate) deadline: u16,
    /// Changes of the report, after it was made.
    pub(crate) edits: Vec<fn(&mut Value)>,
    /// The doctor's findings: `✗ id` for problems, `! id` for warnings, and no others.
    pub(crate) finds: &'static [&'static str],
    /// Words that the doctor's text must have.
    pub(crate) says: &'static [&'static str],
    pub(crate) decision: Decision,
    /// Codes of candidates that are refused: `ENCODER CODE`, or `ENCODER@NODE CODE`.
    pub(crate) refuses: &'static [&'static str],
}

/// A row on which nothing is found and no encoder is, asked for H.264.
pub(crate) fn row(name: &'static str, machine: Machine) -> Row {
    Row {
        name,
        machine,
        shows: None,
        faults: Vec::new(),
        variables: Vec::new(),
        stand_ins: Vec::new(),
        options: "",
        codec: "h264",
        bit_depth: 8,
        size: "320x192",
        fallback: "deny",
        deadline: 60, // that of a busy machine
        edits: Vec::new(),
        finds: &[],
        says: &[],
        decision: Decision::None,
        refuses: &[],
    }
}

pub(crate) fn devices(name: &'static str, devices: &'static str) -> Row {
    row(name, Machine::Devices(devices))
}

pub(crate) fn recorded(name: &'static str, file: &'static str) -> Row {
    row(name, Machine::Recorded(file))
}

pub(crate) fn made(name: &'static str, report: fn() -> Value) -> Row {
    row(name, Machine::Made(report))
}

impl Row {
    pub(crate) fn shows(self, situation: &'static str) -> Self {
        Row { shows: Some(situation), ..self }
    }

    pub(crate) fn fault(mut self, rule: &'static str) -> Self {
        self.faults.push(rule);
        self
    }

    pub(crate) fn variable(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    pub(crate) fn has(mut self, library: StandIn) -> Self {
        self.stand_ins.push(library);
        self
    }

    pub(crate) fn options(self, options: &'static str) -> Self {
        Row { options, ..self }
    }

    pub(crate) fn codec(self, codec: &'static str, bit_depth: u8) -> Self {
        Row { codec, bit_depth, ..self }
    }

    pub(crate) fn size(self, size: &'static str) -> Self {
        Row { size, ..self }
    }

    pub(crate) fn fallback(self, fallback: &'static str) -> Self {
        Row { fallback, ..self }
    }

    /// Everything hangs, and nothing else is to come in time.
    pub(crate) fn hangs(self) -> Self {
        self.deadline(2)
    }

    pub(crate) fn deadline(self, seconds: u16) -> Self {
        Row { deadline: seconds, ..self }
    }

    pub(crate) fn edit(mut self, change: fn(&mut Value)) -> Self {
        self.edits.push(change);
        self
    }

    pub(crate) fn finds(self, finds: &'static [&'static str]) -> Self {
        Row { finds, ..self }
    }

    pub(crate) fn says(self, says: &'static [&'static str]) -> Self {
        Row { says, ..self }
    }

    pub(crate) fn takes(self, encoder: &'static str, device: &'static str) -> Self {
        Row { decision: Decision::Takes(encoder, Some(device)), ..self }
    }

    pub(crate) fn takes_software(self, encoder: &'static str) -> Self {
        Row { decision: Decision::Takes(encoder, None), ..self }
    }

    pub(crate) fn untried(self) -> Self {
        Row { decision: Decision::Untried, ..self }
    }

    pub(crate) fn refuses(self, refuses: &'static [&'static str]) -> Self {
        Row { refuses, ..self }
    }
}
