//! A person's account as JSON.

use serde::Deserialize;
use serde_json::{Value, json};
use warp::http::StatusCode;

use crate::app::preferences::{self, Change};
use crate::domain::preferences::{Accent, Backfill, Theme, WeekStart};
use crate::domain::refusal::Faults;
use crate::domain::{DisplayName, Refusal, Zone};
use crate::web::failure::Failure;
use crate::web::reply::{self, Answer};
use crate::web::visit::Visit;

#[derive(Deserialize)]
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
    email: Option<Value>,
    password: Option<Value>,
}

/// `PUT /api/account`: any of the fields, at least one; 200 `{ok:true}`.
pub async fn change(visit: Visit) -> Result<Answer, Failure> {
    let typed: AccountChange = visit.json().await?;
    preferences::change(&visit.site.app, visit.member()?.id, typed.parse()?).await?;
    Ok(reply::json(StatusCode::OK, &json!({ "ok": true })))
}

impl AccountChange {
    fn parse(self) -> Result<Change, Refusal> {
        let mut faults = Faults::default();
        // Refused rather than ignored: somebody who asks for a new password must not think that it was changed.
        if self.email.is_some() || self.password.is_some() {
            faults.add("email", "Address and password cannot be changed here yet.");
        }
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
