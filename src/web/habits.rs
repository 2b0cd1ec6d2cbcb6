//! The list of habits and the form for a new one.

use warp::http::StatusCode;

use super::body::Fields;
use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::app::{self, habits};
use crate::domain::habit::Plan;
use crate::domain::refusal::Faults;
use crate::domain::{Description, Fault, Refusal, ReminderTimes, Title, Weekdays};
use crate::pages::habits::{self as pages, Typed};

/// `GET /habits`.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    list(&visit, StatusCode::OK, &Typed::default(), &[], None)
}

/// `POST /habits`: a new habit.
pub async fn create(visit: Visit) -> Result<Answer, Failure> {
    let form = visit.form().await?;
    let typed = typed(&form);
    let me = visit.member()?.id;
    let created = match plan(&typed) {
        Ok(plan) => habits::create(&visit.site.app, me, plan, None).await,
        Err(refusal) => Err(refusal.into()),
    };
    match created {
        Ok(habit) => Ok(reply::see_other(&format!("/habits#habit-{}", habit.id))),
        Err(app::Error::Refused(refusal)) => {
            list(&visit, StatusCode::UNPROCESSABLE_ENTITY, &typed, refusal.faults(), None)
        }
        Err(app::Error::Busy) => {
            let message = "Too much is going on just now; nothing was saved. Try again in a few seconds.";
            list(&visit, StatusCode::SERVICE_UNAVAILABLE, &typed, &[], Some(message))
        }
        Err(error) => Err(error.into()),
    }
}

fn list(
    visit: &Visit,
    status: StatusCode,
    typed: &Typed,
    faults: &[Fault],
    busy: Option<&str>,
) -> Result<Answer, Failure> {
    let habits = habits::active(&visit.site.app, visit.member()?.id)?;
    Ok(reply::page(status, pages::page(&visit.frame(), &habits, typed, faults, busy)))
}

fn typed(form: &Fields) -> Typed {
    Typed {
        title: form.get("title").to_owned(),
        description: form.get("description").to_owned(),
        // What is no number is no weekday, and is answered as such.
        weekdays: form.all("weekdays").map(|number| number.parse().unwrap_or(0)).collect(),
    }
}

fn plan(typed: &Typed) -> Result<Plan, Refusal> {
    let mut faults = Faults::default();
    let title = faults.take(Title::parse(&typed.title));
    let description = faults.take(Description::parse(&typed.description));
    let weekdays = faults.take(Weekdays::parse(typed.weekdays.iter().copied()));
    match (title, description, weekdays) {
        (Some(title), Some(description), Some(weekdays)) => {
            Ok(Plan { title, description, weekdays, reminder_times: ReminderTimes::default() })
        }
        _ => Err(faults.refusal()),
    }
}
