//! Every "no" and every breakdown becomes an answer here, and is logged here, once.

use warp::http::StatusCode;
use warp::http::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};

use super::face::Face;
use super::reply::{self, Answer, Code, code, retry_after};
use crate::app;
use crate::domain::Refusal;
use crate::pages::{Frame, errors};

/// Why a handler has no ordinary answer.
#[derive(Debug)]
pub enum Failure {
    /// A rule said no.
    Refused(Refusal),
    /// Nobody is signed in, and somebody must be.
    SignedOut,
    /// There is nothing at that path, or nothing this person may see.
    NotFound,
    /// The path exists, the method does not; these do.
    Method(String),
    /// What was sent cannot be read.
    Malformed(String),
    /// The body is of another type than can be read here.
    UnsupportedMedia,
    /// The body is too large.
    TooLarge,
    /// The body took too long.
    TooSlow,
    /// What is sent belongs to somebody else than who is signed in.
    OtherPerson,
    /// The request comes from a page of another site.
    CrossSite,
    /// The request calls this site by a name that is not its own.
    Misdirected,
    /// An error report is for another address than the one configured.
    Elsewhere,
    /// The environment's shared credentials are missing.
    Gate,
    /// Too much is going on.
    Busy,
    /// The data file cannot be read or written; the text is for the log.
    Unavailable(String),
    /// Something is broken; the text is for the log.
    Broken(String),
}

impl From<app::Error> for Failure {
    fn from(error: app::Error) -> Self {
        match error {
            app::Error::Refused(refusal) => Self::Refused(refusal),
            app::Error::Busy => Self::Busy,
            app::Error::Unavailable(why) => Self::Unavailable(why),
            app::Error::Broken(why) => Self::Broken(why),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Seconds after which asking again makes sense.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("2");

impl Failure {
    /// The answer, in the form the path talks.
    pub fn answer(self, face: Face, frame: &Frame<'_>, request: &str) -> Answer {
        if let Self::Broken(why) | Self::Unavailable(why) = &self {
            tracing::error!(request, why, "a request failed");
        }
        let status = self.status(face);
        let mut answer = match face {
            Face::Api => {
                let faults = match &self {
                    Self::Refused(refusal) => refusal.faults(),
                    _ => &[],
                };
                reply::failure(status, self.code(), &self.message(), faults)
            }
            Face::Page => reply::page(status, errors::page(frame, self.headline(), &self.message(), request)),
        };
        answer.extensions_mut().insert(Code(self.code()));
        let headers = answer.headers_mut();
        match &self {
            Self::Method(allowed) => {
                if let Ok(allowed) = HeaderValue::from_str(allowed) {
                    headers.insert(ALLOW, allowed);
                }
            }
            Self::Busy | Self::Unavailable(_) => {
                headers.insert(RETRY_AFTER, RETRY_SECONDS);
            }
            Self::Refused(Refusal::TooMany(left)) => {
                headers.insert(RETRY_AFTER, retry_after(*left));
            }
            Self::Gate => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Atlas\", charset=\"UTF-8\""));
            }
            _ => {}
        }
        answer
    }

