//! Why a use case failed.
//!
//! Which variant to use:
//! - [`Error::Refused`]: a rule of the domain said no. The message is for the user; nothing is logged.
//! - [`Error::Busy`]: a bounded queue is full. The same request can succeed a moment later.
//! - [`Error::Unavailable`]: the environment failed, e.g. the disk is full or a file cannot be read. The server answers
//!   503 and keeps trying; the operator fixes the cause.
//! - [`Error::Broken`]: a bug or damaged data. The server answers 500; trying again doesn't help.
//!
//! The last two are for the operator and keep their source. Add what was being done with [`ErrorContext`].

use std::error::Error as StdError;

use crate::domain::Refusal;
use crate::store;

/// Why a use case failed. Nothing was changed, except where a function says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0}")]
    Refused(Refusal),
    #[error("too busy")]
    Busy,
    #[error(transparent)]
    Unavailable(Box<dyn StdError + Send + Sync>),
    #[error(transparent)]
    Broken(Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// An [`Error::Unavailable`] from its source, or from a message where no source exists.
    pub fn unavailable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Unavailable(source.into())
    }

    /// An [`Error::Broken`] from its source, or from a message where no source exists.
    pub fn broken(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Broken(source.into())
    }
}

/// A source with the whole message for the operator.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct ErrorContext {
    message: String,
    source: Box<dyn StdError + Send + Sync>,
}

impl ErrorContext {
    /// `message` says what failed and includes the text of `source`.
    pub fn new(message: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { message: message.into(), source: source.into() }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Busy => Self::Busy,
            store::Error::File(_) | store::Error::Closed => Self::unavailable(error),
            store::Error::Panicked | store::Error::Corrupt { .. } => Self::broken(error),
        }
    }
}

impl From<getrandom::Error> for Error {
    fn from(error: getrandom::Error) -> Self {
        Self::broken(ErrorContext::new(format!("the operating system provided no random bytes: {error}"), error))
    }
}
