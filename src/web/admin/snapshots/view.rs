//! The page with snapshots and releases. Restoring one takes a terminal.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::app::backup::restore_points::RestorePoints;
use crate::domain::backup::release::Release;
use crate::domain::backup::snapshot::SnapshotManifest;
use crate::domain::calendar::format::format_duration;
use crate::domain::{Day, Environment};
use crate::web::admin::list_query::ListQuery;
use crate::web::admin::view::{AdminNotice, AdminPage, format_bytes, page, show_notice};
use crate::web::ui::daily_chart::daily_size_chart;
use crate::web::ui::date::utc_time;
use crate::web::ui::layout::Frame;
use crate::web::ui::page_head::page_head;
use crate::web::ui::table::{Column, TableRow, data_table};

/// The orders of the snapshots, and of the releases.
pub const BY_TAKEN: &str = "created";
pub const BY_SIZE: &str = "size";
pub const BY_STARTED: &str = "started";

/// What the page shows.
#[derive(Debug)]
pub struct SnapshotsView<'a> {
    pub list: &'a ListQuery,
    pub environment: &'a Environment,
    pub now: Timestamp,
    pub restore_points: &'a RestorePoints,
    /// The size of each day's newest snapshot.
    pub sizes: &'a [(Day, u64)],
}

/// The page.
pub fn snapshots_page(frame: &Frame<'_>, view: &SnapshotsView<'_>, notice: AdminNotice<'_>) -> Markup {
    let points = view.restore_points;
    let create = html! {
        form method="post" action="/admin/snapshots" { button.button.plain type="submit" { "Create snapshot" } }
    };
    let main = html! {
        (page_head("Snapshots", &create))
        p.lead { "Restore points. Each one was verified when it was taken." }
        (show_notice(notice))
        @if !points.snapshots.is_empty() { (daily_size_chart("Size of each day's newest snapshot", view.sizes, format_bytes)) }
        (snapshot_table(view))
        @if points.snapshots.is_empty() && points.unverified.is_empty() { p.empty-line { "No snapshots yet." } }
        p { "Restore from the command line: " code { "atlas rollback --env " (view.environment) " --dry-run" } " shows what would be lost." }
        section #releases aria-labelledby="releases-title" {
            h2 #releases-title { "Releases" }
            (release_table(view))
            @if points.releases.is_empty() { p.empty-line { "No releases yet." } }
        }
    };
    page(frame, AdminPage::Snapshots, "Snapshots", &main)
}

fn snapshot_table(view: &SnapshotsView<'_>) -> Markup {
    let columns = [
        Column::new("Snapshot"),
        view.list.column("Created", BY_TAKEN),
        view.list.column("Size", BY_SIZE),
        Column::new("Schema").labeled(),
        Column::new("Verified").labeled(),
    ];
    let verified = view.restore_points.snapshots.iter().map(|manifest| snapshot_row(manifest, view.now));
    let unverified = view.restore_points.unverified.iter().map(|id| TableRow {
        head: html! { code { (id) } },
        cells: vec![
            html! { strong.badge { "Not verified" } " Run " code { "atlas snapshot verify" } " to verify it." },
        ],
        ..TableRow::default()
    });
    data_table("Snapshots", &columns, &verified.chain(unverified).collect::<Vec<_>>())
}

fn snapshot_row(manifest: &SnapshotManifest, now: Timestamp) -> TableRow {
    let age = now.duration_since(manifest.taken_at);
    let age = if age.as_secs() < 60 { "less than a minute".to_owned() } else { format_duration(age) };
    TableRow {
        head: html! { code { (manifest.id) } },
        cells: vec![
            html! { (age) " ago, " (manifest.reason.description()) },
            html! { (format_bytes(manifest.bytes)) },
            html! { (manifest.schema) },
            utc_time(manifest.verified_at),
        ],
        ..TableRow::default()
    }
}

fn release_table(view: &SnapshotsView<'_>) -> Markup {
    let columns = [
        Column::new("Release"),
        Column::new("Version").labeled(),
        Column::new("Schema").labeled(),
        Column::new("Verification"),
        view.list.column("Started", BY_STARTED).labeled(),
    ];
    let points = view.restore_points;
    let rows = points.releases.iter().map(|release| release_row(release, points.is_running(release)));
    data_table("Releases", &columns, &rows.collect::<Vec<_>>())
}

fn release_row(release: &Release, is_running: bool) -> TableRow {
    let verification = html! {
        @match &release.verification {
            None => "Not verified",
            Some(result) if result.passed => {
                @if release.is_known_good() { "Known-good" }
                @else if result.missing.is_empty() { "Passed" }
                @else { "Passed (" (result.missing.join(", ")) " skipped)" }
                ", verified " (utc_time(result.at))
            },
            Some(result) => { strong.badge { "Failed" } " " (result.failed.join(", ")) ", verified " (utc_time(result.at)) }
        }
    };
    TableRow {
        head: html! { code { (release.id()) } @if is_running { " " strong.badge { "Running" } } },
        cells: vec![
            html! { (release.version) },
            html! { (release.schema) },
            verification,
            utc_time(release.last_started),
        ],
        ..TableRow::default()
    }
}
