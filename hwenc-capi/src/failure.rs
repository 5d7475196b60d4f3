//! [`Failure`]: an error on its way to the caller, from the crate `hwenc` or of this interface itself.

use std::ops::{Deref, DerefMut};

use hwenc::{Candidate, Code, Error};

use crate::status::hwenc_status_value::{self, *};

/// Why a function failed.
#[derive(Debug)]
pub(crate) struct Failure(Box<Facts>);

/// What there is to say of it.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) status: hwenc_status_value,
    pub(crate) message: String,
    pub(crate) evidence: Vec<String>,
    pub(crate) remedy: String,
    pub(crate) value: Option<String>,
    pub(crate) legal: Option<String>,
    pub(crate) os: i32,
    pub(crate) av: i32,
    pub(crate) candidates: Vec<Candidate>,
}

impl Failure {
    /// One of C's own: a wrong argument, a wrong handle, a session in use.
    pub(crate) fn own(status: hwenc_status_value, message: impl Into<String>) -> Self {
        let remedy = match status {
            HWENC_ERROR_INVALID_HANDLE => {
                "use what the library's functions put into out-parameters, until it is freed"
            }
            HWENC_ERROR_BUSY => "use a session from one thread at a time",
            HWENC_ERROR_INTERNAL => Code::Internal.remedy(),
            _ => "",
        };
        Failure(Box::new(Facts {
            status,
            message: message.into(),
            evidence: Vec::new(),
            remedy: remedy.to_owned(),
            value: None,
            legal: None,
            os: 0,
            av: 0,
            candidates: Vec::new(),
        }))
    }

    /// An argument that cannot be.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Failure::own(HWENC_ERROR_INVALID_ARGUMENT, message)
    }

    /// What a panic said.
    pub(crate) fn panic(payload: &(dyn std::any::Any + Send)) -> Self {
        let said = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
        let said = said.or_else(|| payload.downcast_ref::<String>().cloned());
        let mut failure = Failure::own(HWENC_ERROR_INTERNAL, "hwenc failed in a way that it should not");
        failure.evidence.push(format!("panic: {}", said.as_deref().unwrap_or("without words")));
        failure
    }
}

impl Deref for Failure {
    type Target = Facts;

    fn deref(&self) -> &Facts {
        &self.0
    }
}

impl DerefMut for Failure {
    fn deref_mut(&mut self) -> &mut Facts {
        &mut self.0
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure(Box::new(Facts {
            status: hwenc_status_value::of(error.code()),
            value: error.value().map(str::to_owned),
            legal: error.legal().map(str::to_owned),
            os: error.os_error().unwrap_or(0),
            av: error.av_error().unwrap_or(0),
            candidates: error.candidates().to_vec(),
            message: error.reason().message.clone(),
            evidence: error.reason().evidence.clone(),
            remedy: error.into_reason().remedy,
        }))
    }
}
