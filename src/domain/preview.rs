//! Previews: environments that come and go, one per branch. What they are called, and what is kept of each.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::Environment;

/// How long a preview is kept, in days, unless somebody says otherwise.
pub const LIFE_DAYS: u16 = 14;

/// Longest name: what [`Environment`] takes.
const LONGEST: usize = 40;

/// Hexadecimal digits of the hash that keeps names of different branches apart.
const HASH: usize = 10;

/// Names that mean something else.
const TAKEN: [&str; 4] = ["production", "staging", "development", "preview"];

/// The name of a preview: a label of a host name, and a folder.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// The text names no preview.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAName(String);

impl fmt::Display for NotAName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text: String = self.0.chars().take(60).collect();
        let text = text.escape_debug();
        if TAKEN.contains(&self.0.as_str()) {
            return write!(
                f,
                "“{text}” is no preview, and a preview cannot be called so. Nothing was changed. Name a preview, as `atlas preview list` shows them"
            );
        }
        write!(
            f,
            "“{text}” is not the name of a preview: use lower-case letters, digits and single hyphens, up to {LONGEST}. Nothing was changed. For the name of a branch, add --from-branch"
        )
    }
}

impl std::error::Error for NotAName {}

impl Name {
    /// The name of a branch's preview. A branch that is called like a preview gives it its name; any other gets one made of
    /// its letters and digits, and of a hash that keeps it apart from branches that look alike.
    pub fn of_branch(branch: &str) -> Self {
        if let Ok(name) = branch.parse() {
            return name;
        }
        let digest = Sha256::digest(branch);
        let hash: String = digest.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(HASH).map(hex).collect();
        let mut label = String::new();
        for letter in branch.nfkd().filter(|letter| !is_combining_mark(*letter)).flat_map(char::to_lowercase) {
            if label.len() + 1 + HASH >= LONGEST {
                break;
            }
            match letter {
                'a'..='z' | '0'..='9' => label.push(letter),
                _ if label.is_empty() || label.ends_with('-') => {}
                _ => label.push('-'),
            }
        }
        let label = label.trim_end_matches('-');
        Self(if label.is_empty() { format!("branch-{hash}") } else { format!("{label}-{hash}") })
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The environment it is.
    pub fn environment(&self) -> Environment {
        Environment::preview(self)
    }
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).unwrap_or('0')
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Name {
    type Err = NotAName;

    /// Also as environments are called: `preview/<name>`.
    fn from_str(text: &str) -> Result<Self, NotAName> {
        let name = text.strip_prefix("preview/").unwrap_or(text);
        let letters = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let ends = !name.starts_with('-') && !name.ends_with('-');
        // Two hyphens in a row mean something in host names, as in xn--.
        let sound = (1..=LONGEST).contains(&name.len()) && letters && ends && !name.contains("--");
        if sound && !TAKEN.contains(&name) { Ok(Self(name.to_owned())) } else { Err(NotAName(text.to_owned())) }
    }
}

impl TryFrom<String> for Name {
    type Error = NotAName;
    fn try_from(text: String) -> Result<Self, NotAName> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

/// What is kept of a preview, in `preview.json` in its folder.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preview {
    /// What it is called.
    pub name: Name,
    /// The branch it was made for, if it was made for one.
    #[serde(default)]
    pub branch: Option<String>,
    /// The port it serves on, its own for as long as it lives.
    pub port: u16,
    /// The name that the gate asks for.
    pub gate_user: String,
    /// The password that goes with it, made for this preview alone.
    pub gate_password: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is removed, once nobody uses it.
    pub expires_at: Timestamp,
    /// Whether it was given people to look at.
    #[serde(default)]
    pub seeded: bool,
}

impl Preview {
    /// Whether its time is over.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }
}

/// When a preview that begins now is over.
pub fn expiry(now: Timestamp, days: u16) -> Timestamp {
    now.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_name_is_a_label_and_no_other_environments() {
        for name in ["fix-42", "a", "7", "preview/fix-42", &"x".repeat(40)] {
            assert!(name.parse::<Name>().is_ok(), "{name}");
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
            assert!(bad.parse::<Name>().is_err(), "{bad:?}");
        }
        assert_eq!("preview/x".parse::<Name>().unwrap().environment().to_string(), "preview/x");
    }

    #[test]
    fn any_branch_has_a_name_of_its_own_that_is_safe_everywhere() {
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
            "",
            " ",
            "a.b",
            "a\u{0}b",
            "preview",
            "feature-a-",
            &long,
            &longer,
            &long[..199],
        ];
        let names: BTreeSet<Name> = branches.iter().map(|branch| Name::of_branch(branch)).collect();
        assert_eq!(names.len(), branches.len(), "{names:?}");
        for name in names {
            assert_eq!(name.as_str().parse::<Name>(), Ok(name.clone()), "{name} is a name itself");
            assert_eq!(name.environment().to_string(), format!("preview/{name}"));
            assert!(name.environment().to_string().parse::<Environment>().is_ok());
        }
        assert_eq!(Name::of_branch("feature-a").as_str(), "feature-a");
        assert!(Name::of_branch("feature/Größe").as_str().starts_with("feature-gro-e-"));
    }

    #[test]
    fn it_is_over_when_its_days_are() {
        let now: Timestamp = "2026-02-12T12:00:00Z".parse().unwrap();
        assert_eq!(expiry(now, LIFE_DAYS), "2026-02-26T12:00:00Z".parse().unwrap());
        assert!(expiry(now, u16::MAX) > now);
    }
}
