//! Why a message was not accepted, and what follows from that.
//!
//! Every failure is a [`DeliveryError`]; its [`Disposition`] decides what happens to the message:
//!
//! | disposition | when | the message |
//! |---|---|---|
//! | `Rejected` | a permanent reply (5xx) to the recipient or the message | has failed |
//! | `Retry` | a temporary reply (4xx), such as greylisting | is retried later; the session goes on |
//! | `ConnectionLost` | the relay cannot be reached, hung up or timed out | is retried later |
//! | `ReplyLost` | the same while the relay was to accept the message | may have been accepted; is retried much later |
//! | `Misconfigured` | credentials, TLS or sender are refused; the [`RelayFault`] says which | is deferred until the settings are fixed |
//!
//! SECURITY: a relay's reply may repeat the recipient's address or the user name of the sign-in, so it is kept in
//! [`DeliveryError::reply`], apart from the message that is logged.

use std::fmt;

use mail_send::Error;

use super::dial::DialError;
use super::reply::Reply;

/// What happens to a message that was not accepted; see the table of this module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    Rejected,
    Retry,
    ConnectionLost,
    ReplyLost,
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
    /// Connecting, greeting, and EHLO.
    Connect,
    /// STARTTLS and the handshake.
    StartTls,
    /// AUTH.
    SignIn,
    /// MAIL FROM.
    From,
    /// RCPT TO.
    To,
    /// DATA.
    Data,
    /// The message and the reply to it.
    Message,
}

impl DeliveryError {
    fn new(disposition: Disposition, message: impl Into<String>) -> Self {
        Self { disposition, message: message.into(), reply: None }
    }

    pub(super) fn timeout(step: SmtpStep) -> Self {
        let (disposition, message) = match step {
            SmtpStep::Connect | SmtpStep::StartTls => (
                Disposition::ConnectionLost,
                "the relay did not respond in time; check the port and whether it expects TLS",
            ),
            SmtpStep::SignIn => (Disposition::ConnectionLost, "the relay did not answer the sign-in in time"),
            SmtpStep::From | SmtpStep::To | SmtpStep::Data => {
                (Disposition::ConnectionLost, "the relay did not accept the message in time")
            }
            SmtpStep::Message => {
                (Disposition::ReplyLost, "the relay did not say in time whether it accepted the message")
            }
        };
        Self::new(disposition, message)
    }

    /// No connection to the relay.
    pub(super) fn from_dial(error: &DialError) -> Self {
        Self::new(Disposition::ConnectionLost, error.to_string())
    }

    pub(super) fn without_starttls() -> Self {
        Self::new(Disposition::Misconfigured(RelayFault::Tls), "the relay does not offer STARTTLS")
    }

    pub(super) fn without_password_sign_in() -> Self {
        let message = "the relay does not support signing in with a password";
        Self::new(Disposition::Misconfigured(RelayFault::SignIn), message)
    }

    /// The relay is to accept the message. This is what remains of an attempt that the server doesn't live to see the end of.
    pub fn unanswered() -> Self {
        Self::new(Disposition::ReplyLost, "the relay has not said whether it accepted the message")
    }

    /// The attempt could not be recorded, so the message was not sent.
    pub fn unrecorded() -> Self {
        Self::new(Disposition::ConnectionLost, "the attempt could not be recorded, so the message was not sent")
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
        let misconfigured = |message: String| Self::new(Disposition::Misconfigured(RelayFault::Tls), message);
        let disposition = if step == SmtpStep::Message { Disposition::ReplyLost } else { Disposition::ConnectionLost };
        match error {
            Error::Tls(error) => misconfigured(format!("TLS with the relay failed: {error}{}", tls_remedy(error))),
            Error::InvalidTLSName => misconfigured("the relay's host name is not valid in a certificate".to_owned()),
            Error::Timeout => Self::timeout(step),
            Error::Io(error) => Self::new(disposition, format!("the connection to the relay failed: {}", error.kind())),
            // Replies are never turned into errors by the library, and nothing else of it is used.
            _ => Self::new(disposition, "the relay closed the connection or sent something other than SMTP"),
        }
    }

    /// The relay's last reply to AUTH, which is not a success.
    pub(super) fn from_sign_in(reply: &Reply) -> Self {
        let disposition = match reply.code {
            421 => Disposition::ConnectionLost,
            400..500 => Disposition::Retry,
            _ => Disposition::Misconfigured(RelayFault::SignIn),
        };
        let message = format!("the relay refused the sign-in ({})", reply.code);
        Self { disposition, message, reply: Some(reply.single_line()) }
    }

