//! What the server sends back over the control socket.

use serde::{Deserialize, Serialize};

/// A line that the server sends: any number of `Working`, then one of the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlResponse<A> {
    Done(A),
    Refused(String),
    Failed(String),
    /// Progress of long work. `None` only says that the server still works on it.
    Working(Option<String>),
}

impl<A> ControlResponse<A> {
    pub fn map<B>(self, convert: impl FnOnce(A) -> B) -> ControlResponse<B> {
        match self {
            Self::Done(answer) => ControlResponse::Done(convert(answer)),
            Self::Refused(why) => ControlResponse::Refused(why),
            Self::Failed(why) => ControlResponse::Failed(why),
            Self::Working(step) => ControlResponse::Working(step),
        }
    }
}

/// Reads a line whose answer has exactly this type.
pub(super) fn parse_as<A: for<'de> Deserialize<'de>, B>(
    line: &str,
    convert: impl FnOnce(A) -> B,
) -> serde_json::Result<ControlResponse<B>> {
    Ok(serde_json::from_str::<ControlResponse<A>>(line)?.map(convert))
}
