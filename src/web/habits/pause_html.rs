//! The forms that change pauses: those of a habit if the path has its id, and otherwise those of all habits.

use crate::app;
use crate::app::habits::pauses::{PauseChange, PauseScope, change_pauses};
use crate::domain::Pause;
use crate::web::habits::html::error_page;
use crate::web::habits::pause_api::scope;
use crate::web::habits::pause_view::PauseInput;
use crate::web::habits::view::OpenForm;
use crate::web::http::error::HttpError;
use crate::web::http::redirect;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::ui::announcement::Announcement;

/// `POST /pauses` and `POST /habits/{id}/pauses`: pauses the days from `first` to `last`, or without end.
pub async fn add(request: Request) -> Result<Response, HttpError> {
    change(&request, PauseChange::Add, Announcement::PauseSaved).await
}

/// `POST /pauses/remove` and `POST /habits/{id}/pauses/remove`: removes a pause.
pub async fn remove(request: Request) -> Result<Response, HttpError> {
    change(&request, PauseChange::Remove, Announcement::PauseRemoved).await
}

/// `POST /pauses/resume` and `POST /habits/{id}/pauses/resume`: ends the current pause, today included, then returns to `from`.
pub async fn resume(request: Request) -> Result<Response, HttpError> {
    let scope = scope(&request)?;
    let form = request.form().await?;
    change_pauses(&request.state.app, request.account()?, scope, PauseChange::Resume).await?;
    Ok(response::see_other(&match form.maybe("from").map(redirect::after_sign_in) {
        Some(from) if from != "/habits" => Announcement::Resumed.on_page(from, "page-title"),
        _ => Announcement::Resumed.on_page("/habits", &focus(scope)),
    }))
}

async fn change(
    request: &Request,
    to_change: fn(Pause) -> PauseChange,
    announcement: Announcement,
) -> Result<Response, HttpError> {
    let scope = scope(request)?;
    let form = request.form().await?;
    let input = PauseInput { first: form.get("first").to_owned(), last: form.get("last").to_owned() };
    let changed = match Pause::parse(&input.first, &input.last) {
        Ok(pause) => change_pauses(&request.state.app, request.account()?, scope, to_change(pause)).await,
        Err(refusal) => Err(app::Error::Refused(refusal)),
    };
    match changed {
        Ok(_) => Ok(response::see_other(&announcement.on_page("/habits", &focus(scope)))),
        Err(error) => error_page(request, OpenForm::Pause(scope, input), error),
    }
}

/// The id of what has the focus on the habits page after a change: the link to the habit, or the heading.
fn focus(scope: PauseScope) -> String {
    match scope {
        PauseScope::Habit(id) => format!("habit-{id}"),
        PauseScope::AllHabits => "page-title".to_owned(),
    }
}
