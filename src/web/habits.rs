//! The list of habits, their forms, and the archive.

use warp::http::StatusCode;

use super::body::Fields;
use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::app::{
    self,
    habits::{self, Change},
};
use crate::domain::habit::Plan;
use crate::domain::refusal::Faults;
use crate::domain::{Description, Fault, Habit, HabitId, Refusal, ReminderTimes, Title, Weekdays};
use crate::pages::habits::{self as pages, Open, Typed};

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// `GET /habits`; `?edit=` opens the form of a habit, `?delete=` asks whether to put it away.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    let query = visit.query();
    let active = habits::active(&visit.site.app, visit.member()?.id)?;
    let named = |field| active.iter().find(|habit| query.get(field) == habit.id.to_string());
    let open = match (named("edit"), named("delete")) {
        (Some(habit), _) => Open::Changing(habit.id, Typed::from(habit)),
        (None, Some(habit)) => Open::Leaving(habit.id),
        (None, None) => Open::Nothing,
    };
    list(&visit, StatusCode::OK, open, &[], None)
}

/// `POST /habits`: a new habit.
pub async fn create(visit: Visit) -> Result<Answer, Failure> {
    let typed = typed(&visit.form().await?);
    let me = visit.member()?;
    let created = match plan(&typed) {
        Ok(plan) => habits::create(&visit.site.app, me, plan, None).await,
        Err(refusal) => Err(refusal.into()),
    };
    match created {
        Ok(habit) => Ok(to_the_list(&habit)),
        Err(error) => again(&visit, Open::Adding(typed), error),
    }
}

/// `POST /habits/{id}`: saves changes.
pub async fn change(visit: Visit) -> Result<Answer, Failure> {
    let id: HabitId = visit.part("id")?;
    let typed = typed(&visit.form().await?);
    let me = visit.member()?;
    let changed = match plan(&typed) {
        Ok(Plan { title, description, weekdays, .. }) => {
            let change = Change {
                title: Some(title),
                description: Some(description),
                weekdays: Some(weekdays),
                reminder_times: None,
            };
            habits::change(&visit.site.app, me, id, change).await
        }
        Err(refusal) => Err(refusal.into()),
    };
    match changed {
        Ok(habit) => Ok(to_the_list(&habit)),
        Err(error) => again(&visit, Open::Changing(id, typed), error),
    }
}

/// `POST /habits/{id}/move`: one place up or down.
pub async fn shift(visit: Visit) -> Result<Answer, Failure> {
    let id: HabitId = visit.part("id")?;
    let up = match visit.form().await?.get("direction") {
        "up" => true,
        "down" => false,
        _ => return Err(Failure::Malformed("A habit moves up or down.".to_owned())),
    };
    let habit = habits::shift(&visit.site.app, visit.member()?.id, id, up).await?;
    Ok(to_the_list(&habit))
}

/// `POST /habits/{id}/archive`.
pub async fn archive(visit: Visit) -> Result<Answer, Failure> {
    habits::archive(&visit.site.app, visit.member()?, visit.part("id")?).await?;
    Ok(reply::see_other("/habits"))
}

/// `GET /habits/archive`.
pub async fn archived(visit: Visit) -> Result<Answer, Failure> {
    shelf(&visit, StatusCode::OK, None, None)
}

/// `POST /habits/{id}/restore`.
pub async fn restore(visit: Visit) -> Result<Answer, Failure> {
    match habits::restore(&visit.site.app, visit.member()?, visit.part("id")?).await {
        Ok(habit) => Ok(to_the_list(&habit)),
        Err(app::Error::Refused(refusal @ Refusal::Invalid(_))) => {
            shelf(&visit, UNPROCESSABLE, None, Some(&refusal.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /habits/{id}/delete`: for good, when the title was typed.
pub async fn delete(visit: Visit) -> Result<Answer, Failure> {
    let id: HabitId = visit.part("id")?;
    let form = visit.form().await?;
    match habits::delete(&visit.site.app, visit.member()?.id, id, form.get("confirm")).await {
        Ok(()) => Ok(reply::see_other("/habits/archive")),
        Err(app::Error::Refused(Refusal::Invalid(faults))) => {
            shelf(&visit, UNPROCESSABLE, Some((id, faults.as_slice())), None)
        }
        Err(error) => Err(error.into()),
    }
}

fn to_the_list(habit: &Habit) -> Answer {
    reply::see_other(&format!("/habits#habit-{}", habit.id))
}

/// The page once more with what was typed, when the person can do something about it.
fn again(visit: &Visit, open: Open, error: app::Error) -> Result<Answer, Failure> {
    match error {
        app::Error::Refused(Refusal::Invalid(faults)) => list(visit, UNPROCESSABLE, open, &faults, None),
        app::Error::Busy => {
            let message = "Too much is going on just now; nothing was saved. Try again in a few seconds.";
            list(visit, StatusCode::SERVICE_UNAVAILABLE, open, &[], Some(message))
        }
        error => Err(error.into()),
    }
}

fn list(
    visit: &Visit,
    status: StatusCode,
    open: Open,
    faults: &[Fault],
    trouble: Option<&str>,
) -> Result<Answer, Failure> {
    let me = visit.member()?.id;
    let habits = habits::active(&visit.site.app, me)?;
    let archived = habits::archived(&visit.site.app, me)?.len();
    let page = pages::Page { habits: &habits, archived, open, faults, trouble };
    Ok(reply::page(status, pages::page(&visit.frame(), &page)))
}

fn shelf(
    visit: &Visit,
    status: StatusCode,
    refused: Option<(HabitId, &[Fault])>,
    trouble: Option<&str>,
) -> Result<Answer, Failure> {
    let habits = habits::archived(&visit.site.app, visit.member()?.id)?;
    Ok(reply::page(status, pages::archive(&visit.frame(), &habits, refused, trouble)))
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
