//! The habit list, its forms, and the archive.

use warp::http::StatusCode;

use crate::app;
use crate::app::habits::habit::RestoredPlace;
use crate::app::habits::pauses::PauseScope;
use crate::app::habits::{bulk, habit, sorted};
use crate::domain::habits::habit::HabitPlan;
use crate::domain::habits::preset::Preset;
use crate::domain::habits::sort::ListSort;
use crate::domain::{FieldError, GroupName, Habit, HabitId, Refusal};
use crate::web::habits::archive_view::{ArchivePage, archive as archive_markup};
use crate::web::habits::form_input::{HabitFormInput, KnownLabels};
use crate::web::habits::form_parser::{parse_change, parse_form, parse_plan};
use crate::web::habits::list_filter::ListFilter;
use crate::web::habits::pause_view::PauseInput;
use crate::web::habits::view::{HabitsPage, OpenForm, page as habits_markup};
use crate::web::http::body::FormFields;
use crate::web::http::error::HttpError;
use crate::web::http::request::Request;
use crate::web::http::response::{self, Response};
use crate::web::ui::announcement::Announcement;

const UNPROCESSABLE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// `GET /habits`; `?new` shows the form for a new habit first, `?edit=` opens the form of a habit, `?archive=` the dialog that
/// archives it, `?pause=` the one that pauses it or, with `all`, all habits, and `?q=`, `?tag=` and `?sort=` filter and sort
/// the list.
pub async fn show(request: Request) -> Result<Response, HttpError> {
    let query = request.query();
    let (app, account) = (&request.state.app, request.account()?);
    let active = habit::list_active(app, account.id)?;
    let find = |field| active.iter().find(|habit| query.get(field) == habit.id.to_string());
    let pausing = find("pause").map(|habit| PauseScope::Habit(habit.id));
    let pausing = pausing.or((query.get("pause") == "all").then_some(PauseScope::AllHabits));
    let today = app.today(account);
    let open = match (find("edit"), find("archive"), pausing) {
        (Some(habit), ..) => OpenForm::Edit(habit.id, HabitFormInput::new(habit, today), None),
        (None, Some(habit), _) => OpenForm::Archive(habit.id),
        (None, None, Some(scope)) => OpenForm::Pause(scope, PauseInput::starting_on(today)),
        (None, None, None) if query.maybe("new").is_some() => OpenForm::New,
        (None, None, None) => OpenForm::None,
    };
    habits_page(&request, StatusCode::OK, open, &[], None)
}

/// `POST /habits`: creates a habit from the form, or from a preset that was chosen with one tap.
pub async fn create(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let account = request.account()?;
    let (input, plan) = if let Some(key) = form.maybe("preset") {
        (HabitFormInput::default(), Ok(parse_preset(key)?))
    } else {
        let input = parse_form(&form);
        let plan = parse_plan(&input, request.state.app.today(account));
        (input, plan)
    };
    let created = match plan {
        Ok(plan) => habit::create_habit(&request.state.app, account, plan, None).await,
        Err(refusal) => Err(refusal.into()),
    };
    match created {
        Ok(habit) => Ok(redirect_to_habit(&habit, Announcement::HabitCreated)),
        Err(error) => error_page(&request, OpenForm::Create(input), error),
    }
}

/// `POST /habits/{id}`: saves changes; with `preview`, the form says what they would change.
pub async fn update(request: Request) -> Result<Response, HttpError> {
    let id: HabitId = request.path_param("id")?;
    let form = request.form().await?;
    let input = parse_form(&form);
    let account = request.account()?;
    let change = parse_change(&form, request.state.app.today(account));
    if form.maybe("preview").is_some() {
        let preview = match change {
            Ok(change) => habit::preview_change(&request.state.app, account, id, &change.schedule),
            Err(refusal) => Err(refusal.into()),
        };
        return match preview {
            Ok(preview) => {
                let open = OpenForm::Edit(id, input, Some(preview.sentence()));
                habits_page(&request, StatusCode::OK, open, &[], None)
            }
            Err(error) => error_page(&request, OpenForm::Edit(id, input, None), error),
        };
    }
    let changed = match change {
        Ok(change) => habit::update_habit(&request.state.app, account, id, change).await,
        Err(refusal) => Err(refusal.into()),
    };
    match changed {
        Ok(habit) => Ok(redirect_to_habit(&habit, Announcement::HabitSaved)),
        Err(error) => error_page(&request, OpenForm::Edit(id, input, None), error),
    }
}

/// `POST /habits/{id}/move`: one place up or down.
pub async fn move_habit(request: Request) -> Result<Response, HttpError> {
    let id: HabitId = request.path_param("id")?;
    let up = parse_direction(&request.form().await?)?;
    let habit = habit::move_habit(&request.state.app, request.account()?.id, id, up).await?;
    Ok(redirect_to_habit(&habit, Announcement::HabitMoved))
}

/// `POST /habits/groups/move`: a group with its habits, one place up or down.
pub async fn move_group(request: Request) -> Result<Response, HttpError> {
    let form = request.form().await?;
    let up = parse_direction(&form)?;
    let name = GroupName::parse(form.get("group")).map_err(Refusal::from)?.ok_or(Refusal::HabitNotFound)?;
    habit::move_group(&request.state.app, request.account()?.id, name, up).await?;
    Ok(response::see_other(&Announcement::HabitMoved.on_page("/habits", "page-title")))
}

