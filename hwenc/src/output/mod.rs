//! Where packets go: containers by the ending of a name, and files that appear whole or not at all.

mod container;
mod file;

pub use container::Container;
pub(crate) use file::OutputFile;
