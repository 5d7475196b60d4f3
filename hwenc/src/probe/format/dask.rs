//! Resources as `dask worker --resources` takes them: `NAME=NUMBER` with blanks between (distributed/cli/dask_worker.py).

use crate::probe::Report;

use super::verified::verified;

pub(super) fn resources(report: &Report) -> String {
    let encoders = verified(report);
    let counts = encoders.iter().map(|(name, encoder)| format!("{name}={}", encoder.devices.len()));
    counts.collect::<Vec<_>>().join(" ") + "\n"
}
