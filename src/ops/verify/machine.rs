//! What stands on the machine: the environment apart from the others, a snapshot, room on the disk.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::{Looked, Run, Short};
use crate::app::clock::Clock;
use crate::config::policy::MailRule;
use crate::ops::fence;

/// The server's stamp and file are those of this configuration, and nothing of it is another environment's: neither as it
/// is written here nor as the server holds it.
pub(super) fn isolation(run: &mut Run<'_>) -> Looked {
    let settings = run.subject.settings;
    if let Some(crossing) = fence::crossings(&settings.surroundings).into_iter().next() {
        return Err(crossed(crossing.key, &crossing.message));
    }
    let facts = run.facts()?;
    if let Some(crossing) = facts["crossings"].as_array().and_then(|all| all.first()) {
        let text = |name: &str| crossing[name].as_str().unwrap_or_default();
        return Err(crossed(text("key"), text("message")));
    }
    let guard = match settings.policy.mail {
        MailRule::Captured => "nobody",
        MailRule::ToAllowed => "allowed",
        MailRule::ToEverybody => "everybody",
    };
    let told = |name: &str| facts[name].as_str().unwrap_or_default().to_owned();
    let mut alike = vec![
        ("environment", settings.environment.to_string(), told("environment")),
        ("mail guard", guard.to_owned(), told("mailGuard")),
        ("file id in identity.json", told("fileId"), told("identityFileId")),
    ];
    if !run.subject.is_remote {
        let file = std::fs::canonicalize(&settings.data_file).map(|path| path.display().to_string());
        alike.push(("data file", file.unwrap_or_default(), told("dataFile")));
    }
    for (name, expected, seen) in alike {
        if expected != seen {
            let remedy = "see which server answers, and which atlas.toml it was started with";
            return Err(Short::failed(format!("{name} “{expected}”"), format!("“{seen}”"), remedy));
        }
    }
    Ok(format!("held against {} other environments", facts["heldAgainst"]))
}

fn crossed(key: &str, message: &str) -> Short {
    Short::failed(
        "an environment that shares nothing with another",
        format!("{key}: {message}"),
        format!("mend {key} and start the server anew"),
    )
}

/// A proven snapshot of this file, no older than twice the time between two.
pub(super) fn snapshot(run: &mut Run<'_>) -> Looked {
    let facts = run.facts()?;
    let Some(every) = facts["snapshotsEverySeconds"].as_u64().map(Duration::from_secs) else {
        return Err(Short::Warned("no snapshots are taken on schedule; set snapshots.every".to_owned()));
    };
    let newest = &facts["snapshot"];
    // One of another file would be of no use.
    let is_ours = newest["fileId"] == facts["fileId"];
    let proven: Option<Timestamp> = newest["provenAt"].as_str().filter(|_| is_ours).and_then(|text| text.parse().ok());
    young(proven, every, Clock::System.now())
}

fn young(proven: Option<Timestamp>, every: Duration, now: Timestamp) -> Looked {
    let oldest = jiff::SignedDuration::try_from(every.saturating_mul(2)).unwrap_or(jiff::SignedDuration::MAX);
    match proven {
        Some(at) if now.duration_since(at) <= oldest => Ok(format!("proven at {at}")),
        seen => Err(Short::failed(
            format!("a snapshot proven within the last {} minutes", oldest.as_mins()),
            seen.map_or_else(|| "none".to_owned(), |at| format!("the newest was proven at {at}")),
            "read the server's log for why none is taken; `atlas snapshot create` takes one now",
        )),
    }
}

/// Room for the file's growth, a snapshot and a migration's copy.
pub(super) fn disk(run: &mut Run<'_>) -> Looked {
    let facts = run.facts()?;
    let number = |name: &str| facts[name].as_u64().unwrap_or_default();
    let folder = run.subject.settings.data_file.parent().unwrap_or(Path::new("."));
    roomy(number("freeBytes"), number("fileBytes"), folder)
}

const MIB: u64 = 1 << 20;

fn roomy(free: u64, file: u64, folder: &Path) -> Looked {
    let (least, better) = (file.saturating_mul(2) + 64 * MIB, file.saturating_mul(4) + 1024 * MIB);
    let seen = format!("{} MiB are free at {}", free / MIB, folder.display());
    if free < least {
        let expected = format!("{} MiB free, for a snapshot and a migration's copy", least / MIB);
        return Err(Short::failed(expected, seen, "make room on that disk"));
    }
    if free < better { Err(Short::Warned(format!("only {seen}"))) } else { Ok(seen) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_without_room_for_two_copies_fails_and_a_narrow_one_is_a_warning() {
        let at = |free| roomy(free * MIB, 100 * MIB, Path::new("/srv"));
        assert!(matches!(at(263), Err(Short::Failed { .. })));
        assert!(matches!(at(264), Err(Short::Warned(_))));
        assert!(matches!(at(1423), Err(Short::Warned(_))));
        assert!(at(1424).is_ok());
    }

    #[test]
    fn a_snapshot_may_be_late_by_one_turn() {
        let now: Timestamp = "2026-02-12T12:00:00Z".parse().unwrap();
        let proven = |text: &str| young(Some(text.parse().unwrap()), Duration::from_hours(6), now);
        assert!(proven("2026-02-12T00:00:00Z").is_ok());
        assert!(matches!(proven("2026-02-11T23:59:59Z"), Err(Short::Failed { .. })));
        assert!(matches!(young(None, Duration::from_hours(6), now), Err(Short::Failed { .. })));
    }
}
