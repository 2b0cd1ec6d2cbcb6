//! Why a mail was not taken, and what that means for it.
//!
//! SECURITY: what a relay says may repeat the recipient's address or the name it was signed in with. It is kept apart from
//! what is logged.

use std::fmt;

use mail_send::Error;

/// What is to become of a mail that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It never will be taken: the relay refused it for good.
    Never,
    /// It may be taken later: a busy relay, greylisting. The conversation goes on.
    Later,
    /// The relay cannot be reached, hung up or was too slow. The mail may even have been taken.
    Lost,
    /// Nothing will be taken until somebody mends the settings.
    Mend(Fault),
}

/// What is wrong with the settings of the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The relay does not take the user and the password.
    SignIn,
    /// The connection cannot be protected as it must be: the certificate, or TLS itself.
    Tls,
    /// The relay does not want mail from this server or this sender.
    Sender,
}

impl Fault {
    /// As it stands in JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::SignIn => "authentication",
            Self::Tls => "tls",
            Self::Sender => "sender",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignIn => "the mail relay does not accept the user and the password",
            Self::Tls => "the connection to the mail relay cannot be protected",
            Self::Sender => "the mail relay does not take mail from this server or sender",
        })
    }
}

/// Why a mail was not taken.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// What is to become of the mail.
    pub verdict: Verdict,
    /// What happened, for the log: nothing in it was said by the relay.
    pub what: String,
    /// What the relay said, if it said something.
    pub reply: Option<String>,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reply {
            Some(reply) => write!(f, "{}: {reply}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl std::error::Error for Trouble {}

/// How far a conversation had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Greeting, TLS, signing in.
    Connect,
    /// Naming the sender.
    From,
    /// Naming the recipient.
    To,
    /// The mail itself.
    Data,
}

impl Trouble {
    pub(super) fn too_slow(step: Step) -> Self {
        let what = if step == Step::Connect {
            "the relay did not answer in time; is it another port, or TLS where there is none?"
        } else {
            "the relay did not take the mail in time"
        };
        Self { verdict: Verdict::Lost, what: what.to_owned(), reply: None }
    }

    /// A mail that cannot be written down as one.
    pub(super) fn unwritable(error: &std::io::Error) -> Self {
        Self { verdict: Verdict::Never, what: format!("the mail cannot be written: {error}"), reply: None }
    }

    /// Something that is wrong on this side.
    pub fn here(what: &str) -> Self {
        Self { verdict: Verdict::Mend(Fault::Tls), what: what.to_owned(), reply: None }
    }

    /// A mail without a text.
    pub fn empty() -> Self {
        Self { verdict: Verdict::Never, what: "the mail has no text any more".to_owned(), reply: None }
    }

    pub(super) fn of(step: Step, error: &Error) -> Self {
        let mend = |fault: Fault, what: String| Self { verdict: Verdict::Mend(fault), what, reply: None };
        match error {
            Error::UnexpectedReply(reply) => {
                Self::refused(step, reply.code, line(reply.code, reply.esc, &reply.message))
            }
            Error::AuthenticationFailed(reply) => {
                let passing = (400..500).contains(&reply.code);
                let verdict = if passing { Verdict::Later } else { Verdict::Mend(Fault::SignIn) };
                let what = format!("signing in to the relay was refused ({})", reply.code);
                Self { verdict, what, reply: Some(line(reply.code, reply.esc, &reply.message)) }
            }
            Error::UnsupportedAuthMechanism => {
                mend(Fault::SignIn, "the relay offers no way of signing in with a password".to_owned())
            }
            Error::Auth(_) | Error::Base64(_) | Error::MissingCredentials => {
                mend(Fault::SignIn, "signing in to the relay failed".to_owned())
            }
            Error::Tls(error) => mend(Fault::Tls, format!("TLS with the relay failed: {error}")),
            Error::MissingStartTls => mend(Fault::Tls, "the relay does not offer STARTTLS".to_owned()),
            Error::InvalidTLSName => mend(Fault::Tls, "the relay's name cannot stand in a certificate".to_owned()),
            Error::Timeout => Self::too_slow(step),
            Error::Io(error) => Self {
                verdict: Verdict::Lost,
                what: format!("the connection to the relay failed: {}", error.kind()),
                reply: None,
            },
            Error::UnparseableReply | Error::MissingMailFrom | Error::MissingRcptTo => Self {
                verdict: Verdict::Lost,
                what: "the relay hung up, or answered what is not SMTP".to_owned(),
                reply: None,
            },
        }
    }

    fn refused(step: Step, code: u16, reply: String) -> Self {
        let verdict = match (step, code) {
            // "Service not available, closing transmission channel" (RFC 5321 section 3.8).
            (_, 421) => Verdict::Lost,
            (_, 400..500) => Verdict::Later,
            (_, 530 | 534 | 535 | 538) => Verdict::Mend(Fault::SignIn),
            // Whom it does not know it refuses every mail of; none of them is lost for that.
            (Step::Connect | Step::From, 500..600) => Verdict::Mend(Fault::Sender),
            (_, 500..600) => Verdict::Never,
            _ => Verdict::Lost,
        };
        let what = match step {
            Step::Connect => "the relay did not welcome this server",
            Step::From => "the relay refused the sender",
            Step::To => "the relay refused the recipient",
            Step::Data => "the relay refused the mail",
        };
        Self { verdict, what: format!("{what} ({code})"), reply: Some(reply) }
    }
}

/// A reply on one line that is fit to be shown: without control characters, and not endless.
pub(super) fn line(code: u16, enhanced: [u8; 3], message: &str) -> String {
    let [class, subject, detail] = enhanced;
    let enhanced = if class == 0 { String::new() } else { format!("{class}.{subject}.{detail} ") };
    let text: String = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().filter(|c| !c.is_control()).take(300).collect();
    format!("{code} {enhanced}{text}").trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reply_means_depends_on_its_code_and_on_how_far_the_conversation_had_come() {
        let verdict = |step, code| Trouble::refused(step, code, String::new()).verdict;
        for step in [Step::Connect, Step::From, Step::To, Step::Data] {
            assert_eq!(verdict(step, 450), Verdict::Later);
            assert_eq!(verdict(step, 421), Verdict::Lost);
            assert_eq!(verdict(step, 530), Verdict::Mend(Fault::SignIn));
        }
        assert_eq!(verdict(Step::To, 550), Verdict::Never);
        assert_eq!(verdict(Step::Data, 554), Verdict::Never);
        assert_eq!(verdict(Step::From, 550), Verdict::Mend(Fault::Sender));
        assert_eq!(verdict(Step::Connect, 554), Verdict::Mend(Fault::Sender));
    }

    #[test]
    fn what_a_relay_says_is_shown_on_one_line_and_never_logged() {
        let said = line(550, [5, 1, 1], "no\r\nsuch\u{1b}[31m user ada@example.com");
        let trouble = Trouble::refused(Step::To, 550, said);
        assert_eq!(trouble.reply.as_deref(), Some("550 5.1.1 no such[31m user ada@example.com"));
        assert!(!trouble.what.contains("ada"), "{}", trouble.what);
    }
}
