//! Values that were copied from a document or an example and never replaced.

use super::resolver::Resolver;
use crate::config::keys::{self, SettingShape};

/// What the handbook writes in the place of a secret. A test compares them with its code blocks.
const HANDBOOK_PLACEHOLDERS: [&str; 6] = [
    "the output of `openssl rand -base64 32`",
    "the API key from Resend, or SMTP_URL=smtps://user:password@relay:465",
    "a shared password",
    "the password of the seeded users",
    "only if a build server runs the checklist",
    "the same as in production, if production uses require_verified",
];

/// What examples elsewhere write there, in lowercase and without separators.
const COMMON_PLACEHOLDERS: [&str; 4] = ["changeme", "replaceme", "yoursecret", "yourpassword"];

/// Reserved for documents (RFC 2606).
const EXAMPLE_DOMAINS: [&str; 3] = ["example.com", "example.org", "example.net"];

impl Resolver<'_> {
    /// Reports values that only a document can contain. Development and previews work with them.
    pub(super) fn check_placeholders(&mut self) {
        if !self.is_required() {
            return;
        }
        for key in keys::ALL {
            let Some(text) = self.text(key.name) else { continue };
            if key.shape == SettingShape::Secret && is_placeholder(text) {
                self.report_invalid(key.name, "is a placeholder from a document; set the real value");
            } else if key.name != keys::MAIL_ALLOW && contains_example_domain(text) {
                let message = format!("{} has an example domain; set the real value", key.name);
                self.report_warning(key.name, message);
            }
        }
    }
}

fn is_placeholder(text: &str) -> bool {
    let text = text.trim().trim_matches(['"', '\'', '<', '>']);
    let condensed: String = text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    HANDBOOK_PLACEHOLDERS.contains(&text) || COMMON_PLACEHOLDERS.iter().any(|common| condensed.contains(common))
}

fn contains_example_domain(text: &str) -> bool {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-')));
    let mut words = words.map(|word| word.trim_end_matches('.').to_ascii_lowercase());
    words.any(|word| {
        EXAMPLE_DOMAINS
            .iter()
            .any(|domain| word.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_recognized_and_real_values_are_not() {
        for text in ["change-me", "CHANGE_ME", "changeme123", "<your-secret-here>", "a shared password"] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in ["q0Wk2mY6b9oT4c1Zs8Rr5u7Xv3NhJdLePfGaQiUyHtE=", "the shared password", "re_123"] {
            assert!(!is_placeholder(text), "{text}");
        }
    }

    #[test]
    fn an_example_domain_is_recognized_in_addresses_and_urls() {
        for text in ["https://Atlas.EXAMPLE.com", "Atlas <a@example.org>", "https://key@sentry.example.com/1"] {
            assert!(contains_example_domain(text), "{text}");
        }
        for text in ["https://notexample.com", "a@example.com.au", "example"] {
            assert!(!contains_example_domain(text), "{text}");
        }
    }
}
