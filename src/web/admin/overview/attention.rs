//! What an admin should see to, each in a sentence with a link to where it is fixed.

use jiff::SignedDuration;

use super::view::{AttentionItem, DashboardFacts, format_bytes};
use crate::app::App;
use crate::app::backup::snapshots;
use crate::app::disk_recovery;
use crate::app::mail::health;
use crate::domain::EnvironmentKind;
use crate::domain::calendar::format::format_duration;

/// A snapshot that is older is no longer a restore point for yesterday's mistakes.
const MAX_SNAPSHOT_AGE: SignedDuration = SignedDuration::from_hours(48);
/// What a snapshot and the copy of a migration need besides twice the data file.
const MIN_FREE_BYTES: u64 = 1 << 30;

/// Everything that needs attention, the most urgent first.
pub fn list_attention(app: &App, facts: &DashboardFacts) -> Vec<AttentionItem> {
    let item = |message: String, path, link| AttentionItem { message, path, link };
    let corruption = disk_recovery::corruption_alert(app)
        .map(|alert| item(alert.to_owned(), "/admin/handbook/roll-back", "How to roll back"));
    let mail = health::check_mail_health(app)
        .alert()
        .map(|alert| item(alert.message, "/admin/mail?standing=waiting", "Waiting mail"));
    let failed = match facts.figures.mail.failed {
        0 => None,
        1 => Some("1 email of the last 7 days couldn't be delivered.".to_owned()),
        count => Some(format!("{count} emails of the last 7 days couldn't be delivered.")),
    };
    let failed = failed.map(|message| item(message, "/admin/mail?standing=failed", "Failed mail"));
    let offsite = snapshots::offsite_alert(app).map(|message| item(message, "/admin/configuration", "Configuration"));
    let with_real_data = matches!(app.store.stamp().kind, EnvironmentKind::Production | EnvironmentKind::Staging);
    let snapshot = old_snapshot(app, facts)
        .filter(|_| with_real_data)
        .map(|message| item(message, "/admin/snapshots", "Create a snapshot"));
    let release = unverified_release(facts, with_real_data)
        .map(|message| item(message, "/admin/handbook/verify", "How to verify"));
    let disk = full_disk(facts).map(|message| item(message, "/admin/handbook/capacity", "What needs space"));
    [corruption, disk, mail, failed, snapshot, offsite, release].into_iter().flatten().collect()
}

fn old_snapshot(app: &App, facts: &DashboardFacts) -> Option<String> {
    let Some(newest) = facts.snapshots.first() else {
        return Some("There's no snapshot to roll back to.".to_owned());
    };
    let age = app.clock.now().duration_since(newest.taken_at);
    (age > MAX_SNAPSHOT_AGE).then(|| format!("The newest snapshot is {} old.", format_duration(age)))
}

fn unverified_release(facts: &DashboardFacts, with_real_data: bool) -> Option<String> {
    match &facts.release.as_ref()?.verification {
        None => with_real_data.then(|| "The running release hasn't been verified.".to_owned()),
        Some(result) if result.passed => None,
        Some(result) => Some(format!("The running release failed verification: {}.", result.failed.join(", "))),
    }
}

fn full_disk(facts: &DashboardFacts) -> Option<String> {
    let free = facts.figures.free_bytes?;
    let needed = facts.health.bytes.saturating_mul(2).saturating_add(MIN_FREE_BYTES);
    (free < needed).then(|| format!("The disk is nearly full: {} left.", format_bytes(free)))
}
