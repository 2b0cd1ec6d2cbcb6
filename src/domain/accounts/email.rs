//! Email addresses in canonical form.

use std::borrow::Cow;
use std::fmt;

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};

use crate::domain::text::{fold_width, is_invisible};
use crate::domain::{FieldError, domain_name};

/// An email address: ASCII, unquoted, with a dotted domain, in lower case. A domain in another script becomes A-labels.
///
/// Addresses that differ only in case belong to the same user.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl Email {
    /// Parses user input, also with what copying adds: blanks, invisible marks, `mailto:`, `<…>`, a dot or comma at the end,
    /// and full-width characters.
    ///
    /// # Errors
    /// A [`FieldError`] of the field `email`.
    pub fn parse(raw: &str) -> Result<Self, FieldError> {
        let text = strip_wrapping(raw);
        let text = text.as_ref();
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

/// Removes what surrounds an address where it was copied from. Text that is only an address stays as it is.
fn strip_wrapping(raw: &str) -> Cow<'_, str> {
    let text = raw.trim();
    let text = if text.is_ascii() {
        Cow::Borrowed(text)
    } else {
        let visible = text.chars().filter(|c| c.is_whitespace() || is_joiner(*c) || !is_invisible(*c));
        let folded = visible.map(|c| if matches!(c, '\u{3002}' | '\u{FF61}') { '.' } else { fold_width(c) });
        Cow::Owned(folded.collect::<String>().trim().to_owned())
    };
    let is_wrapped = text.starts_with('<') || text.contains(':') || text.ends_with(['.', ',', ';']);
    if !is_wrapped {
        return text;
    }
    let bare = text.trim_end_matches(['.', ',', ';']);
    let bare = bare.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap_or(bare).trim();
    let (scheme, rest) = bare.split_once(':').unwrap_or(("", bare));
    let bare = if scheme.eq_ignore_ascii_case("mailto") { rest.split('?').next().unwrap_or(rest) } else { bare };
    Cow::Owned(bare.trim().to_owned())
}

/// Zero-width marks that some domain names are spelled with.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200C}' | '\u{200D}')
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
    use proptest::prelude::*;

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
    fn what_copying_adds_around_an_address_is_removed() {
        for pasted in [
            "<ada@example.com>",
            "mailto:ada@example.com",
            "<mailto:ada@example.com>",
            "MAILTO:ada@example.com?subject=Hi",
            "ada@example.com.",
            "<ada@example.com>,",
            "ada@example.com;",
            "\u{a0}ada@example.com\u{a0}",
            "\u{200b}ada@example.com\u{feff}",
            "\u{202a}ada@example.com\u{202c}",
            "ada\u{ad}@example.com",
            "ada＠example.com",
            "ａｄａ＠ｅｘａｍｐｌｅ．ｃｏｍ",
            "ada@example。com",
        ] {
            assert_eq!(Email::parse(pasted).map(String::from).as_deref(), Ok("ada@example.com"), "{pasted:?}");
        }
    }

    proptest! {
        #[test]
        fn an_address_that_was_accepted_is_read_back_unchanged(text in "[<mailto: ]{0,4}[a-z.＠@\u{200b}+]{1,8}@[a-zＡ-Ｚ]{1,6}[.。][a-z]{2,4}[>.,; ]{0,3}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }

        #[test]
        fn wrapping_never_changes_an_address(
            before in "[ \u{a0}\u{200e}]{0,2}",
            after in "[ \u{a0}\u{200e}]{0,2}",
            local in "[a-z][a-z0-9+_-]{0,8}",
            domain in "[a-z]{1,8}\\.[a-z]{2,4}",
        ) {
            let plain = format!("{local}@{domain}");
            for typed in [plain.clone(), format!("<{plain}>"), format!("mailto:{plain}"), format!("{plain}.")] {
                let email = Email::parse(&format!("{before}{typed}{after}"));
                prop_assert_eq!(email.map(String::from), Ok(plain.clone()));
            }
        }
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