    pub(super) fn from_reply(step: SmtpStep, reply: &Reply) -> Self {
        let disposition = match (step, reply.code) {
            // "Service not available, closing transmission channel" (RFC 5321 section 3.8).
            (_, 421) => Disposition::ConnectionLost,
            (_, 400..500) => Disposition::Retry,
            (SmtpStep::StartTls, 500..600) => Disposition::Misconfigured(RelayFault::Tls),
            (_, 530 | 534 | 535 | 538) => Disposition::Misconfigured(RelayFault::SignIn),
            // A relay that refuses this server or sender refuses every message; none of them may fail because of that.
            (SmtpStep::Connect | SmtpStep::From, 500..600) => Disposition::Misconfigured(RelayFault::Sender),
            (_, 500..600) => Disposition::Rejected,
            _ => Disposition::ConnectionLost,
        };
        let message = match step {
            SmtpStep::Connect => "the relay refused the connection",
            SmtpStep::StartTls => "the relay refused STARTTLS",
            SmtpStep::SignIn => "the relay refused the sign-in",
            SmtpStep::From => "the relay refused the sender",
            SmtpStep::To => "the relay refused the recipient",
            SmtpStep::Data | SmtpStep::Message => "the relay refused the message",
        };
        let message = format!("{message} ({})", reply.code);
        Self { disposition, message, reply: Some(reply.single_line()) }
    }
}

/// What to do about a certificate that isn't trusted, as the rest of a sentence.
fn tls_remedy(error: &rustls::Error) -> &'static str {
    match error {
        // A renewed authority with the same name makes it a bad signature.
        rustls::Error::InvalidCertificate(
            rustls::CertificateError::UnknownIssuer | rustls::CertificateError::BadSignature,
        ) => {
            "; if an authority of your own issued the relay's certificate, set SMTP_CA_FILE to the authority's PEM file"
        }
        rustls::Error::InvalidCertificate(
            rustls::CertificateError::NotValidForName | rustls::CertificateError::NotValidForNameContext { .. },
        ) => "; use a host name in SMTP_URL that the certificate names",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(code: u16) -> Reply {
        Reply { code, enhanced: [0; 3], text: String::new() }
    }

    #[test]
    fn the_disposition_depends_on_the_reply_code_and_the_step() {
        let disposition = |step, code| DeliveryError::from_reply(step, &reply(code)).disposition;
        for step in [SmtpStep::Connect, SmtpStep::From, SmtpStep::To, SmtpStep::Data, SmtpStep::Message] {
            assert_eq!(disposition(step, 450), Disposition::Retry);
            assert_eq!(disposition(step, 421), Disposition::ConnectionLost);
            assert_eq!(disposition(step, 530), Disposition::Misconfigured(RelayFault::SignIn));
        }
        assert_eq!(disposition(SmtpStep::To, 550), Disposition::Rejected);
        assert_eq!(disposition(SmtpStep::Message, 554), Disposition::Rejected);
        assert_eq!(disposition(SmtpStep::From, 550), Disposition::Misconfigured(RelayFault::Sender));
        assert_eq!(disposition(SmtpStep::Connect, 554), Disposition::Misconfigured(RelayFault::Sender));
        assert_eq!(disposition(SmtpStep::StartTls, 501), Disposition::Misconfigured(RelayFault::Tls));
        assert_eq!(disposition(SmtpStep::StartTls, 454), Disposition::Retry);
    }

    #[test]
    fn only_a_failure_after_the_message_was_sent_means_that_it_may_have_been_accepted() {
        for step in [SmtpStep::Connect, SmtpStep::From, SmtpStep::To, SmtpStep::Data] {
            assert_eq!(DeliveryError::timeout(step).disposition, Disposition::ConnectionLost);
            let error = DeliveryError::from_smtp(step, &Error::UnparseableReply);
            assert_eq!(error.disposition, Disposition::ConnectionLost);
        }
        for error in
            [Error::Timeout, Error::UnparseableReply, std::io::Error::from(std::io::ErrorKind::BrokenPipe).into()]
        {
            assert_eq!(DeliveryError::from_smtp(SmtpStep::Message, &error).disposition, Disposition::ReplyLost);
        }
    }

    #[test]
    fn a_reply_is_shown_on_one_line_and_is_no_part_of_the_logged_message() {
        let text = "no\r\nsuch\u{1b}[31m user ada@example.com".to_owned();
        let error = DeliveryError::from_reply(SmtpStep::To, &Reply { code: 550, enhanced: [5, 1, 1], text });
        assert_eq!(error.reply.as_deref(), Some("550 5.1.1 no such[31m user ada@example.com"));
        assert!(!error.message.contains("ada"), "{}", error.message);
    }
}