/// Whether the form moves something up.
fn parse_direction(form: &FormFields) -> Result<bool, HttpError> {
    match form.get("direction") {
        "up" => Ok(true),
        "down" => Ok(false),
        _ => Err(HttpError::Malformed("“direction” must be up or down.".to_owned())),
    }
}

/// `POST /habits/{id}/archive`.
pub async fn archive(request: Request) -> Result<Response, HttpError> {
    let habit = habit::archive_habit(&request.state.app, request.account()?, request.path_param("id")?).await?;
    Ok(response::see_other(&Announcement::HabitArchived(habit.id).on_page("/habits", "page-title")))
}

/// `GET /habits/archive`; `?delete=` opens the dialog that deletes a habit.
pub async fn show_archive(request: Request) -> Result<Response, HttpError> {
    let deleting = request.query().get("delete").parse().ok();
    archive_page(&request, StatusCode::OK, deleting, None)
}

/// `POST /habits/{id}/restore`; with `undo`, archiving is undone, so the habit gets its place back, and with `undo=together` so do
/// those that were archived with it.
pub async fn restore(request: Request) -> Result<Response, HttpError> {
    let (app, account, id) = (&request.state.app, request.account()?, request.path_param("id")?);
    let restored = match request.form().await?.maybe("undo") {
        Some("together") => bulk::undo_archive(app, account, id).await.map(|()| None),
        Some(_) => habit::restore_habit(app, account, id, RestoredPlace::Former).await.map(Some),
        None => habit::restore_habit(app, account, id, RestoredPlace::Last).await.map(Some),
    };
    match restored {
        Ok(Some(habit)) => Ok(redirect_to_habit(&habit, Announcement::HabitRestored)),
        Ok(None) => Ok(response::see_other(&Announcement::HabitsRestored.on_page("/habits", "page-title"))),
        Err(app::Error::Refused(refusal @ Refusal::InvalidFields(_))) => {
            archive_page(&request, UNPROCESSABLE, None, Some(&refusal.to_string()))
        }
        Err(error) => Err(error.into()),
    }
}

/// `POST /habits/{id}/delete`: permanently deletes an archived habit. The page has asked before.
pub async fn delete(request: Request) -> Result<Response, HttpError> {
    let id: HabitId = request.path_param("id")?;
    habit::delete_habit(&request.state.app, request.account()?.id, id, &request.client()).await?;
    Ok(response::see_other(&Announcement::HabitDeleted.on_page("/habits/archive", "page-title")))
}

fn redirect_to_habit(habit: &Habit, announcement: Announcement) -> Response {
    response::see_other(&announcement.on_page("/habits", &format!("habit-{}", habit.id)))
}

/// The form with its input, if the user can fix the error or try again.
pub(super) fn error_page(request: &Request, open: OpenForm, error: app::Error) -> Result<Response, HttpError> {
    match error {
        app::Error::Refused(Refusal::InvalidFields(errors)) => habits_page(request, UNPROCESSABLE, open, &errors, None),
        app::Error::Busy => {
            habits_page(request, StatusCode::SERVICE_UNAVAILABLE, open, &[], Some(&HttpError::Busy.to_string()))
        }
        error => Err(error.into()),
    }
}

fn habits_page(
    request: &Request,
    status: StatusCode,
    open: OpenForm,
    errors: &[FieldError],
    alert: Option<&str>,
) -> Result<Response, HttpError> {
    let account = request.account()?;
    let query = request.query();
    let filter = ListFilter { text: query.get("q"), tag: query.get("tag"), sort: ListSort::parse(query.get("sort")) };
    let (habits, figures) = sorted::list_sorted(&request.state.app, account, filter.sort)?;
    let archived = habit::list_archived(&request.state.app, account.id)?.len();
    let page = HabitsPage {
        habits: &habits,
        figures: &figures,
        archived_count: archived,
        open,
        errors,
        alert,
        filter,
        today: request.state.app.today(account),
        week_start: account.preferences.week_start,
        all_pauses: &account.pauses,
        known: KnownLabels::from_habits(&habits),
    };
    Ok(response::page(status, habits_markup(&request.frame(), &page)))
}

fn archive_page(
    request: &Request,
    status: StatusCode,
    deleting: Option<HabitId>,
    alert: Option<&str>,
) -> Result<Response, HttpError> {
    let (app, user) = (&request.state.app, request.account()?.id);
    let habits = habit::list_archived(app, user)?;
    let deleting = deleting.filter(|id| habits.iter().any(|habit| habit.id == *id));
    let deleting =
        deleting.map(|id| Ok::<_, app::Error>((id, habit::count_archived_days(app, user, id)?))).transpose()?;
    let page = ArchivePage { habits: &habits, deleting, alert };
    Ok(response::page(status, archive_markup(&request.frame(), &page)))
}

fn parse_preset(key: &str) -> Result<HabitPlan, HttpError> {
    let plan = Preset::find(key).and_then(|preset| preset.plan().ok());
    plan.ok_or_else(|| HttpError::Malformed("“preset” must be the key of a preset.".to_owned()))
}
