//! From a request to a decision, with every reason. Pure: it looks at a [`Report`](crate::probe::Report) and at
//! nothing else.

mod decision;
mod json;
mod rank;
mod request;

pub use decision::{Candidate, Decision, Selection, Verdict};
pub(crate) use decision::{decide, untried};
pub(crate) use request::unknown_encoder;
pub use request::{
    Chroma, Codec, DEFAULT_QUALITY, Fallback, Latency, MAX_SIDE, ParameterSets, RateControl, Request,
    ZeroCopy,
};

#[cfg(test)]
mod tests;
