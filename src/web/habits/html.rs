//! The habit list, its forms, and the archive.

use warp::http::StatusCode;

use crate::app;
use crate::app::habits::habit::{HabitChange, RestoredPlace};
use crate::app::habits::pauses::PauseScope;
use crate::app::habits::{bulk, habit, sorted};
use crate::domain::field_error::FieldErrors;
use crate::domain::habits::habit::HabitPlan;
use crate::domain::habits::preset::Preset;
use crate::domain::habits::sort::ListSort;
use crate::domain::{
    Day, Description, Emoji, FieldError, GroupName, Habit, HabitColor, HabitId, Refusal, Tags, TimeOfDay, Title,
    Weekdays,
};
use crate::web::habits::archive_view::{ArchivePage, archive as archive_markup};
use crate::web::habits::form_input::{HabitFormInput, KnownLabels};
use crate::web::habits::frequency_fields::FrequencyFields;
use crate::web::habits::goal_fields::GoalFields;
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
    let active = habit::list_active(&request.state.app, request.account()?.id)?;
    let find = |field| active.iter().find(|habit| query.get(field) == habit.id.to_string());
    let pausing = find("pause").map(|habit| PauseScope::Habit(habit.id));
    let pausing = pausing.or((query.get("pause") == "all").then_some(PauseScope::AllHabits));
    let open = match (find("edit"), find("archive"), pausing) {
        (Some(habit), ..) => OpenForm::Edit(habit.id, HabitFormInput::from(habit)),
        (None, Some(habit), _) => OpenForm::Archive(habit.id),
        (None, None, Some(scope)) => {
            OpenForm::Pause(scope, PauseInput::starting_on(request.state.app.today(request.account()?)))
        }
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

/// `POST /habits/{id}`: saves changes.
pub async fn update(request: Request) -> Result<Response, HttpError> {
    let id: HabitId = request.path_param("id")?;
    let form = request.form().await?;
    let input = parse_form(&form);
    let account = request.account()?;
    let changed = match parse_plan(&input, request.state.app.today(account)) {
        Ok(plan) => {
            // A form without these fields doesn't change them.
            let is_sent = |field| form.maybe(field).is_some();
            let sends_goal = is_sent("goal");
            let has_amounts = plan.goal.has_amounts();
            let change = HabitChange {
                title: Some(plan.title),
                description: Some(plan.description),
                weekdays: Some(plan.weekdays),
                frequency: is_sent("frequency").then_some(plan.frequency),
                goal: sends_goal.then_some(plan.goal),
                unit: (sends_goal && has_amounts).then_some(plan.unit),
                step: (sends_goal && has_amounts).then_some(plan.step),
                color: is_sent("color").then_some(plan.color),
                emoji: is_sent("emoji").then_some(plan.emoji),
                tags: is_sent("tags").then_some(plan.tags),
                group: is_sent("group").then_some(plan.group),
                time_of_day: is_sent("timeOfDay").then_some(plan.time_of_day),
                reminder_times: None,
            };
            habit::update_habit(&request.state.app, account, id, change).await
        }
        Err(refusal) => Err(refusal.into()),
    };
    match changed {
        Ok(habit) => Ok(redirect_to_habit(&habit, Announcement::HabitSaved)),
        Err(error) => error_page(&request, OpenForm::Edit(id, input), error),
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

fn parse_form(form: &FormFields) -> HabitFormInput {
    HabitFormInput {
        title: form.get("title").to_owned(),
        description: form.get("description").to_owned(),
        // 0 is not a day of the week, so it is refused.
        weekdays: form.all("weekdays").map(|number| number.parse().unwrap_or(0)).collect(),
        frequency: FrequencyFields {
            choice: form.get("frequency").to_owned(),
            times: form.get("times").to_owned(),
            days: form.get("days").to_owned(),
            anchor: form.get("anchor").to_owned(),
        },
        goal: GoalFields {
            choice: form.get("goal").to_owned(),
            target: form.get("target").to_owned(),
            unit: form.get("unit").to_owned(),
            per: form.get("per").to_owned(),
            step: form.get("step").to_owned(),
        },
        color: form.get("color").to_owned(),
        emoji: form.get("emoji").to_owned(),
        tags: form.get("tags").to_owned(),
        group: form.get("group").to_owned(),
        time_of_day: form.get("timeOfDay").to_owned(),
    }
}

/// The form as it was sent on `today`. Without days of the week, they are those of every day, if the frequency needs none.
fn parse_plan(input: &HabitFormInput, today: Day) -> Result<HabitPlan, Refusal> {
    let mut errors = FieldErrors::default();
    let title = errors.record(Title::parse(&input.title));
    let description = errors.record(Description::parse(&input.description));
    let is_any_day = input.weekdays.is_empty() && !input.frequency.is_weekdays();
    let weekdays = if is_any_day { Ok(Weekdays::ALL) } else { Weekdays::parse(input.weekdays.iter().copied()) };
    let weekdays = errors.record(weekdays);
    let frequency = errors.record(input.frequency.parse(today));
    let goal = input.goal.parse(&mut errors);
    let color = errors.record(HabitColor::parse(&input.color));
    let emoji = errors.record(Emoji::parse(&input.emoji));
    let tags = errors.record(Tags::parse_text(&input.tags));
    let group = errors.record(GroupName::parse(&input.group));
    let time_of_day = errors.record(TimeOfDay::parse(&input.time_of_day));
    let (Some(title), Some(weekdays)) = (title, weekdays) else { return Err(errors.into_refusal()) };
    errors.check()?;
    Ok(HabitPlan {
        description: description.flatten(),
        frequency: frequency.unwrap_or_default(),
        goal: goal.goal,
        unit: goal.unit,
        step: goal.step,
        color: color.flatten(),
        emoji: emoji.flatten(),
        tags: tags.unwrap_or_default(),
        group: group.flatten(),
        time_of_day: time_of_day.flatten(),
        ..HabitPlan::new(title, weekdays)
    })
}
