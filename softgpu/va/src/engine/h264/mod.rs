//! H.264.

use super::{Encoder, Open};
use crate::failure::{Failure, Outcome};

/// The encoder of a context.
pub(super) fn open(open: &Open) -> Outcome<Box<dyn Encoder>> {
    Err(Failure::unimplemented(format!("H.264 is not coded by the engine {:?} yet", open.engine)))
}
