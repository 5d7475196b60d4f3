#![doc = include_str!("../README.md")]

mod load;
pub mod side_data;
pub mod va;

pub use load::{LoadError, can_load};
