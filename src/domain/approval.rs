//! Approvals: staging's word on one binary, that it passed the whole checklist. Production can ask for one before it serves.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Environment, FileId, Kind};

/// How far the clocks of two machines may be apart.
const APART: SignedDuration = SignedDuration::from_mins(5);
/// How many hexadecimal digits a binary's digest has.
const DIGITS: usize = 64;

/// A report in short, as it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    /// The environment that the binary served.
    pub environment: Environment,
    /// Its kind.
    pub kind: Kind,
    /// Its data file.
    pub file_id: FileId,
    /// The digest of the binary: BLAKE3, hexadecimal.
    pub binary: String,
    /// The version it calls itself.
    pub version: String,
    /// The schema it writes.
    pub schema: u32,
    /// When the checklist ended.
    pub at: Timestamp,
    /// Its items.
    pub items: Vec<Judged>,
}

/// An item of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Judged {
    /// Its name.
    pub id: String,
    /// How it ended.
    pub end: End,
}

/// How an item ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// All is well, or a warning was all there was.
    Passed,
    /// Something is wrong.
    Failed,
    /// It was to be looked at, and was not.
    Missing,
    /// Nothing of the kind is asked for in that environment.
    NotAsked,
}

impl Approval {
    /// What keeps it from being staging's word on any binary at all.
    ///
    /// # Errors
    /// What was found and what was expected.
    pub fn is_sound(&self) -> Result<(), String> {
        if self.kind != Kind::Staging || self.environment.kind() != Kind::Staging {
            return Err(format!("it is of “{}” (kind {}); one of staging was expected", self.environment, self.kind));
        }
        if self.binary.len() != DIGITS || !self.binary.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err("it names no binary; the digest of one was expected".to_owned());
        }
        let that = |end| {
            let found = self.items.iter().filter(|item| item.end == end).map(|item| item.id.as_str());
            found.collect::<Vec<_>>().join(", ")
        };
        match (that(End::Failed), that(End::Missing)) {
            (failed, _) if !failed.is_empty() => {
                Err(format!("it says that this failed: {failed}; none was expected to"))
            }
            (_, missing) if !missing.is_empty() => {
                Err(format!("it leaves out {missing}; the whole checklist was expected"))
            }
            _ if self.items.is_empty() => Err("it has no items; the whole checklist was expected".to_owned()),
            _ => Ok(()),
        }
    }

    /// Whether it was made within that time before `counted`, which is when the binary began to serve or now.
    ///
    /// # Errors
    /// What was found and what was expected.
    pub fn is_fresh(&self, counted: Timestamp, within: SignedDuration, now: Timestamp) -> Result<(), String> {
        let at = self.at;
        if self.at.duration_since(now) > APART {
            return Err(format!("it is from {at}, which is yet to come; set the clocks of both machines"));
        }
        let age = counted.duration_since(self.at);
        if age > within {
            return Err(format!("it is from {at}, {} old; one of at most {} was expected", told(age), told(within)));
        }
        Ok(())
    }

    /// Whether it is about that binary.
    ///
    /// # Errors
    /// What was found and what was expected.
    pub fn is_about(&self, binary: &str) -> Result<(), String> {
        if self.binary == binary {
            return Ok(());
        }
        let short = |digest: &str| digest.get(..12).unwrap_or(digest).to_owned();
        Err(format!("it is about the binary {}; one about {} was expected", short(&self.binary), short(binary)))
    }
}

/// A length of time in days or hours, rounded down.
pub fn told(length: SignedDuration) -> String {
    match length.as_secs() {
        ..120 => format!("{} s", length.as_secs()),
        120..7_200 => format!("{} min", length.as_mins()),
        7_200..172_800 => format!("{} h", length.as_hours()),
        _ => format!("{} d", length.as_hours() / 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approval() -> Approval {
        Approval {
            environment: "staging".parse().unwrap(),
            kind: Kind::Staging,
            file_id: FileId::from_bytes([1; 16]),
            binary: "0123456789abcdef".repeat(4),
            version: "1.0.0".to_owned(),
            schema: 3,
            at: "2026-02-12T12:00:00Z".parse().unwrap(),
            items: vec![
                Judged { id: "auth".to_owned(), end: End::Passed },
                Judged { id: "tls".to_owned(), end: End::NotAsked },
            ],
        }
    }

    #[track_caller]
    fn says(result: Result<(), String>, words: &str) {
        let said = result.unwrap_err();
        assert!(said.contains(words), "{said}");
    }

    #[test]
    fn only_the_whole_checklist_of_staging_counts() {
        assert_eq!(approval().is_sound(), Ok(()));
        for (name, kind) in [("development", Kind::Development), ("production", Kind::Production)] {
            says(Approval { environment: name.parse().unwrap(), kind, ..approval() }.is_sound(), "one of staging");
        }
        says(Approval { kind: Kind::Production, ..approval() }.is_sound(), "one of staging");
        says(Approval { environment: Environment::development(), ..approval() }.is_sound(), "one of staging");
        for binary in ["", "0123", "../../0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"] {
            says(Approval { binary: binary.to_owned(), ..approval() }.is_sound(), "names no binary");
        }
        let ends = |end| Approval { items: vec![Judged { id: "mail".to_owned(), end }], ..approval() }.is_sound();
        says(ends(End::Failed), "this failed: mail");
        says(ends(End::Missing), "leaves out mail");
        says(Approval { items: Vec::new(), ..approval() }.is_sound(), "no items");
    }

    #[test]
    fn it_counts_for_as_long_as_it_may_and_for_its_binary_alone() {
        let (one, week) = (approval(), SignedDuration::from_hours(168));
        let fresh = |now: &str| one.is_fresh(now.parse().unwrap(), week, now.parse().unwrap());
        assert_eq!(fresh("2026-02-19T12:00:00Z"), Ok(()));
        says(fresh("2026-02-19T12:00:01Z"), "7 d old; one of at most 7 d");
        assert_eq!(fresh("2026-02-12T11:55:00Z"), Ok(()), "clocks differ");
        says(fresh("2026-02-12T11:54:59Z"), "yet to come");
        assert_eq!(one.is_about(&one.binary), Ok(()));
        says(one.is_about(&"f".repeat(64)), "about the binary 0123456789ab; one about ffffffffffff");
    }
}
