//! The timeline: all notes or those of one habit, newest first, with a search.

use maud::{Markup, html};

use crate::app::habits::notes::{DayNote, NotesPage};
use crate::domain::Habit;
use crate::domain::text_search::TextSearch;
use crate::web::notes::part_view::{NoteHead, entry, script};
use crate::web::ui::date::{DateStyle, format_date};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::page_head::page_head;

/// What the address chooses.
#[derive(Debug, Default)]
pub struct TimelineQuery {
    /// What was typed.
    pub text: String,
    pub search: Option<TextSearch>,
    /// Whether the page continues another one.
    pub is_continued: bool,
}

/// The page.
pub fn page(frame: &Frame<'_>, query: &TimelineQuery, page: &NotesPage) -> Markup {
    let is_bare = page.notes.is_empty() && query.search.is_none() && !query.is_continued;
    document(
        frame,
        "Notes",
        NavItem::Insights,
        &html! {
            (script())
            div.timeline {
                (page_head("Notes", &html! {}))
                @if let Some(habit) = &page.habit {
                    p.timeline-habit {
                        "On " a href={ "/habits/" (habit.id) } dir="auto" { (habit.title) } ". "
                        a href="/notes" { "Show the notes on all habits" }
                    }
                }
                @if is_bare { (empty(page.habit.as_ref())) } @else {
                    (search_form(query, page))
                    (results(query, page))
                }
            }
        },
    )
}

fn empty(habit: Option<&Habit>) -> Markup {
    html! {
        div.empty {
            h2 { "No notes yet" }
            p { "Write down how a day went, on a habit's page or in the calendar. Your notes appear here, and you can search them." }
            p.actions {
                @match habit {
                    Some(habit) => a.button.plain href={ "/habits/" (habit.id) "#notes" } { "Add note" },
                    None => a.button.plain href="/calendar" { "Open calendar" },
                }
            }
        }
    }
}

fn search_form(query: &TimelineQuery, page: &NotesPage) -> Markup {
    html! {
        form.note-search role="search" method="get" action="/notes" {
            @if let Some(habit) = &page.habit { input type="hidden" name="habit" value=(habit.id); }
            label.unseen for="search" { "Search notes" }
            input #search type="search" name="q" value=(query.text) placeholder="Search notes" autocomplete="off" dir="auto" maxlength="200";
            button.button.plain type="submit" { "Search" }
        }
    }
}

fn results(query: &TimelineQuery, page: &NotesPage) -> Markup {
    let address = |text: &str, cursor: &str| address(page.habit.as_ref(), text, cursor);
    let next = page.next.map(|next| address(&query.text, &next.to_string()));
    html! {
        div #timeline data-notes {
            @if page.notes.is_empty() {
                p.hint role="status" {
                    @if next.is_some() { "No matches so far." } @else if query.is_continued { "No more notes." } @else { "No note matches." }
                }
                @if query.search.is_some() { p { a.part-link href=(address("", "")) { "Show all notes" } } }
            }
            @for day in page.notes.chunk_by(|one, other| one.day == other.day) { (day_section(day, query.search.as_ref())) }
            @if query.is_continued || next.is_some() {
                nav.timeline-pages aria-label="Pages" {
                    @if let Some(next) = next { a.button.plain rel="next" href=(next) { "Older notes" } }
                    @if query.is_continued { a.part-link href=(address(&query.text, "")) { "Newest notes" } }
                }
            }
        }
    }
}

/// The notes of one day.
fn day_section(notes: &[DayNote], search: Option<&TextSearch>) -> Markup {
    html! {
        @if let Some(DayNote { day, .. }) = notes.first() {
            section.timeline-day aria-labelledby={ "day-" (day) } {
                h2 id={ "day-" (day) } { a href={ "/calendar/" (day) } { time datetime=(day) { (format_date(*day, DateStyle::Full)) } } }
                ul.note-list { @for note in notes { (entry(note, NoteHead::Habit, &format!("/calendar?date={day}"), search, None)) } }
            }
        }
    }
}

/// The address of a part of the list.
fn address(habit: Option<&Habit>, text: &str, cursor: &str) -> String {
    let habit = habit.map(|habit| habit.id.to_string()).unwrap_or_default();
    let fields = [("habit", habit.as_str()), ("q", text), ("cursor", cursor)];
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(fields.into_iter().filter(|(_, value)| !value.is_empty()));
    format!("/notes?{}", encoded.finish())
}
