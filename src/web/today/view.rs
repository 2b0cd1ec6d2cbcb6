//! The pages of today and yesterday, and the list of a day's habits that the calendar shows, too.

use std::borrow::Cow;

use maud::{Markup, PreEscaped, html};

use crate::domain::accounts::preferences::{Backfill, DayGrouping};
use crate::domain::habits::agenda::{Agenda, AgendaItem, PausedHabits};
use crate::domain::habits::agenda_sections::divide;
use crate::domain::habits::completion::CompletionWindow;
use crate::domain::{Day, Habit, HabitId, Refusal};
use crate::web::assets::embedded::address;
use crate::web::today::amount_row::{RowButton, amount_button, row_status};
use crate::web::today::past_days::PastDays;
use crate::web::today::sections::{day_section, describe_progress, grouping_menu};
use crate::web::today::skip_control::{SkipLabel, skip_button};
use crate::web::ui::closed_day::explain;
use crate::web::ui::date::{DateStyle, format_date, format_upcoming};
use crate::web::ui::form::alert;
use crate::web::ui::habit_mark::{habit_color, habit_mark};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::render::Reserve;

/// A completion that was refused.
#[derive(Debug, Clone)]
pub struct RefusedCompletion {
    pub habit: Option<HabitId>,
    /// The message for the person.
    pub message: String,
}

impl RefusedCompletion {
    /// Whether its habit is on the list. The row shows the message then.
    pub fn is_on_list(&self, agenda: &Agenda) -> bool {
        agenda.items.iter().any(|item| self.habit == Some(item.habit.id))
    }
}

/// What led to the page, if it was not a plain visit.
#[derive(Debug, Clone, Copy)]
pub enum TodayNotice<'a> {
    None,
    Refused(&'a RefusedCompletion),
    /// The person tried to open an admin page.
    AdminRequired,
}

/// The day that a page lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListedDay {
    Today,
    Yesterday,
}

impl ListedDay {
    pub fn path(self) -> &'static str {
        match self {
            Self::Today => "/today",
            Self::Yesterday => "/yesterday",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Today => "Today",
            Self::Yesterday => "Yesterday",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Today => Self::Yesterday,
            Self::Yesterday => Self::Today,
        }
    }
}

/// What the page of a day shows.
#[derive(Debug, Clone, Copy)]
pub struct DayPage<'a> {
    pub listed: ListedDay,
    pub agenda: &'a Agenda,
    pub window: CompletionWindow,
    pub backfill: Backfill,
    pub grouping: DayGrouping,
    /// Distinguishes an empty day from an empty account.
    pub has_habits: bool,
    pub notice: TodayNotice<'a>,
}

/// Where to go once everything is done.
const NEXT_PAGES: [(&str, &str); 2] = [("/calendar", "Open calendar"), ("/insights", "View insights")];

