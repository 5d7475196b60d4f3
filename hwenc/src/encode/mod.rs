//! Sessions: pictures in, packets out.

mod convert;
mod deep;
mod picture;
mod planes;
mod rgb;
mod session;
mod settings;

pub use picture::{Input, Picture};
pub use session::{Output, Session, Stats};
pub use settings::Settings;
