//! The JSON of the account.

use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

use crate::app::identity::email_change;
use crate::app::identity::password_change;
use crate::app::identity::preferences;
use crate::app::identity::preferences::PreferencesChange;
use crate::app::identity::step_up;
use crate::domain::accounts::preferences::{Accent, Backfill, DayGrouping, Theme, WeekStart};
use crate::domain::accounts::step_up::ProtectedAction;
use crate::domain::field_error::FieldErrors;
use crate::domain::{DisplayName, Email, Refusal, Zone};
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};

#[derive(Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountChange {
    display_name: Option<String>,
    time_zone: Option<String>,
    week_start: Option<String>,
    keep_completed_at_bottom: Option<bool>,
    group_day_by: Option<String>,
    backfill: Option<String>,
    theme: Option<String>,
    accent: Option<String>,
    keyboard_shortcuts: Option<bool>,
    email: Option<String>,
    password: Option<String>,
    step_up_challenge_token: Option<String>,
}

/// `PUT /api/account`: at least one of the fields; 200 `{ok:true}`. A new email address (which takes effect once its link is
/// opened) or password needs the token of a verified step-up challenge, and must be the only change.
pub async fn update(request: Request) -> Result<Response, HttpError> {
    let mut input: AccountChange = request.json().await?;
    let (app, member, client) = (&request.state.app, request.member()?, request.client());
    let proof = input.step_up_challenge_token.take().unwrap_or_default();
    match (input.email.take(), input.password.take()) {
        (None, None) => drop(preferences::update_preferences(app, member.account.id, input.parse()?).await?),
        (Some(email), None) if input.is_empty() => {
            let email = Email::parse(&email).map_err(|error| Refusal::InvalidFields(vec![error]))?;
            if email != member.account.email {
                email_change::request_email_change(app, member, &proof, Some(email), &client).await?;
            }
        }
        (None, Some(password)) if input.is_empty() => {
            // Hashing is expensive, so the token is checked first.
            step_up::check(app, &member.account, &proof, ProtectedAction::AccountPasswordChange)?;
            let hash = password_change::prepare_password(app, &member.account, password, None).await?;
            password_change::change_password(app, member, &proof, Some(hash), &client).await?;
        }
        _ => {
            return Err(
                Refusal::field("email", "Change either the email address or the password, and nothing else.").into()
            );
        }
    }
    Ok(response::json(StatusCode::OK, &json!({ "ok": true })))
}

impl AccountChange {
    /// Whether nothing else changes, after email and password have been taken out.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn parse(self) -> Result<PreferencesChange, Refusal> {
        let mut errors = FieldErrors::default();
        let change = PreferencesChange {
            name: self.display_name.and_then(|name| errors.record(DisplayName::parse(&name))),
            zone: self.time_zone.and_then(|name| errors.record(Zone::parse(&name))),
            week_start: self.week_start.and_then(|name| errors.record(WeekStart::parse(&name))),
            completed_last: self.keep_completed_at_bottom,
            grouping: self.group_day_by.and_then(|name| errors.record(DayGrouping::parse(&name))),
            backfill: self.backfill.and_then(|name| errors.record(Backfill::parse(&name))),
            theme: self.theme.and_then(|name| errors.record(Theme::parse(&name))),
            accent: self.accent.and_then(|name| errors.record(Accent::parse(&name))),
            shortcuts: self.keyboard_shortcuts,
        };
        errors.check()?;
        if change == PreferencesChange::default() {
            return Err(Refusal::field("displayName", "Include at least one field to change."));
        }
        Ok(change)
    }
}