/// The page of a day: one row for each habit, with the days before.
pub fn page(frame: &Frame<'_>, page: &DayPage<'_>) -> Markup {
    let DayPage { listed, agenda, window, backfill, grouping, has_habits, notice } = page;
    let refused = if let TodayNotice::Refused(refused) = notice { Some(*refused) } else { None };
    let is_open = window.is_open(agenda.day, *backfill);
    let past = PastDays::new(agenda.day, *window, *backfill);
    let options = RowOptions {
        from: listed.path(),
        today: Some(window.today),
        past: Some(&past),
        grouping: *grouping,
        closed_note: (!is_open).then_some("closed-note"),
        refused,
    };
    document(
        frame,
        listed.title(),
        NavItem::Today,
        &html! {
            @if !grouping.is_nothing() { script src=(address("folded-sections.js")) {} }
            div.day.is-complete[agenda.is_complete()] data-day=(agenda.day) data-sections=[(!grouping.is_nothing()).then(|| grouping.as_str())] {
                (day_head(*listed, agenda, *grouping))
                @if matches!(notice, TodayNotice::AdminRequired) { (alert("Only admins can open that page.")) }
                @if let Some(refused) = refused.filter(|refused| !refused.is_on_list(agenda)) { (alert(&refused.message)) }
                @if agenda.items.is_empty() {
                    (empty_day(*listed, agenda, *has_habits))
                } @else {
                    @if !is_open { p.hint #closed-note { (explain(&Refusal::GracePeriodOver)) } }
                    div.week { (past.names()) (list(agenda, &options)) }
                    @if agenda.paused.count > 0 { p.paused-note { (paused_sentence(*listed, agenda)) " " a href="/habits" { "View habits" } } }
                }
                @if *listed == ListedDay::Today { (all_done(agenda)) }
                (PastDays::closed_note(*backfill))
            }
        },
    )
}

fn day_head(listed: ListedDay, agenda: &Agenda, grouping: DayGrouping) -> Markup {
    let other = listed.other();
    let has_items = !agenda.items.is_empty();
    html! {
        header.page-head.day-head.(listed.path().trim_start_matches('/')) {
            div {
                h1 { (listed.title()) }
                p.date { time datetime=(agenda.day) {
                    span.full { (format_date(agenda.day, DateStyle::Full)) }
                    span.short { (format_date(agenda.day, DateStyle::Weekday)) }
                } }
            }
            @if has_items { p.day-count data-count { (count(agenda)) } }
            a.day-turn href=(other.path()) { (other.title()) }
            @if has_items { (grouping_menu(listed.path(), agenda, grouping)) (progress_bar(agenda)) }
        }
    }
}

/// Shown by the style sheet once everything is done. Nothing is below it that could move. It is on an empty list, too: offline, the
/// list of a new day replaces it.
fn all_done(agenda: &Agenda) -> Markup {
    html! {
        div.all-done {
            (complete_message(agenda, "All done for today"))
            p.actions { @for (path, label) in NEXT_PAGES { a.button.plain href=(path) { (label) } } }
        }
    }
}

/// How much of the day is done. `all_done` is shown when everything is. The script keeps all of it current.
pub fn progress(agenda: &Agenda, all_done: &str) -> Markup {
    html! {
        div.strip {
            p.strip-count data-count { (count(agenda)) }
            (progress_bar(agenda))
            (complete_message(agenda, all_done))
        }
    }
}

fn count(agenda: &Agenda) -> Markup {
    describe_progress(agenda.items.iter().map(|item| &item.progress))
}

fn progress_bar(agenda: &Agenda) -> Markup {
    let (done, total) = (agenda.completed_count(), agenda.due_count());
    html! {
        div.progress-bar {
            label.unseen for="day-progress" { "Progress" }
            progress #day-progress max=(total.max(1)) value=(done) { (done) "/" (total) }
        }
    }
}

fn complete_message(agenda: &Agenda, text: &str) -> Markup {
    let is_complete = agenda.is_complete();
    html! {
        p.complete-message data-complete=(text) hidden[!is_complete] { @if is_complete { (text) } }
    }
}

/// What all rows of a list have in common.
#[derive(Debug, Clone, Copy)]
pub struct RowOptions<'a> {
    /// The address of the page. Without JavaScript a completion returns to it.
    pub from: &'a str,
    /// What is today for a page that calls a day "Today" or "Yesterday". An outdated one is refused.
    pub today: Option<Day>,
    /// The days before, if rows show them.
    pub past: Option<&'a PastDays>,
    pub grouping: DayGrouping,
    /// The id of the text that explains why the day cannot be changed, if it cannot.
    pub closed_note: Option<&'a str>,
    /// The completion that was refused, if one was.
    pub refused: Option<&'a RefusedCompletion>,
}

/// Estimated size of a row, in bytes, and of its days before.
const ROW_BYTES: usize = 768;
const PAST_BYTES: usize = 1_280;

/// The habits of a day, one row each, in a form that works without JavaScript: each control is a button whose value names the
/// habit, the day, and the new state. The script updates rows instantly.
pub fn list(agenda: &Agenda, options: &RowOptions<'_>) -> Markup {
    let row_bytes = if options.past.is_some() { ROW_BYTES + PAST_BYTES } else { ROW_BYTES };
    let day = agenda.day.to_string();
    // On a closed day without days before, nothing can be changed.
    let can_change = options.closed_note.is_none() || options.past.is_some();
    html! {
        form.completions method=[can_change.then_some("post")] action=[can_change.then_some("/today")] {
            input type="hidden" name="from" value=(options.from);
            @if let Some(today) = options.today { input type="hidden" name="today" value=(today); }
            (Reserve(agenda.items.len() * row_bytes))
            @for section in divide(agenda, options.grouping) {
                (day_section(&section, html! {
                    ul { @for (index, item) in &section.items { (row(item, *index, agenda.day, &day, options)) } }
                }))
            }
        }
    }
}

