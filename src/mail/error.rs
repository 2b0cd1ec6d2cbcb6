//! Why a message was not accepted, and what follows from that.
//!
//! Every failure is a [`DeliveryError`]; its [`Disposition`] decides what happens to the message:
//!
//! | disposition | when | the message |
//! |---|---|---|
//! | `Rejected` | a permanent reply (5xx) to the recipient or the message | has failed |
//! | `Retry` | a temporary reply (4xx), such as greylisting | is retried later; the session goes on |
//! | `ConnectionLost` | the relay cannot be reached, hung up or timed out | is retried later; it may have been accepted |
//! | `Misconfigured` | credentials, TLS or sender are refused; the [`RelayFault`] says which | is deferred until the settings are fixed |
//!
//! SECURITY: a relay's reply may repeat the recipient's address or the user name of the sign-in, so it is kept in
//! [`DeliveryError::reply`], apart from the message that is logged.

use std::fmt;

use mail_send::Error;

/// Longest reply that is kept, in characters.
const MAX_REPLY_CHARS: usize = 300;

/// What happens to a message that was not accepted; see the table of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    Rejected,
    Retry,
    ConnectionLost,
    Misconfigured(RelayFault),
}

/// What is wrong with the settings of the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelayFault {
    /// The relay does not accept the user and the password.
    SignIn,
    /// The certificate is not trusted, or TLS is not available.
    Tls,
    /// The relay does not accept mail from this server or this sender.
    Sender,
}

impl RelayFault {
    /// The spelling in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SignIn => "authentication",
            Self::Tls => "tls",
            Self::Sender => "sender",
        }
    }
}

impl fmt::Display for RelayFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignIn => "the mail relay does not accept the user name and password",
            Self::Tls => "no secure connection to the mail relay is possible",
            Self::Sender => "the mail relay does not accept mail from this server or sender",
        })
    }
}

/// Why a message was not accepted.
#[derive(Debug, Clone)]
pub struct DeliveryError {
    pub disposition: Disposition,
    /// What happened, for the log; never anything that the relay said.
    pub message: String,
    /// The relay's reply, if it sent one.
    pub reply: Option<String>,
}

impl fmt::Display for DeliveryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reply {
            Some(reply) => write!(f, "{}: {reply}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for DeliveryError {}

/// How far a session got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SmtpStep {
    /// Greeting, TLS and sign-in.
    Connect,
    /// MAIL FROM.
    From,
    /// RCPT TO.
    To,
    /// DATA and the message.
    Data,
}

impl DeliveryError {
    fn new(disposition: Disposition, message: impl Into<String>) -> Self {
        Self { disposition, message: message.into(), reply: None }
    }

    pub(super) fn timeout(step: SmtpStep) -> Self {
        let message = if step == SmtpStep::Connect {
            "the relay did not respond in time; check the port and whether it expects TLS"
        } else {
            "the relay did not accept the message in time"
        };
        Self::new(Disposition::ConnectionLost, message)
    }

    /// A message that cannot be encoded.
    pub(super) fn from_encoding(error: &std::io::Error) -> Self {
        Self::new(Disposition::Rejected, format!("the message cannot be encoded: {error}"))
    }

    /// A failure on this machine, before the relay was contacted.
    pub fn local(message: &str) -> Self {
        Self::new(Disposition::Misconfigured(RelayFault::Tls), message)
    }

    /// A message whose text was discarded.
    pub fn without_body() -> Self {
        Self::new(Disposition::Rejected, "the text of the message was discarded")
    }

