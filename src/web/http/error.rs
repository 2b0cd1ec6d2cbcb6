//! Errors of requests, and the error page or JSON that the client gets. Each fault is logged here, once.
//!
//! Which variant to use:
//! - [`HttpError::Refused`]: a rule of the domain said no. The refusal explains itself to the user.
//! - [`HttpError::NotSignedIn`], [`BasicAuthRequired`](HttpError::BasicAuthRequired), [`CrossSite`](HttpError::CrossSite),
//!   [`UnknownHost`](HttpError::UnknownHost), [`OtherAccount`](HttpError::OtherAccount),
//!   [`ForeignReport`](HttpError::ForeignReport): the server does not serve this client, or not with these credentials.
//! - [`HttpError::NotFound`], [`MethodNotAllowed`](HttpError::MethodNotAllowed), [`Malformed`](HttpError::Malformed),
//!   [`UnsupportedMediaType`](HttpError::UnsupportedMediaType), [`UnsupportedEncoding`](HttpError::UnsupportedEncoding),
//!   [`PayloadTooLarge`](HttpError::PayloadTooLarge), [`RequestTimeout`](HttpError::RequestTimeout): the request itself is wrong.
//! - [`HttpError::Busy`]: a queue is full. The same request can succeed a moment later.
//! - [`HttpError::Unavailable`]: the data file cannot be read or written, e.g. because the disk is full.
//! - [`HttpError::Internal`]: a bug or a corrupt data file.
//!
//! What an error displays is for the user. The sources of the last two are for the log.

use std::error::Error as StdError;

use tokio::task::JoinError;
use warp::http::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use warp::http::{HeaderMap, StatusCode};

use crate::app;
use crate::config::keys;
use crate::domain::Refusal;
use crate::observe::panics::join_error_reason;
use crate::web::http::format::Format;
use crate::web::http::media_type::media_type;
use crate::web::http::response::{self, DecidingSetting, ErrorCode, Response, code, retry_after};
use crate::web::ui::errors;
use crate::web::ui::layout::Frame;

