//! An address that can be mailed, in one spelling.

use std::fmt;

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};

use super::Fault;

/// A mail address: ASCII, unquoted, with a dotted domain, in lower case throughout.
///
/// Two spellings that differ in case are the same person to Atlas.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Parses an address as typed; blanks around it are forgiven.
    ///
    /// # Errors
    /// A [`Fault`] of the field `email`.
    pub fn parse(raw: &str) -> Result<Self, Fault> {
        let text = raw.trim();
        if text.is_empty() {
            return Err(Fault::new("email", "Type your email address."));
        }
        // SECURITY: quotes, brackets, control characters and blanks could reach an SMTP command line.
        let plain =
            text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b',' | b';' | b'\\'));
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        if !plain || text.len() > 254 || EmailAddress::parse_with_options(text, options).is_err() {
            return Err(Fault::new("email", "This does not look like an email address, as in name@example.com."));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.split_once('@').map_or("", |(local, _)| local)
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.0.split_once('@').map_or("", |(_, domain)| domain)
    }

    /// For logs: enough to recognise, not enough to write to.
    pub fn masked(&self) -> String {
        let first = self.0.chars().next().unwrap_or('?');
        format!("{first}…@{}", self.domain())
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Email {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).map_err(|fault| fault.message)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_spelling() {
        assert_eq!(Email::parse(" Ada@Example.COM ").unwrap().as_str(), "ada@example.com");
    }

    #[test]
    fn what_could_become_a_mail_command_is_no_address() {
        for bad in [
            "",
            "ada",
            "ada@localhost",
            "a b@x.co",
            "N <a@x.co>",
            "\"a b\"@x.co",
            "a@[127.0.0.1]",
            "a@x.co\r\nRCPT TO:<e@z.z>",
            "a@x.co,b@x.co",
            "a@x.co;b@x.co",
            "a\0@x.co",
            "ä@x.co",
            "a@x..co",
            "@x.co",
            "a@",
            "a@x.co>",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
        assert!(Email::parse(&format!("{}@x.co", "a".repeat(260))).is_err());
    }

    #[test]
    fn a_masked_address_cannot_be_written_to() {
        assert_eq!(Email::parse("ada@example.com").unwrap().masked(), "a…@example.com");
    }
}
