//! Email addresses in canonical form.

use std::fmt;

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};

use crate::domain::{FieldError, domain_name};

/// An email address: ASCII, unquoted, with a dotted domain, in lower case. A domain in another script becomes A-labels.
///
/// Addresses that differ only in case belong to the same user.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Parses user input; white space around the address is removed.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `email`.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let text = raw.trim();
        if text.is_empty() {
            return Err(FieldError::new("email", "Enter your email address."));
        }
        let text = with_ascii_domain(text)?;
        let text = text.as_str();
        // SECURITY: quotes, brackets, control characters and spaces could inject an SMTP command.
        let is_plain =
            text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'<' | b'>' | b',' | b';' | b'\\'));
        let options = Options::default().with_required_tld().without_domain_literal().without_display_text();
        if !is_plain || text.len() > 254 || EmailAddress::parse_with_options(text, options).is_err() {
            return Err(FieldError::new("email", "Enter an email address like name@example.com."));
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

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

    /// A form for logs, enough to recognize the address but not to send mail to it.
    pub fn masked(&self) -> String {
        let first = self.0.chars().next().unwrap_or('?');
        format!("{first}…@{}", self.domain())
    }
}

/// The address with the domain's A-labels: `ada@bücher.example` and `ada@xn--bcher-kva.example` are one address.
fn with_ascii_domain(text: &str) -> Result<String, FieldError> {
    match text.rsplit_once('@') {
        Some((local, domain)) if !domain.is_ascii() => match domain_name::to_ascii(domain) {
            Ok(domain) => Ok(format!("{local}@{domain}")),
            Err(_) => Err(FieldError::new(
                "email",
                "Atlas can't read the domain of this address. Enter the form that begins with xn--.",
            )),
        },
        _ => Ok(text.to_owned()),
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Email {
    type Error = FieldError;
    fn try_from(text: String) -> Result<Self, FieldError> {
        Self::parse(&text)
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
    fn case_and_surrounding_white_space_are_normalized() {
        assert_eq!(Email::parse(" Ada@Example.COM ").unwrap().as_str(), "ada@example.com");
    }

    #[test]
    fn a_domain_in_any_script_is_one_address_with_its_ascii_form() {
        for text in
            ["ada@bücher.example", "Ada@BÜCHER.example", "ada@bu\u{308}cher.example", "ada@xn--bcher-kva.example"]
        {
            assert_eq!(Email::parse(text).unwrap().as_str(), "ada@xn--bcher-kva.example", "{text}");
        }
        assert!(Email::parse("ada@i❤.example").unwrap_err().message.contains("xn--"));
        assert!(Email::parse("ädä@bücher.example").is_err(), "the part before the @ is ASCII: few relays accept more");
        assert!(Email::parse("ada@bücher.example>\r\nRCPT TO:<e@z.z").is_err());
    }

    #[test]
    fn text_that_could_inject_an_smtp_command_is_rejected() {
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
    fn a_masked_address_hides_the_local_part() {
        assert_eq!(Email::parse("ada@example.com").unwrap().masked(), "a…@example.com");
    }
}