fn row(item: &AgendaItem, index: usize, listed: Day, day: &str, options: &RowOptions<'_>) -> Markup {
    let AgendaItem { habit, progress } = item;
    let (checked, next) = if progress.done { ("true", "false") } else { ("false", "true") };
    let (checked, next, day) = (PreEscaped(checked), PreEscaped(next), PreEscaped(day));
    let is_open = options.closed_note.is_none();
    let refused = options.refused.filter(|refused| refused.habit == Some(habit.id));
    let title_id = format!("title-{index}");
    // Beside the calendar, the notes themselves are below the list.
    let has_note = progress.has_note && options.past.is_some();
    let description_id = description_id(habit, options, refused);
    let button =
        RowButton { title_id: &title_id, day: day.0, description_id: description_id.as_deref(), is_open, has_note };
    html! {
        li.completion-row data-color=[habit_color(habit)] {
            @if let Some(amount) = &progress.amount {
                (amount_button(habit, progress, amount, &button))
            } @else {
                button.completion type="submit" name="change" value={ (habit.id) ":" (day) ":" (next) } role="checkbox"
                    aria-checked=(checked) aria-describedby=[button.description_id] data-skipped[progress.is_skipped] data-resting[progress.resting.is_some()] data-undecided[progress.is_undecided] data-note[has_note] disabled[!is_open] {
                    span.box aria-hidden="true" {}
                    (habit_mark(habit))
                    @if options.past.is_some() {
                        span.completion-title id=(title_id) dir="auto" { (habit.title) }
                    } @else {
                        span.completion-text {
                            span.completion-title dir="auto" { (habit.title) }
                            @if let Some(description) = &habit.description { span.completion-about dir="auto" { (description) } }
                        }
                    }
                    // Its width is reserved, so that a new streak or a mark does not move the rows below.
                    span.completion-status {
                        (row_status(progress))
                    }
                    @if has_note { span.unseen data-noted { "Has a note" } }
                }
            }
            @if let Some(past) = options.past {
                (past.row(habit, progress, &title_id))
                a.detail href={ "/habits/" (habit.id) } aria-label={ "Details of " (habit.title) } {}
            } @else if is_open && !progress.is_paused {
                (skip_button(habit, listed, progress.is_skipped, SkipLabel::InRow))
            }
            @if let Some(refused) = refused { p.fault id={ "fault-" (habit.id) } role="alert" { (refused.message) } }
        }
    }
}

/// The id of the text that explains why a completion cannot be changed, or was refused.
fn description_id<'a>(
    habit: &Habit,
    options: &RowOptions<'a>,
    refused: Option<&RefusedCompletion>,
) -> Option<Cow<'a, str>> {
    options.closed_note.map(Cow::Borrowed).or_else(|| refused.map(|_| Cow::Owned(format!("fault-{}", habit.id))))
}

/// "2 habits are paused until Friday." Without the day, they are back on different days, or nobody said when.
fn paused_sentence(listed: ListedDay, agenda: &Agenda) -> String {
    let PausedHabits { count, until } = agenda.paused;
    let habits = if count == 1 { "1 habit".to_owned() } else { format!("{count} habits") };
    let verb = match (listed, count) {
        (ListedDay::Today, 1) => "is",
        (ListedDay::Today, _) => "are",
        (ListedDay::Yesterday, 1) => "was",
        (ListedDay::Yesterday, _) => "were",
    };
    match until.filter(|_| listed == ListedDay::Today) {
        Some(until) => format!("{habits} {verb} paused until {}.", format_upcoming(until, agenda.day)),
        None => format!("{habits} {verb} paused."),
    }
}

fn empty_day(listed: ListedDay, agenda: &Agenda, has_habits: bool) -> Markup {
    let paused = (agenda.paused.count > 0).then(|| paused_sentence(listed, agenda));
    html! {
        div.empty {
            @if !has_habits {
                h2 { "Start with one small thing" }
                p { "Add something you want to do regularly, like reading ten pages. It'll appear here on the days you choose." }
                p.actions { a.button href="/habits" { "New habit" } }
            } @else if listed == ListedDay::Today {
                h2 { "Nothing scheduled today" }
                p { (paused.as_deref().unwrap_or("Enjoy the day off.")) }
                p.actions { a.button.plain href="/habits" { "View habits" } }
            } @else {
                h2 { "Nothing was scheduled yesterday" }
                @if let Some(paused) = paused { p { (paused) } }
            }
        }
    }
}
