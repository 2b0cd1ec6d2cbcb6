//! The page with snapshots and releases. Restoring one takes a terminal.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::app::backup::restore_points::RestorePoints;
use crate::domain::Environment;
use crate::domain::backup::release::Release;
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::domain::calendar::format::format_duration;
use crate::web::admin::view::{AdminNotice, AdminPage, format_bytes, page, show_notice};
use crate::web::ui::date::utc_time;
use crate::web::ui::layout::Frame;

/// What the page shows.
#[derive(Debug)]
pub struct SnapshotsView<'a> {
    pub environment: &'a Environment,
    pub now: Timestamp,
    pub restore_points: &'a RestorePoints,
}

/// The page.
pub fn snapshots_page(frame: &Frame<'_>, view: &SnapshotsView<'_>, notice: AdminNotice<'_>) -> Markup {
    let points = view.restore_points;
    let main = html! {
        h1 { "Snapshots" }
        p.lead { "Restore points. Each one was verified when it was taken." }
        (show_notice(notice))
        div.actions {
            form method="post" action="/admin/snapshots" { button.button.plain type="submit" { "Create snapshot" } }
        }
        ul.records {
            @for manifest in &points.snapshots { (snapshot(manifest, view.now)) }
            @for id in &points.unverified {
                li { code { (id) } strong.badge { "Not verified" } span { "Run " code { "atlas snapshot verify" } " to verify it." } }
            }
        }
        @if points.snapshots.is_empty() && points.unverified.is_empty() { p.empty-line { "No snapshots yet." } }
        p { "Restore from the command line: " code { "atlas rollback --env " (view.environment) " --dry-run" } " shows what would be lost." }
        section #releases aria-labelledby="releases-title" {
            h2 #releases-title { "Releases" }
            ul.records { @for one in &points.releases { (release(one, points.is_running(one))) } }
            @if points.releases.is_empty() { p.empty-line { "No releases yet." } }
        }
    };
    page(frame, AdminPage::Snapshots, "Snapshots", &main)
}

fn snapshot(manifest: &SnapshotManifest, now: Timestamp) -> Markup {
    let age = now.duration_since(manifest.taken_at);
    let age = if age.as_secs() < 60 { "less than a minute".to_owned() } else { format_duration(age) };
    html! {
        li {
            code { (manifest.id) }
            span { "created " (age) " ago, " (manifest.reason.description()) }
            span { (format_bytes(manifest.bytes)) ", schema " (manifest.schema) }
            span.hint { "verified " (utc_time(manifest.verified_at)) }
        }
    }
}

fn release(release: &Release, is_running: bool) -> Markup {
    html! {
        li {
            code { (release.id()) }
            span { "version " (release.version) ", schema " (release.schema) }
            @if is_running { strong.badge { "Running" } }
            @match &release.verification {
                None => span { "Not verified" },
                Some(result) if result.passed => span {
                    @if release.is_known_good() { "Known-good" }
                    @else if result.missing.is_empty() { "Passed" }
                    @else { "Passed (" (result.missing.join(", ")) " skipped)" }
                    ", verified " (utc_time(result.at))
                },
                Some(result) => { strong.badge { "Failed" } span { (result.failed.join(", ")) ", verified " (utc_time(result.at)) } }
            }
            span.hint { "started " (utc_time(release.last_started)) }
        }
    }
}
