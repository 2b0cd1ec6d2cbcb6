//! Snapshots and releases: what the environment can be brought back to. Going back itself is for a terminal.

use jiff::Timestamp;
use maud::{Markup, html};

use super::overview::{duration, size};
use super::users::News;
use super::{Room, moment, page};
use crate::domain::Environment;
use crate::domain::release::Release;
use crate::domain::snapshot::{Manifest, SnapshotId};
use crate::pages::form::{alert, status};
use crate::pages::layout::Frame;

/// What is there.
#[derive(Debug)]
pub struct Shown<'a> {
    /// Whose it is.
    pub environment: &'a Environment,
    /// What time it is.
    pub now: Timestamp,
    /// The snapshots that were proven, the newest first.
    pub snapshots: &'a [Manifest],
    /// Those that were not.
    pub unproven: &'a [SnapshotId],
    /// The releases, the one that started last first.
    pub releases: &'a [Release],
    /// The digest of the binary that runs.
    pub running: Option<&'a str>,
}

/// The page.
pub fn all(frame: &Frame<'_>, shown: &Shown<'_>, news: News<'_>) -> Markup {
    let main = html! {
        h1 { "Snapshots" }
        p.lead { "What this environment can be brought back to. Each was opened and read again before it counted." }
        @match news {
            News::Nothing => {}
            News::Done(what) => (status(what)),
            News::Refused(why) => (alert(why)),
        }
        div.actions {
            form method="post" action="/admin/snapshots" { button.button.plain type="submit" { "Take a snapshot now" } }
        }
        ul.records {
            @for one in shown.snapshots { (snapshot(one, shown.now)) }
            @for id in shown.unproven { li { code { (id) } strong.mark { "Not proven" } span { "atlas snapshot verify proves it" } } }
        }
        @if shown.snapshots.is_empty() && shown.unproven.is_empty() { p.empty-line { "There is none yet." } }
        p { "Going back is done in a terminal: " code { "atlas rollback --env " (shown.environment) " --dry-run" } " shows what would be lost." }
        section #releases aria-labelledby="releases-title" {
            h2 #releases-title { "Releases" }
            ul.records { @for one in shown.releases { (release(one, shown.running)) } }
            @if shown.releases.is_empty() { p.empty-line { "Nothing ran here yet." } }
        }
    };
    page(frame, Room::Snapshots, "Snapshots", &main)
}

fn snapshot(one: &Manifest, now: Timestamp) -> Markup {
    let age = u64::try_from(now.duration_since(one.taken_at).as_secs()).unwrap_or(0);
    html! {
        li {
            code { (one.id) }
            span { "taken " (duration(age)) " ago, " (one.reason.words()) }
            span { (size(one.bytes)) ", schema " (one.schema) }
            span.hint { "proven " (moment(one.proven_at)) }
        }
    }
}

fn release(one: &Release, running: Option<&str>) -> Markup {
    html! {
        li {
            code { (one.id()) }
            span { "version " (one.version) ", schema " (one.schema) }
            @if running == Some(one.digest.as_str()) { strong.mark { "Runs now" } }
            @match &one.verification {
                None => span { "Not verified" },
                Some(found) if found.passed => span { @if one.is_known_good() { "Known-good" } @else if found.missing.is_empty() { "Passed" } @else { "Passed without " (found.missing.join(", ")) } ", verified " (moment(found.at)) },
                Some(found) => { strong.mark { "Failed" } span { (found.failed.join(", ")) ", verified " (moment(found.at)) } }
            }
            span.hint { "started " (moment(one.last_started)) }
        }
    }
}