/// Why a request has no ordinary response. [The module](self) says which variant to use.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("{0}")]
    Refused(Refusal),
    #[error("Sign in to continue.")]
    NotSignedIn,
    /// Nothing exists at that path, or nothing that this user may see.
    #[error("Check the address, or the page may have been removed.")]
    NotFound,
    /// The path exists with the methods named here.
    #[error("This address only supports {0}.")]
    MethodNotAllowed(String),
    /// The text is for the user.
    #[error("{0}")]
    Malformed(String),
    #[error("{}", describe_media_type(sent.as_deref(), expected))]
    UnsupportedMediaType { sent: Option<String>, expected: &'static str },
    #[error("Atlas doesn't support this content encoding.")]
    UnsupportedEncoding,
    #[error("This request is too large.")]
    PayloadTooLarge,
    #[error("The request took too long. Try again.")]
    RequestTimeout,
    /// A change that was made offline belongs to another user than the one who is signed in now.
    #[error("You're signed in with a different account now, so nothing was changed.")]
    OtherAccount,
    #[error("This request came from another site, so nothing was changed. Open Atlas and try again.")]
    CrossSite,
    #[error("This server doesn't use that host name.")]
    UnknownHost,
    /// An error report for another Sentry project than the configured one.
    #[error("Error reports for that address aren't accepted.")]
    ForeignReport,
    #[error("This environment is for the team. Enter the shared user name and password.")]
    BasicAuthRequired,
    #[error("Atlas is busy. Nothing was changed; try again in a moment.")]
    Busy,
    #[error(
        "Atlas can't save right now, and your administrator has been notified. Everything you saved before is safe."
    )]
    Unavailable(#[source] Box<dyn StdError + Send + Sync>),
    #[error("Something went wrong on our side, and it's been logged. Try again in a moment.")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

/// A task that panicked or was aborted.
#[derive(Debug, thiserror::Error)]
#[error("{task}: {reason}")]
pub struct TaskError {
    task: &'static str,
    reason: &'static str,
}

impl TaskError {
    /// `task` says what the task was doing. SECURITY: a [`JoinError`] displays the message of the panic, which may quote a
    /// user's data, so it is not kept as the source.
    pub fn new(task: &'static str, error: &JoinError) -> Self {
        Self { task, reason: join_error_reason(error) }
    }
}

impl From<app::Error> for HttpError {
    fn from(error: app::Error) -> Self {
        match error {
            app::Error::Refused(refusal) => Self::Refused(refusal),
            app::Error::Busy => Self::Busy,
            app::Error::Unavailable(source) => Self::Unavailable(source),
            app::Error::Broken(source) => Self::Internal(source),
        }
    }
}

impl From<Refusal> for HttpError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<TaskError> for HttpError {
    fn from(error: TaskError) -> Self {
        Self::internal(error)
    }
}

/// The most of a client's header that a message quotes.
const MAX_QUOTED_CHARS: usize = 80;

fn describe_media_type(sent: Option<&str>, expected: &str) -> String {
    match sent {
        Some(sent) => format!("This address takes {expected}, not {sent}."),
        None => format!("This address takes {expected}, and the request has no Content-Type header."),
    }
}

/// The `Retry-After` header while the server is busy or the data file is unavailable, in seconds.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("2");

impl HttpError {
    /// An [`HttpError::Internal`] from its source.
    pub fn internal(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(source.into())
    }

    /// A content type other than the one that the address takes.
    pub fn unsupported_media_type(headers: &HeaderMap, expected: &'static str) -> Self {
        let sent = media_type(headers).map(|sent| sent.chars().take(MAX_QUOTED_CHARS).collect());
        Self::UnsupportedMediaType { sent, expected }
    }

    /// The response in the format of the path.
    pub fn into_response(self, format: Format, frame: &Frame<'_>, request_id: &str) -> Response {
        if let Self::Internal(source) | Self::Unavailable(source) = &self {
            tracing::error!(request = request_id, error = %source, "a request failed");
        }
        let status = self.status(format);
        let message = self.to_string();
        let mut response = match format {
            Format::Api => {
                let errors = match &self {
                    Self::Refused(refusal) => refusal.field_errors(),
                    _ => &[],
                };
                response::json_error(status, self.code(), &message, errors)
            }
            Format::Page => response::page(status, errors::page(frame, self.headline(), &message, request_id)),
        };
        response.extensions_mut().insert(ErrorCode(self.code()));
        if let Some(setting) = self.setting() {
            response.extensions_mut().insert(DecidingSetting(setting));
        }
        let headers = response.headers_mut();
        match &self {
            Self::MethodNotAllowed(allowed) => {
                if let Ok(allowed) = HeaderValue::from_str(allowed) {
                    headers.insert(ALLOW, allowed);
                }
            }
            Self::Busy | Self::Unavailable(_) => {
                headers.insert(RETRY_AFTER, RETRY_SECONDS);
            }
            Self::Refused(Refusal::TooManyAttempts(left)) => {
                headers.insert(RETRY_AFTER, retry_after(*left));
            }
            Self::BasicAuthRequired => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Atlas\", charset=\"UTF-8\""));
            }
            _ => {}
        }
        response
    }

    fn status(&self, format: Format) -> StatusCode {
        match self {
            Self::Refused(
                Refusal::HabitNotFound
                | Refusal::EntryNotFound
                | Refusal::ImportNotFound
                | Refusal::SessionNotFound
                | Refusal::UserNotFound,
            )
            | Self::NotFound => StatusCode::NOT_FOUND,
            Self::Refused(
                Refusal::WrongCredentials
                | Refusal::EmailNotVerified
                | Refusal::StepUpRequired
                | Refusal::StepUpFailed
                | Refusal::ChallengeExpired
                | Refusal::TwoFactorUnreadable,
            )
            | Self::NotSignedIn
            | Self::BasicAuthRequired => StatusCode::UNAUTHORIZED,
            Self::Refused(Refusal::TooManyAttempts(_)) => StatusCode::TOO_MANY_REQUESTS,
            Self::Refused(
                Refusal::AccountDisabled
                | Refusal::AdminRequired
                | Refusal::TwoFactorRequired
                | Refusal::TwoFactorNotEnabled
                | Refusal::CannotDisableTwoFactor,
            )
            | Self::CrossSite
            | Self::ForeignReport
            | Self::OtherAccount => StatusCode::FORBIDDEN,
            // Scripts written for the predecessor expect 400 from the API.
            Self::Refused(_) if format == Format::Page => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Refused(_) | Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnsupportedMediaType { .. } | Self::UnsupportedEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::UnknownHost => StatusCode::MISDIRECTED_REQUEST,
            Self::Busy | Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Refused(Refusal::WrongCredentials) => code::INVALID_CREDENTIALS,
            Self::Refused(Refusal::EmailNotVerified) => code::EMAIL_NOT_VERIFIED,
            Self::Refused(Refusal::TooManyAttempts(_)) => code::RATE_LIMITED,
            Self::Refused(Refusal::LinkInvalid) => code::TOKEN_INVALID,
            Self::Refused(Refusal::LinkExpired | Refusal::ChallengeExpired) => code::TOKEN_EXPIRED,
            Self::Refused(
                Refusal::HabitNotFound
                | Refusal::EntryNotFound
                | Refusal::ImportNotFound
                | Refusal::SessionNotFound
                | Refusal::UserNotFound,
            )
            | Self::NotFound => code::NOT_FOUND,
            Self::Refused(Refusal::StepUpRequired | Refusal::StepUpFailed | Refusal::TwoFactorUnreadable)
            | Self::NotSignedIn
            | Self::BasicAuthRequired => code::UNAUTHORIZED,
            Self::Refused(
                Refusal::AccountDisabled
                | Refusal::AdminRequired
                | Refusal::TwoFactorRequired
                | Refusal::TwoFactorNotEnabled
                | Refusal::CannotDisableTwoFactor,
            )
            | Self::CrossSite
            | Self::ForeignReport
            | Self::OtherAccount => code::FORBIDDEN,
            Self::Busy | Self::Unavailable(_) | Self::Internal(_) => code::INTERNAL_ERROR,
            _ => code::INVALID_REQUEST,
        }
    }

    /// The setting that would let the request pass, if one would.
    fn setting(&self) -> Option<&'static str> {
        match self {
            Self::UnknownHost | Self::CrossSite => Some(keys::APP_URL),
            Self::BasicAuthRequired => Some(keys::GATE_PASSWORD),
            Self::ForeignReport => Some(keys::BROWSER_SENTRY_DSN),
            Self::Refused(Refusal::AdminRequired) => Some(keys::ADMIN_ALLOWLIST),
            _ => None,
        }
    }

    fn headline(&self) -> &'static str {
        match self {
            Self::Refused(Refusal::TooManyAttempts(_)) => "Too many attempts",
            Self::Refused(_) | Self::Malformed(_) | Self::UnsupportedMediaType { .. } | Self::UnsupportedEncoding => {
                "That didn't work"
            }
            Self::NotSignedIn | Self::BasicAuthRequired => "Please sign in",
            Self::NotFound => "Page not found",
            Self::MethodNotAllowed(_) => "Not supported here",
            Self::PayloadTooLarge => "Request too large",
            Self::RequestTimeout => "Request timed out",
            Self::OtherAccount => "Different account",
            Self::CrossSite => "Request blocked",
            Self::ForeignReport => "Report not accepted",
            Self::UnknownHost => "Unknown host",
            Self::Busy => "One moment, please",
            Self::Unavailable(_) => "Can't save right now",
            Self::Internal(_) => "Unexpected error",
        }
    }
}
