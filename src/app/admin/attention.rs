//! What needs an admin's attention: the rules, and the thresholds from which on they apply.

use jiff::{SignedDuration, Timestamp};

use crate::app::mail::health::MailAlert;
use crate::domain::EnvironmentKind;
use crate::domain::backup::release::Verification;

/// A snapshot that is older is no longer a restore point for yesterday's mistakes.
pub const MAX_SNAPSHOT_AGE: SignedDuration = SignedDuration::from_hours(48);
/// What a snapshot and the copy of a migration need besides twice the data file.
pub const MIN_FREE_BYTES: u64 = 1 << 30;

/// Something that needs attention.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attention {
    /// The data file is corrupt. What the operator must do.
    Corruption(&'static str),
    /// The disk has no room for a snapshot and the copy of a migration.
    LowDisk {
        free_bytes: u64,
    },
    /// Mail is not leaving.
    Mail(MailAlert),
    /// Emails of the last days failed for good.
    FailedMail {
        count: u64,
    },
    NoSnapshot,
    OldSnapshot {
        age: SignedDuration,
    },
    /// Snapshots have no off-site copy. What the operator must do.
    Offsite(String),
    /// The running release was never verified.
    UnverifiedRelease,
    /// The running release failed these checks.
    FailedRelease {
        checks: Vec<String>,
    },
}

/// What the rules examine.
#[derive(Debug, Clone)]
pub struct AttentionFacts<'a> {
    pub now: Timestamp,
    pub kind: EnvironmentKind,
    pub corruption: Option<&'static str>,
    pub data_file_bytes: u64,
    /// `None` if the system does not tell.
    pub free_bytes: Option<u64>,
    pub mail: Option<MailAlert>,
    /// Emails of the last days that failed for good.
    pub failed_mail: u64,
    /// When the newest snapshot was taken.
    pub newest_snapshot: Option<Timestamp>,
    pub offsite: Option<String>,
    /// The running release, if it is recorded: its verification, if it had one.
    pub release: Option<Option<&'a Verification>>,
}

