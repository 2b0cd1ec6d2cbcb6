//! Previews: temporary environments, one for each branch. Their names and their stored record.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::domain::{Environment, text};

/// How long a preview is kept unless the operator chooses otherwise.
pub const DEFAULT_LIFETIME_DAYS: u16 = 14;

/// The longest name that [`Environment`] accepts.
const MAX_NAME_LEN: usize = 40;

/// The hexadecimal digits of the hash that distinguishes branches.
const HASH_DIGITS: usize = 10;

/// Names with another meaning.
const RESERVED_NAMES: [&str; 4] = ["production", "staging", "development", "preview"];

/// The name of a preview. It is also a label of its host name and the name of its folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PreviewName(String);

/// The text is not the name of a preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidPreviewName(String);

impl fmt::Display for InvalidPreviewName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self.0.chars().take(60).collect();
        let text = text.escape_debug();
        if RESERVED_NAMES.contains(&self.0.as_str()) {
            return write!(
                f,
                "“{text}” is a reserved name and not a preview. Nothing was changed. Name one that `atlas preview list` shows"
            );
        }
        write!(
            f,
            "“{text}” is not the name of a preview: use lowercase letters, digits and single hyphens, up to {MAX_NAME_LEN}. Nothing was changed. To use the name of a branch, add --from-branch"
        )
    }
}

impl std::error::Error for InvalidPreviewName {}

/// The name of a branch is empty or invisible, as a variable that is not set in a pipeline is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the name of the branch is empty. Nothing was changed. Check the variable that it comes from")]
pub struct BlankBranch;

impl PreviewName {
    /// The name of a branch's preview: the branch's name if it is valid, otherwise its letters and digits followed by a hash that
    /// distinguishes it from similar branches.
    ///
    /// # Errors
    /// [`BlankBranch`] when nothing of the branch's name can be seen.
    pub fn from_branch(branch: &str) -> Result<Self, BlankBranch> {
        if text::is_blank(branch) {
            return Err(BlankBranch);
        }
        if let Ok(name) = branch.parse() {
            return Ok(name);
        }
        let digest = Sha256::digest(branch);
        let hash: String = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(HASH_DIGITS).map(hex).collect();
        let mut label = String::new();
        for c in branch.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
            if label.len() + 1 + HASH_DIGITS >= MAX_NAME_LEN {
                break;
            }
            match c {
                'a'..='z' | '0'..='9' => label.push(c),
                _ if label.is_empty() || label.ends_with('-') => {}
                _ => label.push('-'),
            }
        }
        let label = label.trim_end_matches('-');
        Ok(Self(if label.is_empty() { format!("branch-{hash}") } else { format!("{label}-{hash}") }))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn environment(&self) -> Environment {
        Environment::preview(self.as_str())
    }
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0')
}

impl fmt::Display for PreviewName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PreviewName {
    type Err = InvalidPreviewName;

    /// Parses a name, with or without the prefix `preview/`.
    fn from_str(text: &str) -> Result<Self, InvalidPreviewName> {
        let name = text.strip_prefix("preview/").unwrap_or(text);
        let has_valid_characters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let has_valid_ends = !name.starts_with('-') && !name.ends_with('-');
        // Two hyphens in a row have a meaning in host names, e.g. xn--.
        let is_valid =
            (1..=MAX_NAME_LEN).contains(&name.len()) && has_valid_characters && has_valid_ends && !name.contains("--");
        if is_valid && !RESERVED_NAMES.contains(&name) {
            Ok(Self(name.to_owned()))
        } else {
            Err(InvalidPreviewName(text.to_owned()))
        }
    }
}

impl TryFrom<String> for PreviewName {
    type Error = InvalidPreviewName;
    fn try_from(text: String) -> Result<Self, InvalidPreviewName> {
        text.parse()
    }
}

impl From<PreviewName> for String {
    fn from(name: PreviewName) -> Self {
        name.0
    }
}

/// The record of a preview, stored as `preview.json` in its folder.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    pub name: PreviewName,
    /// The branch for which the preview was created.
    #[serde(default)]
    pub branch: Option<String>,
    /// Reserved for this preview as long as it exists.
    pub port: u16,
    #[serde(rename = "gateUser")]
    pub basic_auth_user: String,
    /// Generated for this preview.
    #[serde(rename = "gatePassword")]
    pub basic_auth_password: String,
    pub created_at: Timestamp,
    /// When the preview may be removed, once it is no longer in use.
    pub expires_at: Timestamp,
    /// Whether demo users were loaded.
    #[serde(default)]
    pub seeded: bool,
}

impl Preview {
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

/// The expiry of a preview created at `now`.
pub fn expires_after(now: Timestamp, days: u16) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_name_is_a_host_label_and_not_reserved() {
        for name in ["fix-42", "a", "7", "preview/fix-42", &"x".repeat(40)] {
            assert!(name.parse::<PreviewName>().is_ok(), "{name}");
        }
        let long = "x".repeat(41);
        for bad in [
            "",
            "-a",
            "a-",
            "a--b",
            "xn--p1ai",
            "A",
            "a/b",
            "a.b",
            "a b",
            "ä",
            "..",
            "../production",
            "production",
            "staging",
            "development",
            "preview",
            "preview/production",
            "preview/preview/x",
            "a\n",
            &long,
        ] {
            assert!(bad.parse::<PreviewName>().is_err(), "{bad:?}");
        }
        assert_eq!("preview/x".parse::<PreviewName>().unwrap().environment().to_string(), "preview/x");
    }

    #[test]
    fn every_branch_gets_a_distinct_valid_name() {
        let long = "feature/".to_owned() + &"x".repeat(192);
        let longer = format!("{long}y");
        let branches = [
            "feature/a",
            "feature-a",
            "feature_a",
            "feature/A",
            "Feature/a",
            "feature//a",
            "feature/a/",
            "größe",
            "grosse",
            "grobe",
            "日本",
            "日本語",
            "🚀",
            "..",
            "../production",
            "production",
            "staging",
            "xn--p1ai",
            "a--b",
            "-",
            "--",
            "a.b",
            "a\u{0}b",
            "preview",
            "feature-a-",
            &long,
            &longer,
            &long[..199],
        ];
        let names: BTreeSet<PreviewName> =
            branches.iter().map(|branch| PreviewName::from_branch(branch).unwrap()).collect();
        assert_eq!(names.len(), branches.len(), "{names:?}");
        for name in names {
            assert_eq!(name.as_str().parse::<PreviewName>(), Ok(name.clone()), "{name} is valid");
            assert_eq!(name.environment().to_string(), format!("preview/{name}"));
            assert!(name.environment().to_string().parse::<Environment>().is_ok());
        }
        assert_eq!(PreviewName::from_branch("feature-a").unwrap().as_str(), "feature-a");
        assert!(PreviewName::from_branch("feature/Größe").unwrap().as_str().starts_with("feature-gro-e-"));
        for blank in ["", " ", "\n", "\u{200B}", "\u{0}"] {
            assert_eq!(PreviewName::from_branch(blank), Err(BlankBranch), "{blank:?}");
        }
    }

    #[test]
    fn a_preview_expires_after_its_days() {
        let now: Timestamp = "2026-02-12T12:00:00Z".parse().unwrap();
        assert_eq!(expires_after(now, DEFAULT_LIFETIME_DAYS), "2026-02-26T12:00:00Z".parse().unwrap());
        assert!(expires_after(now, u16::MAX) > now);
    }
}
