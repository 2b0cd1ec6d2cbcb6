//! The JSON of notes.

use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use warp::http::StatusCode;

use crate::app::habits::notes::{self, DayNote, NoteChange, NoteFilter};
use crate::domain::field_error::FieldErrors;
use crate::domain::habits::day_log::Note;
use crate::domain::text_search::TextSearch;
use crate::domain::{Day, HabitId, Refusal};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

const NOTES_PER_PAGE: usize = 100;

/// `GET /api/notes`: `{notes:[{habitId,date,note}],nextCursor}`, newest first. `?habitId=`, `?date=` and `?q=` choose the notes, and
/// `?cursor=` continues a list.
pub async fn list(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    let habit =
        query.maybe("habitId").map(|id| id.parse::<HabitId>().map_err(|_| Refusal::HabitNotFound)).transpose()?;
    let day = query.maybe("date").map(Day::parse).transpose().map_err(Refusal::from)?;
    let filter = NoteFilter { habit, day, search: TextSearch::parse(query.get("q")) };
    let cursor = query.get("cursor").parse().ok();
    let page = notes::list_notes(&request.state.app, request.account()?.id, &filter, cursor, NOTES_PER_PAGE)?;
    let to_json =
        |DayNote { day, habit, note }: &DayNote| json!({ "habitId": habit.id, "date": day, "note": note.as_str() });
    let notes: Vec<Value> = page.notes.iter().map(to_json).collect();
    let next = page.next.map(|next| next.to_string());
    Ok(response::json(StatusCode::OK, &json!({ "notes": notes, "nextCursor": next })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NoteInput {
    habit_id: String,
    date: String,
    /// Nothing but blanks removes the note, and so does `null`.
    note: Option<String>,
    /// The note that the user saw, `null` for none. When it is left out, any note is replaced.
    #[serde(default, deserialize_with = "nullable")]
    replaces: Option<Option<String>>,
}

/// Distinguishes an absent field from null.
fn nullable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// `PUT /api/notes`: `{result:{status,habitId,date}}`. Idempotent.
pub async fn set(request: Request) -> Result<Response, HttpError> {
    let input: NoteInput = request.json().await?;
    let habit: HabitId = input.habit_id.parse().map_err(|_| Refusal::HabitNotFound)?;
    let mut errors = FieldErrors::default();
    let day = errors.record(Day::parse(&input.date));
    let note = errors.record(Note::parse(&input.note.unwrap_or_default()));
    let (Some(day), Some(note)) = (day, note) else { return Err(errors.into_refusal().into()) };
    let replaces = input.replaces.map(|seen| seen.and_then(|text| Note::parse(&text).ok().flatten()));
    let app = &request.state.app;
    let change = NoteChange { habit, day, note, replaces };
    let outcome = notes::set_note(app, request.account()?, change, app.clock.now()).await?;
    let result = json!({ "status": outcome.as_str(), "habitId": habit, "date": day });
    Ok(response::json(StatusCode::OK, &json!({ "result": result })))
}
