//! The forms for the entries of a day, on a habit's page.

use warp::http::StatusCode;

use crate::app;
use crate::app::habits::entries::{self, HabitDay, NewEntry};
use crate::domain::{Amount, Day, EntryId, HabitId, Refusal};
use crate::web::entries::view::RefusedEntry;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::insights::html::{RefusedForms, habit_page};

/// `POST /habits/{id}/entries`: adds, changes or removes an entry, then returns to the day on the habit's page.
pub async fn change(request: Request) -> Result<Response, HttpError> {
    let habit: HabitId = request.path_param("id")?;
    let form = request.form().await?;
    let entry: Option<EntryId> = form.maybe("entry").and_then(|id| id.parse().ok());
    let typed = TypedEntry { amount: form.get("amount"), time: form.get("time"), action: form.get("action") };
    let message = match apply(&request, habit, form.get("date"), entry, typed).await {
        Ok(day) => return Ok(response::see_other(&format!("/habits/{habit}?day={day}#entries"))),
        Err(app::Error::Refused(Refusal::HabitNotFound)) => return Err(Refusal::HabitNotFound.into()),
        Err(app::Error::Refused(refusal)) => refusal.to_string(),
        Err(error) => return Err(error.into()),
    };
    let refused = RefusedEntry { id: entry, amount: typed.amount, time: typed.time, message };
    let refused = RefusedForms { entry: Some(&refused), ..RefusedForms::default() };
    habit_page(&request, habit, StatusCode::UNPROCESSABLE_ENTITY, form.get("date"), refused)
}

#[derive(Clone, Copy)]
struct TypedEntry<'a> {
    amount: &'a str,
    time: &'a str,
    action: &'a str,
}

async fn apply(
    request: &Request,
    habit: HabitId,
    date: &str,
    entry: Option<EntryId>,
    typed: TypedEntry<'_>,
) -> Result<Day, app::Error> {
    let app = &request.state.app;
    let account = request.account().map_err(|_| Refusal::HabitNotFound)?;
    let day = Day::parse(date).map_err(Refusal::from)?;
    let on = HabitDay { habit, day };
    if let Some(id) = entry.filter(|_| typed.action == "remove") {
        entries::remove_entry(app, account, on, id).await?;
        return Ok(day);
    }
    let unit = entries::find_unit(app, account.id, habit)?;
    let amount = Amount::parse("amount", typed.amount, unit.as_ref()).map_err(Refusal::from)?;
    let time = Some(typed.time.to_owned());
    if let Some(id) = entry {
        entries::change_entry(app, account, on, id, amount, time).await?;
    } else {
        let new = NewEntry { on, id: None, amount, made_at: app.clock.now(), time };
        entries::add_entry(app, account, new).await?;
    }
    Ok(day)
}
