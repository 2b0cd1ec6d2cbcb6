//! A person's account: the settings form.

use warp::http::StatusCode;

use super::body::Fields;
use super::failure::Failure;
use super::reply::{self, Answer};
use super::two_factor;
use super::visit::Visit;
use crate::app::preferences::{self, Change};
use crate::app::sessions;
use crate::domain::preferences::{Accent, Backfill, Theme, WeekStart};
use crate::domain::refusal::Faults;
use crate::domain::{Refusal, Zone};
use crate::pages::account::{self, News};
use crate::pages::security::Device;

/// `GET /account`; `?saved` says that the settings were saved.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    let query = visit.query();
    let news = match (query.maybe("saved"), query.maybe("two-factor")) {
        (Some(_), _) => News::Saved,
        (None, Some("off")) if visit.member()?.two_factor.is_none() => News::TwoFactorOff,
        _ => News::Nothing,
    };
    page(&visit, StatusCode::OK, news)
}

/// `POST /account`: saves the settings.
pub async fn save(visit: Visit) -> Result<Answer, Failure> {
    match change(&visit.form().await?) {
        Ok(change) => {
            preferences::change(&visit.site.app, visit.member()?.id, change).await?;
            Ok(reply::see_other("/account?saved"))
        }
        Err(refusal) => page(&visit, StatusCode::UNPROCESSABLE_ENTITY, News::Faults(refusal.faults())),
    }
}

/// The page, and what just happened.
pub fn page(visit: &Visit, status: StatusCode, news: News<'_>) -> Result<Answer, Failure> {
    let member = visit.signed_in()?;
    let devices = sessions::devices(&visit.site.app, member)?.into_iter();
    let devices: Vec<Device> = devices
        .map(|device| Device { id: device.id, session: device.session, is_current: device.is_current })
        .collect();
    Ok(reply::page(
        status,
        account::page(&visit.frame(), &member.account, two_factor::standing(visit, &member.account), &devices, news),
    ))
}

/// What the form asks for. A box that is not ticked is not sent, so it means no.
fn change(form: &Fields) -> Result<Change, Refusal> {
    let mut faults = Faults::default();
    let change = Change {
        name: None,
        zone: faults.take(Zone::parse(form.get("timeZone"))),
        week_start: faults.take(WeekStart::parse(form.get("weekStart"))),
        done_sinks: Some(form.get("keepCompletedAtBottom") == "true"),
        backfill: faults.take(Backfill::parse(form.get("backfill"))),
        theme: faults.take(Theme::parse(form.get("theme"))),
        accent: faults.take(Accent::parse(form.get("accent"))),
        shortcuts: Some(form.get("keyboardShortcuts") == "true"),
    };
    faults.check().map(|()| change)
}
