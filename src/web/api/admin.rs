//! What admins see, as JSON, and lists to take along as CSV.

use serde_json::{Value, json};
use warp::http::StatusCode;
use warp::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};

use super::instant;
use crate::app::admin;
use crate::domain::{AccountId, Habit};
use crate::observe::activity::MOST;
use crate::web::admin::HabitPlace;
use crate::web::admin::habits::{active, status};
use crate::web::admin::snapshots::found;
use crate::web::body::Fields;
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

/// `?limit=`, 1 to `most`; what is none is `usual`.
fn limit(query: &Fields, usual: usize, most: usize) -> usize {
    query.get("limit").parse().ok().filter(|limit| (1..=most).contains(limit)).unwrap_or(usual)
}

/// `?cursor=`; one that cannot be read is refused, so that nobody reads the first page for ever.
fn cursor<K: std::str::FromStr>(query: &Fields) -> Result<Option<K>, Failure> {
    match query.get("cursor") {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|_| Failure::Malformed("The cursor is none of ours.".to_owned())),
    }
}

/// `GET /api/admin/users`: 200 `{users, counts, nextCursor}`, newest first. A page may be shorter than `limit` and still
/// have a next one, when a search has looked through very many people.
pub async fn users(visit: Visit) -> Result<Answer, Failure> {
    let app = &visit.site.app;
    let query = visit.query();
    let counts = admin::count_people(app)?;
    let (words, place) = (query.get("search").to_owned(), cursor::<AccountId>(&query)?);
    let most = limit(&query, 20, 100);
    let page = visit.looks_at(move |app| admin::people(app, &words, place, most)).await?;
    let users: Vec<Value> = page
        .rows
        .iter()
        .map(|person| {
            json!({
                "id": person.id,
                "email": person.email,
                "displayName": person.name(),
                "emailVerifiedAt": person.verified_at.map(instant),
                "createdAt": instant(person.created_at),
                "disabledAt": person.disabled_at.map(instant),
                // Whoever deletes an account takes all of it along.
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
    Ok(reply::json(StatusCode::OK, &body))
}

/// `GET /api/admin/habits`: 200 `{habits, counts, nextCursor}`.
pub async fn habits(visit: Visit) -> Result<Answer, Failure> {
    let app = &visit.site.app;
    let query = visit.query();
    let counts = admin::count_habits(app)?;
    let place = cursor::<HabitPlace>(&query)?.map(|place| place.0);
    let active = active(status(query.get("status")));
    let (words, most) = (query.get("search").to_owned(), limit(&query, 20, 100));
    let page = visit.looks_at(move |app| admin::habits(app, &words, active, place, most)).await?;
    let habits: Vec<Value> = page
        .rows
        .iter()
        .map(|(owner, habit)| {
            json!({
                "id": habit.id,
                "title": habit.title,
                "description": habit.description,
                "archivedAt": habit.archived_at.map(instant),
                "createdAt": instant(habit.created_at),
                "weekdays": habit.schedule.weekdays(),
                "scheduleSummary": summary(habit),
                "user": { "email": owner.email, "displayName": owner.name() },
            })
        })
        .collect();
    let body = json!({
        "habits": habits,
        "counts": {
            "total": counts.total,
            "active": counts.total.saturating_sub(counts.archived),
            "archived": counts.archived,
        },
        "nextCursor": page.next.map(|place| HabitPlace(place).to_string()),
    });
    Ok(reply::json(StatusCode::OK, &body))
}

/// As the predecessor sums a schedule up.
fn summary(habit: &Habit) -> String {
    let days = habit.schedule.weekdays().numbers();
    if days.len() == 7 {
        return "Daily".to_owned();
    }
    let names = crate::domain::weekdays::NAMES.iter().filter(|(number, _)| days.contains(number));
    names.map(|(_, name)| *name).collect::<Vec<_>>().join(", ")
}

/// `GET /api/admin/snapshots`: 200 `{snapshots, unproven, releases}`, the newest first.
pub async fn snapshots(visit: Visit) -> Result<Answer, Failure> {
    let (listing, releases, running) = visit.looks_at(found).await?;
    let taken = listing.snapshots.iter().map(|one| {
        json!({ "id": one.id, "takenAt": instant(one.taken_at), "provenAt": instant(one.proven_at), "reason": one.reason,
            "bytes": one.bytes, "schema": one.schema, "rows": one.rows })
    });
    let ran = releases.iter().map(|one| {
        json!({ "id": one.id(), "version": one.version, "schema": one.schema, "firstStartedAt": instant(one.first_started),
            "lastStartedAt": instant(one.last_started), "verification": one.verification, "knownGood": one.is_known_good(),
            "runsNow": running.as_ref() == Some(&one.digest) })
    });
    let (taken, ran): (Vec<Value>, Vec<Value>) = (taken.collect(), ran.collect());
    Ok(reply::json(StatusCode::OK, &json!({ "snapshots": taken, "unproven": listing.unproven, "releases": ran })))
}

/// `GET /api/admin/activity`: 200 `{entries}`, the last requests, newest first.
pub async fn activity(visit: Visit) -> Result<Answer, Failure> {
    let entries = visit.site.activity.newest(limit(&visit.query(), 50, MOST));
    let entries: Vec<Value> = entries
        .iter()
        .map(|entry| {
            json!({
                "id": entry.request,
                "timestamp": instant(entry.at),
                "level": entry.level(),
                "message": if entry.code.is_some() { "api.error" } else { "api.request" },
                "requestId": entry.request,
                "method": entry.method,
                // A path can hold what is nobody else's business; its template cannot.
                "path": entry.route,
                "route": entry.route,
                "status": entry.status,
                "durationMs": entry.millis,
                "errorCode": entry.code,
                "metadata": null,
            })
        })
        .collect();
    Ok(reply::json(StatusCode::OK, &json!({ "entries": entries })))
}

/// Rows read at a time for an export: each time a short look at the last commit.
const AT_A_TIME: usize = 1_000;
/// Most bytes of an export, which is made in memory before it is sent: at 100 bytes a row, more than a million rows.
const LONGEST: usize = 128 << 20;

/// `GET /api/admin/exports/users`. A list of more than [`LONGEST`] bytes is refused; `/api/admin/users` gives it page by page.
pub async fn export_users(visit: Visit) -> Result<Answer, Failure> {
    let app = &visit.site.app;
    admin::note_export(app, &visit.by()?).await?;
    let _turn = visit.site.exports.lock().await;
    let columns = ["Email", "Display name", "Email verified at", "Created at", "Deleted at"];
    let mut table = csv::Table::new(&columns, LONGEST);
    let mut below = None;
    loop {
        let page = visit.looks_at(move |app| admin::people(app, "", below, AT_A_TIME)).await?;
        for person in &page.rows {
            let verified = person.verified_at.map(instant).unwrap_or_default();
            table.row(&[person.email.as_str(), person.name(), &verified, &instant(person.created_at), ""]);
        }
        table.check()?;
        below = page.next;
        if below.is_none() {
            return Ok(attachment(&visit, "admin-users", table));
        }
    }
}

/// `GET /api/admin/exports/habits`. Refused when it is too long, as that of people is.
pub async fn export_habits(visit: Visit) -> Result<Answer, Failure> {
    let app = &visit.site.app;
    admin::note_export(app, &visit.by()?).await?;
    let _turn = visit.site.exports.lock().await;
    let columns = ["Title", "Description", "Schedule", "Archived at", "Created at", "Owner email", "Owner name"];
    let mut table = csv::Table::new(&columns, LONGEST);
    let mut below = None;
    loop {
        let page = visit.looks_at(move |app| admin::habits(app, "", None, below, AT_A_TIME)).await?;
        for (owner, habit) in &page.rows {
            let about = habit.description.as_ref().map_or("", |text| text.as_str());
            let archived = habit.archived_at.map(instant).unwrap_or_default();
            let (plan, created) = (summary(habit), instant(habit.created_at));
            let title = habit.title.as_str();
            table.row(&[title, about, &plan, &archived, &created, owner.email.as_str(), owner.name()]);
        }
        table.check()?;
        below = page.next;
        if below.is_none() {
            return Ok(attachment(&visit, "admin-habits", table));
        }
    }
}

fn attachment(visit: &Visit, name: &str, table: csv::Table) -> Answer {
    let name = format!("{name}-{}.csv", visit.site.app.clock.now().strftime("%Y-%m-%d"));
    let mut answer = Answer::new(table.finish().into());
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Ok(disposition) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    answer
}

/// Tables for spreadsheets.
mod csv {
    use crate::domain::Refusal;

    /// A table as it is written: LF between lines and none at the end.
    pub struct Table {
        text: String,
        longest: usize,
    }

    impl Table {
        /// A table with these columns, of at most `longest` bytes.
        pub fn new(columns: &[&str], longest: usize) -> Self {
            let mut table = Self { text: String::new(), longest };
            table.row(columns);
            table
        }

        /// To be asked every so many rows.
        ///
        /// # Errors
        /// [`Refusal::ListTooLong`].
        pub fn check(&self) -> Result<(), Refusal> {
            if self.text.len() <= self.longest { Ok(()) } else { Err(Refusal::ListTooLong) }
        }

        /// Adds a row.
        pub fn row(&mut self, cells: &[&str]) {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            for (at, cell) in cells.iter().enumerate() {
                if at > 0 {
                    self.text.push(',');
                }
                self.cell(cell);
            }
        }

        fn cell(&mut self, text: &str) {
            // SECURITY: a spreadsheet takes what begins like this for a formula; an apostrophe makes it text again.
            let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
            let mark = if formula { "'" } else { "" };
            if text.contains([',', '"', '\n', '\r']) {
                self.text.push('"');
                self.text.push_str(mark);
                self.text.push_str(&text.replace('"', "\"\""));
                self.text.push('"');
            } else {
                self.text.push_str(mark);
                self.text.push_str(text);
            }
        }

        /// The whole.
        pub fn finish(self) -> String {
            self.text
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn formulas_become_text_and_quotes_stand_only_where_they_must() {
            let mut table = Table::new(&["A", "B"], 1_000);
            table.row(&["=1+1", "plain"]);
            table.row(&["+1", "-1"]);
            table.row(&["@x", "\tx"]);
            table.row(&["=HYPERLINK(\"x\",\"y\")", "a,b"]);
            table.row(&["", "two\nlines"]);
            let wanted =
                "A,B\n'=1+1,plain\n'+1,'-1\n'@x,'\tx\n\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\",\"a,b\"\n,\"two\nlines\"";
            assert_eq!(table.finish(), wanted);
        }

        #[test]
        fn a_table_that_is_too_long_is_refused_and_never_cut() {
            let mut table = Table::new(&["A"], 5);
            table.row(&["b"]);
            table.row(&["c"]);
            assert_eq!(table.check(), Ok(()));
            table.row(&["d"]);
            assert_eq!(table.check(), Err(Refusal::ListTooLong));
        }
    }
}
