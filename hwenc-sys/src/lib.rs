#![doc = include_str!("../README.md")]

mod load;
mod own;
pub mod process;
pub mod side_data;
#[allow(non_camel_case_types)] // as C has them
pub mod v4l2;
pub mod va;

pub use load::{LoadError, can_load};
pub use own::own;
