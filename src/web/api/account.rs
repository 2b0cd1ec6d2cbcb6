//! A person's account as JSON.

use serde::Deserialize;
use serde_json::json;
use warp::http::StatusCode;

use crate::app::preferences::{self, Change};
use crate::app::{challenges, credentials};
use crate::domain::challenge::Action;
use crate::domain::preferences::{Accent, Backfill, Theme, WeekStart};
use crate::domain::refusal::Faults;
use crate::domain::{DisplayName, Email, Refusal, Zone};
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

#[derive(Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountChange {
    display_name: Option<String>,
    time_zone: Option<String>,
    week_start: Option<String>,
    keep_completed_at_bottom: Option<bool>,
    backfill: Option<String>,
    theme: Option<String>,
    accent: Option<String>,
    keyboard_shortcuts: Option<bool>,
    email: Option<String>,
    password: Option<String>,
    step_up_challenge_token: Option<String>,
}

/// `PUT /api/account`: any of the fields, at least one; 200 `{ok:true}`. A new address (which counts once its link is opened)
/// or password needs the token of a step-up challenge that was answered; one of them at a time, and nothing beside it.
pub async fn change(visit: Visit) -> Result<Answer, Failure> {
    let mut typed: AccountChange = visit.json().await?;
    let (app, member, client) = (&visit.site.app, visit.signed_in()?, visit.client());
    let proof = typed.step_up_challenge_token.take().unwrap_or_default();
    match (typed.email.take(), typed.password.take()) {
        (None, None) => drop(preferences::change(app, member.account.id, typed.parse()?).await?),
        (Some(email), None) if typed.is_empty() => {
            let email = Email::parse(&email).map_err(|fault| Refusal::Invalid(vec![fault]))?;
            if email != member.account.email {
                credentials::ask_new_address(app, member, &proof, Some(email), &client).await?;
            }
        }
        (None, Some(password)) if typed.is_empty() => {
            // A password is judged and hashed only for somebody who proved to mean it.
            challenges::check(app, &member.account, &proof, Action::AccountPasswordChange)?;
            let hash = credentials::prepare_password(app, &member.account, password, None).await?;
            credentials::change_password(app, member, &proof, Some(hash), &client).await?;
        }
        _ => return Err(Refusal::field("email", "Change the address or the password, and nothing beside it.").into()),
    }
    Ok(reply::json(StatusCode::OK, &json!({ "ok": true })))
}

impl AccountChange {
    /// Whether it asks for nothing, once address and password are taken out.
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn parse(self) -> Result<Change, Refusal> {
        let mut faults = Faults::default();
        let change = Change {
            name: self.display_name.and_then(|name| faults.take(DisplayName::parse(&name))),
            zone: self.time_zone.and_then(|name| faults.take(Zone::parse(&name))),
            week_start: self.week_start.and_then(|word| faults.take(WeekStart::parse(&word))),
            done_sinks: self.keep_completed_at_bottom,
            backfill: self.backfill.and_then(|word| faults.take(Backfill::parse(&word))),
            theme: self.theme.and_then(|word| faults.take(Theme::parse(&word))),
            accent: self.accent.and_then(|word| faults.take(Accent::parse(&word))),
            shortcuts: self.keyboard_shortcuts,
        };
        faults.check()?;
        if change == Change::default() {
            return Err(Refusal::field("displayName", "Name at least one field to change."));
        }
        Ok(change)
    }
}
