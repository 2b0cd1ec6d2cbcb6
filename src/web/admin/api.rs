//! The JSON of the admin pages, and exports as CSV.

use serde::Serialize;
use serde_json::{Value, json};
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};

use crate::app::admin;
use crate::app::admin::queries::OwnedHabit;
use crate::app::backup::restore_points::load_restore_points;
use crate::app::list_request::ListRequest;
use crate::domain::{AccountId, Description, Email, HabitId, Weekdays};
use crate::observe::activity::MAX_RECORDS;
use crate::web::admin::csv_table::{CsvReader, CsvTable};
use crate::web::admin::habits::html::{is_active, parse_status};
use crate::web::admin::list_query::HabitCursor;
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response;
use crate::web::http::response::Response;
use crate::web::http::response::format_timestamp;

/// `?limit=`, from 1 to `max`; other values become `default`.
fn limit(query: &FormFields, default: usize, max: usize) -> usize {
    query.get("limit").parse().ok().filter(|limit| (1..=max).contains(limit)).unwrap_or(default)
}

/// `?cursor=`. An invalid cursor is refused; otherwise a client would fetch the first page in an endless loop.
fn cursor<K: std::str::FromStr>(query: &FormFields) -> Result<Option<K>, HttpError> {
    match query.get("cursor") {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| HttpError::Malformed("Unknown cursor.".to_owned())),
    }
}

/// `GET /api/admin/users`: 200 `{users, counts, nextCursor}`, newest first. A page may be shorter than `limit` and have
/// a next page, if a search has scanned as many users as one request may.
pub async fn users(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let query = request.query();
    let counts = admin::queries::count_users(app)?;
    let (words, cursor) = (query.get("search").to_owned(), cursor::<AccountId>(&query)?);
    let page = ListRequest::newest_first(cursor, limit(&query, 20, 100));
    let page = request.read_blocking(move |app| admin::queries::list_users(app, &words, page)).await?;
    let users: Vec<Value> = page
        .rows
        .iter()
        .map(|user| {
            json!({
                "id": user.id,
                "email": user.email,
                "displayName": user.name(),
                "emailVerifiedAt": user.verified_at.map(format_timestamp),
                "createdAt": format_timestamp(user.created_at),
                "disabledAt": user.disabled_at.map(format_timestamp),
                // Deleting an account leaves nothing of it.
                "deletedAt": null,
            })
        })
        .collect();
    let body = json!({
        "users": users,
        "counts": {
            "total": counts.total,
            "verified": counts.verified,
            "unverified": counts.total.saturating_sub(counts.verified),
            "disabled": counts.disabled,
        },
        "nextCursor": page.next,
    });
    Ok(response::json(StatusCode::OK, &body))
}

/// A habit as admins get it. Where they don't see what users wrote, the title is empty and the description null, so that clients
/// find the same fields.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct AdminHabit<'a> {
    id: HabitId,
    title: &'a str,
    description: Option<&'a Description>,
    archived_at: Option<String>,
    created_at: String,
    weekdays: Weekdays,
    schedule_summary: String,
    user: HabitOwner<'a>,
}

impl<'a> From<&'a OwnedHabit> for AdminHabit<'a> {
    fn from(habit: &'a OwnedHabit) -> Self {
        Self {
            id: habit.id,
            title: habit.texts.as_ref().map_or("", |texts| texts.title.as_str()),
            description: habit.texts.as_ref().and_then(|texts| texts.description.as_ref()),
            archived_at: habit.archived_at.map(format_timestamp),
            created_at: format_timestamp(habit.created_at),
            weekdays: habit.weekdays,
            schedule_summary: summarize_schedule(habit.weekdays),
            user: HabitOwner { email: &habit.owner.email, display_name: habit.owner.name() },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HabitOwner<'a> {
    email: &'a Email,
    display_name: &'a str,
}

/// `GET /api/admin/habits`: 200 `{habits, counts, nextCursor}`.
pub async fn habits(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    let query = request.query();
    let counts = admin::queries::count_habits(app)?;
    let cursor = cursor::<HabitCursor>(&query)?.map(|cursor| cursor.0);
    let is_active = is_active(parse_status(query.get("status")));
    let words = query.get("search").to_owned();
    let page = ListRequest::newest_first(cursor, limit(&query, 20, 100));
    let page = request.read_blocking(move |app| admin::queries::list_habits(app, &words, is_active, page)).await?;
    let habits: Vec<AdminHabit<'_>> = page.rows.iter().map(AdminHabit::from).collect();
    let body = json!({
        "habits": habits,
        "counts": {
            "total": counts.total,
            "active": counts.total.saturating_sub(counts.archived),
            "archived": counts.archived,
        },
        "nextCursor": page.next.map(|next| HabitCursor(next).to_string()),
    });
    Ok(response::json(StatusCode::OK, &body))
}

/// A schedule in words, as the predecessor wrote it.
fn summarize_schedule(weekdays: Weekdays) -> String {
    let days = weekdays.iso_numbers();
    if days.len() == 7 {
        return "Daily".to_owned();
    }
    let names = crate::domain::calendar::weekdays::SHORT_NAMES.iter().filter(|(number, _)| days.contains(number));
    names.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

/// `GET /api/admin/snapshots`: 200 `{snapshots, unproven, releases}`, the newest first.
pub async fn snapshots(request: Request) -> Result<Response, HttpError> {
    let points = request.read_blocking(load_restore_points).await?;
    let snapshots = points.snapshots.iter().map(|snapshot| {
        json!({
            "id": snapshot.id,
            "takenAt": format_timestamp(snapshot.taken_at),
            "provenAt": format_timestamp(snapshot.verified_at),
            "reason": snapshot.reason,
            "bytes": snapshot.bytes,
            "schema": snapshot.schema,
            "rows": snapshot.rows,
        })
    });
    let releases = points.releases.iter().map(|release| {
        json!({
            "id": release.id(),
            "version": release.version,
            "schema": release.schema,
            "firstStartedAt": format_timestamp(release.first_started),
            "lastStartedAt": format_timestamp(release.last_started),
            "verification": release.verification,
            "knownGood": release.is_known_good(),
            "runsNow": points.is_running(release),
        })
    });
    let (snapshots, releases): (Vec<Value>, Vec<Value>) = (snapshots.collect(), releases.collect());
    let body = json!({ "snapshots": snapshots, "unproven": points.unverified, "releases": releases });
    Ok(response::json(StatusCode::OK, &body))
}

/// `GET /api/admin/activity`: 200 `{entries}`, the last requests, newest first.
pub async fn activity(request: Request) -> Result<Response, HttpError> {
    let entries = request.state.activity.newest(limit(&request.query(), 50, MAX_RECORDS));
    let entries: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({
                "id": entry.request,
                "timestamp": format_timestamp(entry.at),
                "level": entry.level(),
                "message": if entry.code.is_some() { "api.error" } else { "api.request" },
                "requestId": entry.request,
                "method": entry.method,
                // A path can contain private ids; its template cannot.
                "path": entry.route,
                "route": entry.route,
                "status": entry.status,
                "durationMs": entry.millis,
                "errorCode": entry.code,
                "metadata": null,
            })
        })
        .collect();
    Ok(response::json(StatusCode::OK, &json!({ "entries": entries })))
}

