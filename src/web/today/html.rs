//! The pages of today and yesterday, and completing habits without JavaScript, from there or from the calendar.

use warp::http::StatusCode;

use super::view;
use crate::app::habits::completions;
use crate::app::habits::entries::{self, HabitDay, NewEntry};
use crate::app::habits::{habit, skips};
use crate::app::identity::preferences::{PreferencesChange, update_preferences};
use crate::app::{self, App};
use crate::domain::accounts::preferences::{DayGrouping, Preferences};
use crate::domain::habits::completion::{CompletionWindow, check_list_of_today};
use crate::domain::{Account, Amount, Day, Refusal};
use crate::web::calendar::html::calendar_page;
use crate::web::calendar::view::RefusedInput;
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::redirect;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::today::view::{DayPage, ListedDay, RefusedCompletion, TodayNotice};

/// Where a user who is not an admin is sent from an admin page. Today explains why.
pub const ADMIN_REQUIRED: &str = "/today?refused=admin";

/// `GET /today`, with a notice if the user was sent here from an admin page.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let is_from_admin_page = request.query().maybe("refused") == Some("admin");
    let notice = if is_from_admin_page { TodayNotice::AdminRequired } else { TodayNotice::None };
    day_page(&request, ListedDay::Today, StatusCode::OK, notice)
}

/// `GET /yesterday`.
pub async fn show_yesterday(request: Request) -> Result<Response, HttpError> {
    day_page(&request, ListedDay::Yesterday, StatusCode::OK, TodayNotice::None)
}

/// `POST /today`: completes or skips a habit, or reverts that, or adds an amount, then returns to the page in `from`.
pub async fn complete(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let from = redirect::after_sign_in(form.get("from"));
    let app = &request.state.app;
    let change = PostedChange::from_form(&form);
    let message = match apply(app, request.account()?, &change, form.maybe("today")).await {
        Ok(()) => return Ok(response::see_other(from)),
        Err(app::Error::Refused(refusal)) => refusal.to_string(),
        Err(error) => return Err(error.into()),
    };
    let refused = RefusedCompletion { habit: change.habit.parse().ok(), message };
    let (status, notice) = (StatusCode::UNPROCESSABLE_ENTITY, TodayNotice::Refused(&refused));
    match from.strip_prefix("/calendar?") {
        Some(query) => {
            let refused = RefusedInput { completion: Some(&refused), ..RefusedInput::default() };
            calendar_page(&request, &FormFields::parse(query.as_bytes()), status, refused)
        }
        None if from == ListedDay::Yesterday.path() => day_page(&request, ListedDay::Yesterday, status, notice),
        None => day_page(&request, ListedDay::Today, status, notice),
    }
}

/// `POST /today/grouping`: chooses what divides the list, then returns to the page in `from`.
pub async fn group(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let grouping = DayGrouping::parse(form.get("groupDayBy")).map_err(Refusal::from)?;
    let change = PreferencesChange { grouping: Some(grouping), ..PreferencesChange::default() };
    update_preferences(&request.state.app, request.account()?.id, change).await?;
    Ok(response::see_other(redirect::after_sign_in(form.get("from"))))
}

/// A change as a form sends it, not checked yet.
struct PostedChange<'a> {
    kind: ChangeKind,
    habit: &'a str,
    day: &'a str,
    /// The new state, or the amount to add.
    value: &'a str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ChangeKind {
    Complete,
    Skip,
    Add,
}

impl<'a> PostedChange<'a> {
    /// Reads the button that was pressed: `change=<habit>:<day>:<completed>`, `skip=<habit>:<day>:<skipped>`, or
    /// `add=<habit>:<day>:<amount>`. Pages of earlier versions send three fields.
    fn from_form(form: &'a FormFields) -> Self {
        let buttons = [("skip", ChangeKind::Skip), ("add", ChangeKind::Add), ("change", ChangeKind::Complete)];
        let pressed = buttons.into_iter().find_map(|(name, kind)| Some((kind, form.maybe(name)?)));
        let Some((kind, change)) = pressed else {
            let [habit, day, value] = ["habitId", "date", "completed"].map(|name| form.get(name));
            return Self { kind: ChangeKind::Complete, habit, day, value };
        };
        let mut parts = change.splitn(3, ':');
        let mut next = || parts.next().unwrap_or_default();
        Self { kind, habit: next(), day: next(), value: next() }
    }
}

/// Applies a change. `today` is what was today for the list in which it was made.
async fn apply(app: &App, account: &Account, change: &PostedChange<'_>, today: Option<&str>) -> Result<(), app::Error> {
    let now = app.clock.now();
    if let Some(today) = today {
        check_list_of_today(Day::parse(today).map_err(Refusal::from)?, now, account.zone())?;
    }
    let habit = change.habit.parse().map_err(|_| Refusal::HabitNotFound)?;
    let day = Day::parse(change.day).map_err(Refusal::from)?;
    if change.kind == ChangeKind::Add {
        let amount = Amount::parse("amount", change.value, None).map_err(Refusal::from)?;
        let new = NewEntry { on: HabitDay { habit, day }, id: None, amount, made_at: now, time: None };
        return entries::add_entry(app, account, new).await.map(drop);
    }
    let state = match change.value {
        "true" => true,
        "false" => false,
        _ => return Err(Refusal::field("completed", "Choose whether the habit is done or not done.").into()),
    };
    let outcome = if change.kind == ChangeKind::Skip {
        skips::set_skipped(app, account, habit, day, state, now).await
    } else {
        completions::set_completed(app, account, habit, day, state, now).await
    };
    outcome.map(drop)
}

fn day_page(
    request: &Request,
    listed: ListedDay,
    status: StatusCode,
    notice: TodayNotice<'_>,
) -> Result<Response, HttpError> {
    let (app, account) = (&request.state.app, request.account()?);
    let window = CompletionWindow::at(app.clock.now(), account.zone());
    let day = match listed {
        ListedDay::Today => window.today,
        ListedDay::Yesterday => window.today.yesterday(),
    };
    let agenda = completions::load_agenda(app, account, day)?;
    let has_habits =
        !agenda.items.is_empty() || agenda.paused.count > 0 || !habit::list_active(app, account.id)?.is_empty();
    let Preferences { backfill, grouping, .. } = account.preferences;
    let page = DayPage { listed, agenda: &agenda, window, backfill, grouping, has_habits, notice };
    Ok(response::page(status, view::page(&request.frame(), &page)))
}
