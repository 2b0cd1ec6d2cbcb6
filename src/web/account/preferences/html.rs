//! The preferences page and its form.

use warp::http::StatusCode;

use super::view::{self, PreferencesInput};
use crate::app::identity::preferences;
use crate::app::identity::preferences::PreferencesChange;
use crate::domain::accounts::preferences::{Accent, Backfill, DayGrouping, Theme, WeekStart};
use crate::domain::field_error::FieldErrors;
use crate::domain::{Refusal, Zone};
use crate::web::account::view::AccountPart;
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /account/preferences`. `?saved` confirms the form.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let is_saved = request.query().maybe("saved").is_some();
    let page = view::page(&request.frame(), request.account()?.into(), &[], is_saved);
    Ok(response::page(StatusCode::OK, page))
}

/// `POST /account/preferences`: saves all of them.
pub async fn save(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let input = read(&form);
    match parse(input) {
        Ok(change) => {
            preferences::update_preferences(&request.state.app, request.account()?.id, change).await?;
            Ok(response::see_other(&format!("{}?saved", AccountPart::Preferences.path())))
        }
        Err(refusal) => {
            let page = view::page(&request.frame(), input, refusal.field_errors(), false);
            Ok(response::page(StatusCode::UNPROCESSABLE_ENTITY, page))
        }
    }
}

/// Browsers don't send unchecked checkboxes, so a missing one is off.
fn read(form: &FormFields) -> PreferencesInput<'_> {
    PreferencesInput {
        time_zone: form.get("timeZone"),
        week_start: form.get("weekStart"),
        grouping: form.maybe("groupDayBy"),
        backfill: form.get("backfill"),
        theme: form.get("theme"),
        accent: form.get("accent"),
        completed_last: form.get("keepCompletedAtBottom") == "true",
        shortcuts: form.get("keyboardShortcuts") == "true",
    }
}

fn parse(input: PreferencesInput<'_>) -> Result<PreferencesChange, Refusal> {
    let mut errors = FieldErrors::default();
    let change = PreferencesChange {
        name: None,
        zone: errors.record(Zone::parse(input.time_zone)),
        week_start: errors.record(WeekStart::parse(input.week_start)),
        completed_last: Some(input.completed_last),
        grouping: input.grouping.and_then(|name| errors.record(DayGrouping::parse(name))),
        backfill: errors.record(Backfill::parse(input.backfill)),
        theme: errors.record(Theme::parse(input.theme)),
        accent: errors.record(Accent::parse(input.accent)),
        shortcuts: Some(input.shortcuts),
    };
    errors.check().map(|()| change)
}
