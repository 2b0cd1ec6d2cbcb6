//! Selecting several habits and changing or archiving them.

use std::collections::BTreeSet;

use warp::http::StatusCode;

use crate::app;
use crate::app::habits::bulk::{self, BulkChange};
use crate::app::habits::habit;
use crate::domain::field_error::FieldErrors;
use crate::domain::habits::sort::ListSort;
use crate::domain::{GroupName, HabitColor, HabitId, Refusal, Tags};
use crate::web::habits::list_filter::ListFilter;
use crate::web::habits::select_view::{KEEP, SelectInput, SelectPage, select_page};
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::ui::announcement::Announcement;

/// `GET /habits/select`; `?q=` and `?tag=` filter the list.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let input = SelectInput { color: KEEP.to_owned(), ..SelectInput::default() };
    page(&request, StatusCode::OK, input, None)
}

/// `POST /habits/select`: changes or archives the selected habits.
pub async fn apply(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let input = parse_form(&form);
    let (app, account) = (&request.state.app, request.account()?);
    let is_archiving = form.get("action") == "archive";
    let Some(first) = input.habits.first().copied() else {
        return page(&request, StatusCode::UNPROCESSABLE_ENTITY, input, Some("Select at least one habit."));
    };
    let done = match parse_change(&input) {
        _ if is_archiving => bulk::archive_habits(app, account, input.habits.clone()).await,
        Ok(change) => bulk::change_habits(app, account, input.habits.clone(), change).await,
        Err(refusal) => Err(refusal.into()),
    };
    let announcement = if is_archiving { Announcement::HabitsArchived(first) } else { Announcement::HabitSaved };
    match done {
        Ok(()) => Ok(response::see_other(&announcement.on_page("/habits", "page-title"))),
        Err(app::Error::Refused(refusal @ Refusal::InvalidFields(_))) => {
            page(&request, StatusCode::UNPROCESSABLE_ENTITY, input, Some(&refusal.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

fn page(request: &Request, status: StatusCode, input: SelectInput, alert: Option<&str>) -> Result<Response, HttpError> {
    let habits = habit::list_active(&request.state.app, request.account()?.id)?;
    let query = request.query();
    let filter = ListFilter { text: query.get("q"), tag: query.get("tag"), sort: ListSort::Manual };
    let page = SelectPage { habits: &habits, filter, input, alert };
    Ok(response::page(status, select_page(&request.frame(), &page)))
}

/// An id that can't be read names no habit of the user, so it is refused like one.
fn parse_form(form: &FormFields) -> SelectInput {
    SelectInput {
        habits: form.all("habit").map(|id| id.parse().unwrap_or(HabitId::from_bytes([0; 16]))).collect::<BTreeSet<_>>(),
        color: form.maybe("color").unwrap_or(KEEP).to_owned(),
        group: form.get("group").to_owned(),
        has_no_group: form.get("noGroup") == "true",
        added_tags: form.get("tags").to_owned(),
        removed_tags: form.get("removedTags").to_owned(),
    }
}

fn parse_change(input: &SelectInput) -> Result<BulkChange, Refusal> {
    let mut errors = FieldErrors::default();
    let color = if input.color == KEEP { None } else { errors.record(HabitColor::parse(&input.color)) };
    let group = errors.record(GroupName::parse(&input.group)).flatten();
    let change = BulkChange {
        color,
        group: if input.has_no_group { Some(None) } else { group.map(Some) },
        added_tags: errors.record(Tags::parse_text(&input.added_tags)).unwrap_or_default(),
        removed_tags: errors.record(Tags::parse_text(&input.removed_tags)).unwrap_or_default(),
    };
    if change == BulkChange::default() {
        errors.add("action", "Choose something to change.");
    }
    errors.check().map(|()| change)
}
