//! Approvals: staging's signed statement that one binary passed the whole checklist. Production can require one before it serves.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::calendar::format::{format_duration, format_utc};
use crate::domain::{Environment, EnvironmentKind, FileId};

/// How far the clocks of two machines may differ.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);
/// The hexadecimal digits of a BLAKE3 digest.
const DIGEST_LEN: usize = 64;

/// The content of an approval: the summary of a checklist's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approval {
    /// The environment in which the binary ran.
    pub environment: Environment,
    pub kind: EnvironmentKind,
    pub file_id: FileId,
    /// The BLAKE3 digest of the binary in hexadecimal.
    pub binary: String,
    pub version: String,
    /// The schema that the binary writes.
    pub schema: u32,
    /// When the checklist ended.
    pub at: Timestamp,
    pub items: Vec<ItemResult>,
}

/// The outcome of an item of the checklist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemResult {
    /// The item's name.
    pub id: String,
    #[serde(rename = "end")]
    pub outcome: ItemOutcome,
}

/// How an item of the checklist ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ItemOutcome {
    /// Passed, possibly with a warning.
    Passed,
    Failed,
    /// Not checked, although the environment needs the check.
    Missing,
    /// The environment does not need the check.
    #[serde(rename = "not-asked")]
    NotApplicable,
}

/// Why an approval is not valid. Each message says what was found and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidApproval {
    #[error("it is from “{environment}” (kind {kind}); expected one from staging")]
    NotStaging { environment: Environment, kind: EnvironmentKind },
    #[error("it names no binary; expected a BLAKE3 digest")]
    NoBinary,
    #[error("these items failed: {}; expected none to fail", .0.join(", "))]
    Failed(Vec<String>),
    #[error("it lacks {}; expected the whole checklist", .0.join(", "))]
    Missing(Vec<String>),
    #[error("it has no items; expected the whole checklist")]
    Empty,
    #[error("it is from {}, which is in the future; set the clocks of both machines", format_utc(*.0))]
    Future(Timestamp),
    #[error(
        "it is from {} and {} old; expected one of at most {}",
        format_utc(*at),
        format_duration(*age),
        format_duration(*max_age)
    )]
    TooOld { at: Timestamp, age: SignedDuration, max_age: SignedDuration },
    #[error("it is about the binary {}; expected one about {}", shorten(found), shorten(expected))]
    OtherBinary { found: String, expected: String },
}

/// The beginning of a digest.
fn shorten(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

impl Approval {
    /// Checks that the approval is of staging, names a binary, and lists a complete checklist without a failure.
    ///
    /// # Errors
    /// [`InvalidApproval`].
    pub fn check_content(&self) -> Result<(), InvalidApproval> {
        if self.kind != EnvironmentKind::Staging || self.environment.kind() != EnvironmentKind::Staging {
            return Err(InvalidApproval::NotStaging { environment: self.environment.clone(), kind: self.kind });
        }
        if self.binary.len() != DIGEST_LEN || !self.binary.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidApproval::NoBinary);
        }
        let names_with = |outcome| -> Vec<String> {
            self.items.iter().filter(|item| item.outcome == outcome).map(|item| item.id.clone()).collect()
        };
        match (names_with(ItemOutcome::Failed), names_with(ItemOutcome::Missing)) {
            (failed, _) if !failed.is_empty() => Err(InvalidApproval::Failed(failed)),
            (_, missing) if !missing.is_empty() => Err(InvalidApproval::Missing(missing)),
            _ if self.items.is_empty() => Err(InvalidApproval::Empty),
            _ => Ok(()),
        }
    }

    /// Checks that the approval was at most `max_age` old at `used_at`: when the binary started to serve, or now.
    ///
    /// # Errors
    /// [`InvalidApproval`].
    pub fn check_age(
        &self,
        used_at: Timestamp,
        max_age: SignedDuration,
        now: Timestamp,
    ) -> Result<(), InvalidApproval> {
        let at = self.at;
        if at.duration_since(now) > MAX_CLOCK_SKEW {
            return Err(InvalidApproval::Future(at));
        }
        let age = used_at.duration_since(at);
        if age > max_age { Err(InvalidApproval::TooOld { at, age, max_age }) } else { Ok(()) }
    }

    /// Checks that the approval is about the binary with this digest.
    ///
    /// # Errors
    /// [`InvalidApproval`].
    pub fn check_binary(&self, digest: &str) -> Result<(), InvalidApproval> {
        if self.binary == digest {
            return Ok(());
        }
        Err(InvalidApproval::OtherBinary { found: self.binary.clone(), expected: digest.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approval() -> Approval {
        Approval {
            environment: "staging".parse().unwrap(),
            kind: EnvironmentKind::Staging,
            file_id: FileId::from_bytes([1; 16]),
            binary: "0123456789abcdef".repeat(4),
            version: "1.0.0".to_owned(),
            schema: 3,
            at: "2026-02-12T12:00:00Z".parse().unwrap(),
            items: vec![
                ItemResult { id: "auth".to_owned(), outcome: ItemOutcome::Passed },
                ItemResult { id: "tls".to_owned(), outcome: ItemOutcome::NotApplicable },
            ],
        }
    }

    #[track_caller]
    fn assert_invalid(result: Result<(), InvalidApproval>, expected: &str) {
        let message = result.unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }

    #[test]
    fn only_a_complete_checklist_of_staging_is_valid() {
        assert_eq!(approval().check_content(), Ok(()));
        for (name, kind) in [("development", EnvironmentKind::Development), ("production", EnvironmentKind::Production)]
        {
            assert_invalid(
                Approval { environment: name.parse().unwrap(), kind, ..approval() }.check_content(),
                "one from staging",
            );
        }
        assert_invalid(
            Approval { kind: EnvironmentKind::Production, ..approval() }.check_content(),
            "one from staging",
        );
        assert_invalid(
            Approval { environment: Environment::development(), ..approval() }.check_content(),
            "one from staging",
        );
        for binary in ["", "0123", "../../0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"] {
            assert_invalid(Approval { binary: binary.to_owned(), ..approval() }.check_content(), "names no binary");
        }
        let with = |outcome| {
            Approval { items: vec![ItemResult { id: "mail".to_owned(), outcome }], ..approval() }.check_content()
        };
        assert_invalid(with(ItemOutcome::Failed), "items failed: mail");
        assert_invalid(with(ItemOutcome::Missing), "lacks mail");
        assert_invalid(Approval { items: Vec::new(), ..approval() }.check_content(), "no items");
    }

    #[test]
    fn an_approval_expires_and_is_valid_for_its_binary_only() {
        let (approval, week) = (approval(), SignedDuration::from_hours(168));
        let fresh = |now: &str| approval.check_age(now.parse().unwrap(), week, now.parse().unwrap());
        assert_eq!(fresh("2026-02-19T12:00:00Z"), Ok(()));
        assert_invalid(fresh("2026-02-19T12:00:01Z"), "7 d old; expected one of at most 7 d");
        assert_eq!(fresh("2026-02-12T11:55:00Z"), Ok(()), "clocks differ");
        assert_invalid(fresh("2026-02-12T11:54:59Z"), "in the future");
        assert_eq!(approval.check_binary(&approval.binary), Ok(()));
        assert_invalid(
            approval.check_binary(&"f".repeat(64)),
            "about the binary 0123456789ab; expected one about ffffffffffff",
        );
    }
}
