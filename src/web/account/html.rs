//! The account page with the settings form.

use warp::http::StatusCode;

use super::view;
use crate::app::identity::preferences;
use crate::app::identity::preferences::PreferencesChange;
use crate::app::identity::sessions;
use crate::app::identity::two_factor;
use crate::domain::accounts::preferences::{Accent, Backfill, Theme, WeekStart};
use crate::domain::field_error::FieldErrors;
use crate::domain::{Refusal, Zone};
use crate::web::account::view::AccountNotice;
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

/// `GET /account`, with a notice if settings were saved (`?saved`) or two-factor authentication was turned off.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    let notice = match (query.maybe("saved"), query.maybe("two-factor")) {
        (Some(_), _) => AccountNotice::Saved,
        (None, Some("off")) if request.account()?.two_factor.is_none() => AccountNotice::TwoFactorDisabled,
        _ => AccountNotice::None,
    };
    page(&request, StatusCode::OK, notice)
}

/// `POST /account`: saves the settings.
pub async fn save_settings(request: Request) -> Result<Response, HttpError> {
    match parse_settings(&request.form().await?) {
        Ok(change) => {
            preferences::update_preferences(&request.state.app, request.account()?.id, change).await?;
            Ok(response::see_other("/account?saved"))
        }
        Err(refusal) => {
            page(&request, StatusCode::UNPROCESSABLE_ENTITY, AccountNotice::SettingErrors(refusal.field_errors()))
        }
    }
}

/// The account page.
pub fn page(request: &Request, status: StatusCode, notice: AccountNotice<'_>) -> Result<Response, HttpError> {
    let member = request.member()?;
    let devices = sessions::list_devices(&request.state.app, member)?;
    Ok(response::page(
        status,
        view::page(
            &request.frame(),
            &member.account,
            member.account.waiting_email(request.state.app.clock.now()),
            two_factor::two_factor_status(&request.state.app, &member.account),
            &devices,
            notice,
        ),
    ))
}

/// Browsers don't send unchecked checkboxes, so a missing one is off.
fn parse_settings(form: &FormFields) -> Result<PreferencesChange, Refusal> {
    let mut errors = FieldErrors::default();
    let change = PreferencesChange {
        name: None,
        zone: errors.record(Zone::parse(form.get("timeZone"))),
        week_start: errors.record(WeekStart::parse(form.get("weekStart"))),
        completed_last: Some(form.get("keepCompletedAtBottom") == "true"),
        backfill: errors.record(Backfill::parse(form.get("backfill"))),
        theme: errors.record(Theme::parse(form.get("theme"))),
        accent: errors.record(Accent::parse(form.get("accent"))),
        shortcuts: Some(form.get("keyboardShortcuts") == "true"),
    };
    errors.check().map(|()| change)
}