    pub(super) fn from_smtp(step: SmtpStep, error: &Error) -> Self {
        let misconfigured = |fault: RelayFault, message: String| Self::new(Disposition::Misconfigured(fault), message);
        match error {
            Error::UnexpectedReply(reply) => {
                Self::from_reply(step, reply.code, single_line_reply(reply.code, reply.esc, &reply.message))
            }
            Error::AuthenticationFailed(reply) => {
                let is_temporary = (400..500).contains(&reply.code);
                let disposition =
                    if is_temporary { Disposition::Retry } else { Disposition::Misconfigured(RelayFault::SignIn) };
                let message = format!("the relay refused the sign-in ({})", reply.code);
                Self { disposition, message, reply: Some(single_line_reply(reply.code, reply.esc, &reply.message)) }
            }
            Error::UnsupportedAuthMechanism => {
                misconfigured(RelayFault::SignIn, "the relay does not support signing in with a password".to_owned())
            }
            Error::Auth(_) | Error::Base64(_) | Error::MissingCredentials => {
                misconfigured(RelayFault::SignIn, "signing in to the relay failed".to_owned())
            }
            Error::Tls(error) => misconfigured(RelayFault::Tls, format!("TLS with the relay failed: {error}")),
            Error::MissingStartTls => misconfigured(RelayFault::Tls, "the relay does not offer STARTTLS".to_owned()),
            Error::InvalidTLSName => {
                misconfigured(RelayFault::Tls, "the relay's host name is not valid in a certificate".to_owned())
            }
            Error::Timeout => Self::timeout(step),
            Error::Io(error) => {
                Self::new(Disposition::ConnectionLost, format!("the connection to the relay failed: {}", error.kind()))
            }
            Error::UnparseableReply | Error::MissingMailFrom | Error::MissingRcptTo => Self::new(
                Disposition::ConnectionLost,
                "the relay closed the connection or sent something other than SMTP",
            ),
        }
    }

    fn from_reply(step: SmtpStep, code: u16, reply: String) -> Self {
        let disposition = match (step, code) {
            // "Service not available, closing transmission channel" (RFC 5321 section 3.8).
            (_, 421) => Disposition::ConnectionLost,
            (_, 400..500) => Disposition::Retry,
            (_, 530 | 534 | 535 | 538) => Disposition::Misconfigured(RelayFault::SignIn),
            // A relay that refuses this server or sender refuses every message; none of them may fail because of that.
            (SmtpStep::Connect | SmtpStep::From, 500..600) => Disposition::Misconfigured(RelayFault::Sender),
            (_, 500..600) => Disposition::Rejected,
            _ => Disposition::ConnectionLost,
        };
        let message = match step {
            SmtpStep::Connect => "the relay refused the connection",
            SmtpStep::From => "the relay refused the sender",
            SmtpStep::To => "the relay refused the recipient",
            SmtpStep::Data => "the relay refused the message",
        };
        Self { disposition, message: format!("{message} ({code})"), reply: Some(reply) }
    }
}

/// A reply on one line, without control characters and shortened to [`MAX_REPLY_CHARS`].
pub(super) fn single_line_reply(code: u16, enhanced: [u8; 3], message: &str) -> String {
    let [class, subject, detail] = enhanced;
    let enhanced = if class == 0 { String::new() } else { format!("{class}.{subject}.{detail} ") };
    let text: String = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().filter(|c| !c.is_control()).take(MAX_REPLY_CHARS).collect();
    format!("{code} {enhanced}{text}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_disposition_depends_on_the_reply_code_and_the_step() {
        let disposition = |step, code| DeliveryError::from_reply(step, code, String::new()).disposition;
        for step in [SmtpStep::Connect, SmtpStep::From, SmtpStep::To, SmtpStep::Data] {
            assert_eq!(disposition(step, 450), Disposition::Retry);
            assert_eq!(disposition(step, 421), Disposition::ConnectionLost);
            assert_eq!(disposition(step, 530), Disposition::Misconfigured(RelayFault::SignIn));
        }
        assert_eq!(disposition(SmtpStep::To, 550), Disposition::Rejected);
        assert_eq!(disposition(SmtpStep::Data, 554), Disposition::Rejected);
        assert_eq!(disposition(SmtpStep::From, 550), Disposition::Misconfigured(RelayFault::Sender));
        assert_eq!(disposition(SmtpStep::Connect, 554), Disposition::Misconfigured(RelayFault::Sender));
    }

    #[test]
    fn a_reply_is_shown_on_one_line_and_is_no_part_of_the_logged_message() {
        let reply = single_line_reply(550, [5, 1, 1], "no\r\nsuch\u{1b}[31m user ada@example.com");
        let error = DeliveryError::from_reply(SmtpStep::To, 550, reply);
        assert_eq!(error.reply.as_deref(), Some("550 5.1.1 no such[31m user ada@example.com"));
        assert!(!error.message.contains("ada"), "{}", error.message);
    }
}