/// Everything that needs attention, the most urgent first.
pub fn list_attention(facts: &AttentionFacts<'_>) -> Vec<Attention> {
    // Nobody rolls back what a development server or a preview forgot.
    let has_real_data = matches!(facts.kind, EnvironmentKind::Production | EnvironmentKind::Staging);
    let failed_mail = (facts.failed_mail > 0).then_some(Attention::FailedMail { count: facts.failed_mail });
    [
        facts.corruption.map(Attention::Corruption),
        low_disk(facts),
        facts.mail.clone().map(Attention::Mail),
        failed_mail,
        has_real_data.then(|| old_snapshot(facts)).flatten(),
        facts.offsite.clone().map(Attention::Offsite),
        release(facts, has_real_data),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn low_disk(facts: &AttentionFacts<'_>) -> Option<Attention> {
    let needed = facts.data_file_bytes.saturating_mul(2).saturating_add(MIN_FREE_BYTES);
    facts.free_bytes.filter(|free| *free < needed).map(|free_bytes| Attention::LowDisk { free_bytes })
}

fn old_snapshot(facts: &AttentionFacts<'_>) -> Option<Attention> {
    let Some(newest) = facts.newest_snapshot else { return Some(Attention::NoSnapshot) };
    let age = facts.now.duration_since(newest);
    (age > MAX_SNAPSHOT_AGE).then_some(Attention::OldSnapshot { age })
}

fn release(facts: &AttentionFacts<'_>, has_real_data: bool) -> Option<Attention> {
    match facts.release? {
        None => has_real_data.then_some(Attention::UnverifiedRelease),
        Some(verification) if verification.passed => None,
        Some(verification) => Some(Attention::FailedRelease { checks: verification.failed.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn now() -> Timestamp {
        "2026-11-29T12:00:00Z".parse().unwrap()
    }

    /// Production, and all is well.
    fn well() -> AttentionFacts<'static> {
        AttentionFacts {
            now: now(),
            kind: EnvironmentKind::Production,
            corruption: None,
            data_file_bytes: GIB,
            free_bytes: Some(3 * GIB),
            mail: None,
            failed_mail: 0,
            newest_snapshot: Some(now() - MAX_SNAPSHOT_AGE),
            offsite: None,
            release: None,
        }
    }

    #[test]
    fn an_environment_that_does_well_needs_no_attention() {
        assert_eq!(list_attention(&well()), []);
    }

    #[test]
    fn the_disk_is_low_below_twice_the_data_file_and_a_gibibyte() {
        let facts = AttentionFacts { free_bytes: Some(3 * GIB - 1), ..well() };
        assert_eq!(list_attention(&facts), [Attention::LowDisk { free_bytes: 3 * GIB - 1 }]);
        let facts = AttentionFacts { data_file_bytes: u64::MAX, ..well() };
        assert_eq!(list_attention(&facts), [Attention::LowDisk { free_bytes: 3 * GIB }]);
        assert_eq!(list_attention(&AttentionFacts { free_bytes: None, ..facts }), []);
    }

    #[test]
    fn a_snapshot_is_old_after_48_hours_where_there_is_real_data() {
        let age = MAX_SNAPSHOT_AGE + SignedDuration::from_secs(1);
        for (newest_snapshot, attention) in
            [(None, Attention::NoSnapshot), (Some(now() - age), Attention::OldSnapshot { age })]
        {
            for kind in [EnvironmentKind::Production, EnvironmentKind::Staging] {
                let facts = AttentionFacts { kind, newest_snapshot, ..well() };
                assert_eq!(list_attention(&facts), std::slice::from_ref(&attention), "{kind:?}");
            }
            for kind in [EnvironmentKind::Development, EnvironmentKind::Preview] {
                assert_eq!(list_attention(&AttentionFacts { kind, newest_snapshot, ..well() }), [], "{kind:?}");
            }
        }
    }

    #[test]
    fn a_failed_verification_needs_attention_everywhere_and_a_missing_one_where_there_is_real_data() {
        let failed = Verification { failed: vec!["health".to_owned()], ..Verification::default() };
        let passed = Verification { passed: true, ..Verification::default() };
        let failure = Attention::FailedRelease { checks: failed.failed.clone() };
        for (kind, missing) in [
            (EnvironmentKind::Production, vec![Attention::UnverifiedRelease]),
            (EnvironmentKind::Staging, vec![Attention::UnverifiedRelease]),
            (EnvironmentKind::Preview, vec![]),
            (EnvironmentKind::Development, vec![]),
        ] {
            let of = |release| list_attention(&AttentionFacts { kind, release, ..well() });
            assert_eq!(of(Some(None)), missing, "{kind:?}");
            assert_eq!(of(Some(Some(&failed))), std::slice::from_ref(&failure), "{kind:?}");
            assert_eq!(of(Some(Some(&passed))), [], "{kind:?}");
            assert_eq!(of(None), [], "{kind:?}");
        }
    }

    #[test]
    fn what_is_most_urgent_comes_first() {
        let mail = MailAlert { code: "mail_delayed", message: "Mail is delayed.".to_owned() };
        let facts = AttentionFacts {
            corruption: Some("The data file is corrupt."),
            free_bytes: Some(0),
            mail: Some(mail.clone()),
            failed_mail: 2,
            newest_snapshot: None,
            offsite: Some("Snapshots have no off-site copy.".to_owned()),
            release: Some(None),
            ..well()
        };
        let expected = [
            Attention::Corruption("The data file is corrupt."),
            Attention::LowDisk { free_bytes: 0 },
            Attention::Mail(mail),
            Attention::FailedMail { count: 2 },
            Attention::NoSnapshot,
            Attention::Offsite("Snapshots have no off-site copy.".to_owned()),
            Attention::UnverifiedRelease,
        ];
        assert_eq!(list_attention(&facts), expected);
    }
}
