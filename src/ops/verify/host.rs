//! Checks of the server's machine: `isolation`, `snapshot` and `disk`.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::check::{CheckError, CheckResult};
use super::context::CheckContext;
use crate::app::clock::Clock;
use crate::config::policy::MailRule;
use crate::domain::calendar::format::format_utc;
use crate::ops::isolation::conflicts;
use crate::ops::protocol::verify::{MailGuard, SnapshotFact};

/// Neither this configuration nor the running server shares anything with another environment, and the server uses the
/// data file of this configuration.
pub(super) fn check_isolation(context: &mut CheckContext<'_>) -> CheckResult {
    let settings = context.target.settings;
    if let Some(conflict) = conflicts(&settings.peers).into_iter().next() {
        return Err(conflict_found(conflict.key, &conflict.message));
    }
    let facts = context.facts()?;
    if let Some(conflict) = facts.conflicts.first() {
        return Err(conflict_found(&conflict.key, &conflict.message));
    }
    let guard = match settings.policy.mail {
        MailRule::Capture => MailGuard::Nobody,
        MailRule::SendToAllowed => MailGuard::Allowed,
        MailRule::SendToEveryone => MailGuard::Everybody,
    };
    let identity_id = facts.identity_file_id.map(|id| id.to_string()).unwrap_or_default();
    let mut pairs = vec![
        ("environment", settings.environment.to_string(), facts.environment.to_string()),
        ("mail guard", guard.as_str().to_owned(), facts.mail_guard.as_str().to_owned()),
        ("file id in identity.json", facts.file_id.to_string(), identity_id),
    ];
    if !context.target.is_remote {
        let expected = std::fs::canonicalize(&settings.data_file).map(|path| path.display().to_string());
        pairs.push(("data file", expected.unwrap_or_default(), facts.data_file.display().to_string()));
    }
    for (name, expected, found) in pairs {
        if expected != found {
            let remedy = "check which server answers, and which atlas.toml it was started with";
            return Err(CheckError::failed(format!("{name} “{expected}”"), format!("“{found}”"), remedy));
        }
    }
    describe_comparisons(&facts.compared, &facts.not_compared)
}

/// What could not be compared may be shared all the same, so it is a warning.
fn describe_comparisons(compared: &[String], not_compared: &[String]) -> CheckResult {
    let compared = match compared {
        [] => "compared with no other environment".to_owned(),
        compared => format!("compared with {}", compared.join(", ")),
    };
    if not_compared.is_empty() {
        return Ok(compared);
    }
    Err(CheckError::Warned(format!("{compared}; {}. `atlas check` says what to do", not_compared.join(", "))))
}

fn conflict_found(key: &str, message: &str) -> CheckError {
    CheckError::failed(
        "an environment that shares nothing with another",
        format!("{key}: {message}"),
        format!("fix {key} and restart the server"),
    )
}

/// The newest snapshot of this data file was verified within twice the snapshot interval, and every snapshot has its off-site
/// copy.
pub(super) fn check_snapshot(context: &mut CheckContext<'_>) -> CheckResult {
    let facts = context.facts()?;
    if let Some(problem) = &facts.offsite_problem {
        let remedy =
            "fix the folder of snapshots.copy_to, then run `atlas snapshot create`, which makes the missing copies";
        return Err(CheckError::failed("an off-site copy of every snapshot", problem, remedy));
    }
    let Some(interval) = facts.snapshots_every_seconds.map(Duration::from_secs) else {
        return Err(CheckError::Warned("scheduled snapshots are off; set snapshots.every".to_owned()));
    };
    let file_id = facts.file_id;
    let check = |newest: Option<&SnapshotFact>| {
        // A snapshot of another data file could not be restored here.
        let newest = newest.filter(|snapshot| snapshot.file_id == file_id);
        is_recent(newest.map(|snapshot| snapshot.verified_at), interval, Clock::System.now())
    };
    let result = check(facts.snapshot.as_ref());
    if result.is_ok() {
        return result;
    }
    // After a start, the first snapshot may still be being taken. A server of an earlier version does not know the question.
    let Ok(newest) = context.server()?.newest_snapshot() else { return result };
    match check(newest.snapshot.as_ref()) {
        Err(CheckError::Failed { expected, .. }) if newest.is_due => {
            let remedy = "wait until the server has taken the snapshot, and run the checklist again";
            Err(CheckError::failed(expected, "one that is still being taken", remedy))
        }
        result => result,
    }
}

fn is_recent(verified_at: Option<Timestamp>, interval: Duration, now: Timestamp) -> CheckResult {
    let max_age = SignedDuration::try_from(interval.saturating_mul(2)).unwrap_or(SignedDuration::MAX);
    match verified_at {
        Some(at) if now.duration_since(at) <= max_age => Ok(format!("verified at {}", format_utc(at))),
        found => Err(CheckError::failed(
            format!("a snapshot verified within the last {} minutes", max_age.as_mins()),
            found.map_or_else(|| "none".to_owned(), |at| format!("the newest was verified at {}", format_utc(at))),
            "read the server's log for why none is taken; `atlas snapshot create` takes one now",
        )),
    }
}

/// The disk has space for the data file to grow, a snapshot, and the copy of a migration.
pub(super) fn check_disk(context: &mut CheckContext<'_>) -> CheckResult {
    let facts = context.facts()?;
    let folder = context.target.settings.data_file.parent().unwrap_or(Path::new("."));
    has_enough_space(facts.free_bytes, facts.file_bytes, folder)
}

const MIB: u64 = 1 << 20;

fn has_enough_space(free: u64, file: u64, folder: &Path) -> CheckResult {
    let (required, comfortable) = (file.saturating_mul(2) + 64 * MIB, file.saturating_mul(4) + 1024 * MIB);
    let found = format!("{} MiB free at {}", free / MIB, folder.display());
    if free < required {
        let expected = format!("{} MiB free, for a snapshot and the copy of a migration", required / MIB);
        return Err(CheckError::failed(expected, found, "free space on that disk"));
    }
    if free < comfortable { Err(CheckError::Warned(format!("only {found}"))) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_space_for_two_copies_fails_and_a_tight_one_is_a_warning() {
        let at = |free| has_enough_space(free * MIB, 100 * MIB, Path::new("/srv"));
        assert!(matches!(at(263), Err(CheckError::Failed { .. })));
        assert!(matches!(at(264), Err(CheckError::Warned(_))));
        assert!(matches!(at(1423), Err(CheckError::Warned(_))));
        assert!(at(1424).is_ok());
    }

    #[test]
    fn an_environment_that_was_not_compared_is_a_warning() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let note = describe_comparisons(&names(&["production", "preview/x"]), &[]).unwrap();
        assert_eq!(note, "compared with production, preview/x");
        let warned = describe_comparisons(&[], &names(&["production (not compared: it cannot be read)"]));
        let Err(CheckError::Warned(note)) = warned else { panic!("{warned:?}") };
        assert!(note.starts_with("compared with no other environment; production (not compared"), "{note}");
    }

    #[test]
    fn a_snapshot_may_be_late_by_one_interval() {
        let now: Timestamp = "2026-02-12T12:00:00Z".parse().unwrap();
        let verified = |text: &str| is_recent(Some(text.parse().unwrap()), Duration::from_hours(6), now);
        assert!(verified("2026-02-12T00:00:00Z").is_ok());
        assert!(matches!(verified("2026-02-11T23:59:59Z"), Err(CheckError::Failed { .. })));
        assert!(matches!(is_recent(None, Duration::from_hours(6), now), Err(CheckError::Failed { .. })));
    }
}