/// What the paths of exports begin with.
pub const EXPORTS: &str = "/api/admin/exports/";
/// Rows per read transaction of an export.
const ROWS_PER_READ: usize = 1_000;
/// The largest export, which is built in memory: at 100 bytes a row, more than a million rows.
const MAX_EXPORT_BYTES: usize = 128 << 20;

/// `GET /api/admin/exports/users`, for scripts, or with `?for=spreadsheet`. A list of more than [`MAX_EXPORT_BYTES`] is refused; `/api/admin/users` lists it page by page.
pub async fn export_users(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    admin::accounts::record_export(app, &request.initiator()?).await?;
    let _lock = request.state.export_lock.lock().await;
    let columns = ["Email", "Display name", "Email verified at", "Created at", "Deleted at"];
    let reader = CsvReader::from_query(&request.query());
    let mut table = CsvTable::new(reader, &columns, MAX_EXPORT_BYTES)?;
    let mut cursor = None;
    loop {
        let page = request
            .read_blocking(move |app| {
                admin::queries::list_users(app, "", ListRequest::newest_first(cursor, ROWS_PER_READ))
            })
            .await?;
        for user in &page.rows {
            let verified = user.verified_at.map(|at| reader.format_time(at)).unwrap_or_default();
            table.add_row(&[user.email.as_str(), user.name(), &verified, &reader.format_time(user.created_at), ""])?;
        }
        table.check_size()?;
        cursor = page.next;
        if cursor.is_none() {
            return attachment(&request, "admin-users", table);
        }
    }
}

/// `GET /api/admin/exports/habits`. Limited like the export of users. Titles and descriptions are empty where admins don't see them.
pub async fn export_habits(request: Request) -> Result<Response, HttpError> {
    let app = &request.state.app;
    admin::accounts::record_export(app, &request.initiator()?).await?;
    let _lock = request.state.export_lock.lock().await;
    let columns = ["Title", "Description", "Schedule", "Archived at", "Created at", "Owner email", "Owner name"];
    let reader = CsvReader::from_query(&request.query());
    let mut table = CsvTable::new(reader, &columns, MAX_EXPORT_BYTES)?;
    let mut cursor = None;
    loop {
        let page = request
            .read_blocking(move |app| {
                admin::queries::list_habits(app, "", None, ListRequest::newest_first(cursor, ROWS_PER_READ))
            })
            .await?;
        for habit in &page.rows {
            let (owner, texts) = (&habit.owner, habit.texts.as_ref());
            let title = texts.map_or("", |texts| texts.title.as_str());
            let description = texts.and_then(|texts| texts.description.as_ref()).map_or("", |text| text.as_str());
            let archived = habit.archived_at.map(|at| reader.format_time(at)).unwrap_or_default();
            let (schedule, created) = (summarize_schedule(habit.weekdays), reader.format_time(habit.created_at));
            table.add_row(&[title, description, &schedule, &archived, &created, owner.email.as_str(), owner.name()])?;
        }
        table.check_size()?;
        cursor = page.next;
        if cursor.is_none() {
            return attachment(&request, "admin-habits", table);
        }
    }
}

fn attachment(request: &Request, name: &str, table: CsvTable) -> Result<Response, HttpError> {
    let name = format!("{name}-{}.csv", request.state.app.clock.now().strftime("%Y-%m-%d"));
    let mut response = Response::new(table.finish()?.into());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}