    fn status(&self, face: Face) -> StatusCode {
        match self {
            Self::Refused(Refusal::NoSuchHabit | Refusal::NoSuchSession | Refusal::NoSuchPerson) | Self::NotFound => {
                StatusCode::NOT_FOUND
            }
            Self::Refused(
                Refusal::WrongCredentials
                | Refusal::Unverified
                | Refusal::ProofWanted
                | Refusal::WrongProof
                | Refusal::ChallengeOver
                | Refusal::FactorUnreadable,
            )
            | Self::SignedOut
            | Self::Gate => StatusCode::UNAUTHORIZED,
            Self::Refused(Refusal::TooMany(_)) => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(
                Refusal::Disabled
                | Refusal::NotAdmin
                | Refusal::SecondFactorWanted
                | Refusal::NoSecondFactor
                | Refusal::AdminsNeedTwoFactor,
            )
            | Self::CrossSite
            | Self::Elsewhere
            | Self::OtherPerson => StatusCode::FORBIDDEN,
            // The predecessor's scripts expect 400 from the API; a page says what a form's answer is.
            Self::Refused(_) if face == Face::Page => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Refused(_) | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::Busy | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Refused(Refusal::WrongCredentials) => code::INVALID_CREDENTIALS,
            Self::Refused(Refusal::Unverified) => code::EMAIL_NOT_VERIFIED,
            Self::Refused(Refusal::TooMany(_)) => code::RATE_LIMITED,
            Self::Refused(Refusal::LinkInvalid) => code::TOKEN_INVALID,
            Self::Refused(Refusal::LinkExpired | Refusal::ChallengeOver) => code::TOKEN_EXPIRED,
            Self::Refused(Refusal::NoSuchHabit | Refusal::NoSuchSession | Refusal::NoSuchPerson) | Self::NotFound => {
                code::NOT_FOUND
            }
            Self::Refused(Refusal::ProofWanted | Refusal::WrongProof | Refusal::FactorUnreadable)
            | Self::SignedOut
            | Self::Gate => code::UNAUTHORIZED,
            Self::Refused(
                Refusal::Disabled
                | Refusal::NotAdmin
                | Refusal::SecondFactorWanted
                | Refusal::NoSecondFactor
                | Refusal::AdminsNeedTwoFactor,
            )
            | Self::CrossSite
            | Self::Elsewhere
            | Self::OtherPerson => code::FORBIDDEN,
            Self::Busy | Self::Unavailable(_) | Self::Broken(_) => code::INTERNAL_ERROR,
            _ => code::INVALID_REQUEST,
        }
    }

    fn headline(&self) -> &'static str {
        match self {
            Self::Busy | Self::Refused(Refusal::TooMany(_)) => "One moment, please",
            Self::Refused(_) | Self::Malformed(_) | Self::UnsupportedMedia => "That did not work",
            Self::SignedOut | Self::Gate => "Please sign in",
            Self::NotFound => "There is nothing here",
            Self::Method(_) => "That is not possible here",
            Self::TooLarge => "That was too much",
            Self::TooSlow => "That took too long",
            Self::OtherPerson => "That is somebody else's",
            Self::CrossSite => "That came from elsewhere",
            Self::Elsewhere => "That belongs elsewhere",
            Self::Misdirected => "This is not the place",
            Self::Unavailable(_) => "Nothing can be saved just now",
            Self::Broken(_) => "Something broke",
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Refused(refusal) => refusal.to_string(),
            Self::Malformed(why) => why.clone(),
            Self::SignedOut => "Sign in to go on.".to_owned(),
            Self::Gate => "This environment is for the team. Use its shared name and password.".to_owned(),
            Self::NotFound => "The address may be mistyped, or what was here is gone.".to_owned(),
            Self::Method(allowed) => format!("This address answers to {allowed}."),
            Self::UnsupportedMedia => "The request's content type cannot be read here.".to_owned(),
            Self::TooLarge => "The request is larger than can be read here.".to_owned(),
            Self::TooSlow => "The request took too long to arrive.".to_owned(),
            Self::OtherPerson => "Somebody else is signed in here now, so nothing was changed.".to_owned(),
            Self::CrossSite => {
                "The request came from a page of another site, so nothing was done. Open Atlas itself and try again."
                    .to_owned()
            }
            Self::Elsewhere => "Error reports for that address are not passed on.".to_owned(),
            Self::Misdirected => "This server does not answer to that host name.".to_owned(),
            Self::Busy => "Too much is going on just now; nothing was changed. Try again in a few seconds.".to_owned(),
            Self::Unavailable(_) => {
                "It is not your fault, and the operator has been told. What was saved before is safe.".to_owned()
            }
            Self::Broken(_) => "It is not your fault, and it has been noted. Try again in a moment.".to_owned(),
        }
    }
}
