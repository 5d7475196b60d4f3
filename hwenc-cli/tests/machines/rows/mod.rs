//! The table.

mod devices;
mod environment;
mod faults;
#[cfg(feature = "kernel-tests")]
pub(crate) mod kernel;
mod nodes;
mod nvidia;
mod others;
mod starts;

use crate::row::Row;

pub(crate) fn all() -> Vec<Row> {
    let parts = [
        devices::rows(),
        environment::rows(),
        faults::rows(),
        #[cfg(feature = "kernel-tests")]
        kernel::rows(),
        nodes::rows(),
        nvidia::rows(),
        others::rows(),
        starts::rows(),
    ];
    parts.into_iter().flatten().collect()
}
