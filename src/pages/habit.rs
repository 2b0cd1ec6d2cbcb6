//! One habit: its streaks, a calendar year of it, its rates, and what was planned when.

use maud::{Markup, html};

use super::figures::{Figure, by_weekday, figures, long_date, of, percent};
use super::heatmap::{Mark, PITCH, legend, place, shapes};
use super::layout::{Frame, Here, document};
use crate::domain::insights::Tally;
use crate::domain::month::Month;
use crate::domain::preferences::WeekStart;
use crate::domain::review::{Review, Standing};
use crate::domain::schedule::Version;
use crate::domain::{Day, Habit, Schedule};

/// The habit and one year of it.
pub fn page(frame: &Frame<'_>, review: &Review, week_start: WeekStart) -> Markup {
    let habit = &review.habit;
    document(
        frame,
        &format!("{}, {}", habit.title.as_str(), review.year),
        Here::Habits,
        &html! {
            div.insights {
                (head(habit))
                (numbers(review))
                section.part aria-labelledby="year" {
                    (years(review))
                    @if review.shown().is_empty() { (nothing(review)) } @else { (year(review, week_start)) }
                }
                @if review.whole.scheduled > 0 {
                    section.part aria-labelledby="weekdays" {
                        h2 #weekdays { "By weekday" }
                        (by_weekday(&format!("Done of what was planned in {}, by weekday", review.year), &review.weekdays))
                    }
                }
                section.part aria-labelledby="schedule" {
                    h2 #schedule { "Schedule" }
                    (history(&habit.schedule))
                }
            }
        },
    )
}

fn head(habit: &Habit) -> Markup {
    let (to, label) =
        if habit.is_active() { ("/habits", "All habits") } else { ("/habits/archive", "Habits put away") };
    html! {
        header.page-head {
            p.back { a href=(to) { (label) } }
            h1 { (habit.title) }
            @if let Some(about) = &habit.description { p.lead.about { (about) } }
            @if !habit.is_active() { p.notice { "This habit is put away. What was done stays." } }
        }
    }
}

fn numbers(review: &Review) -> Markup {
    let days = |count: u32| if count == 1 { "planned day".to_owned() } else { "planned days in a row".to_owned() };
    let streak = review.streak;
    figures(&[
        Figure { about: "Current streak", number: streak.current.to_string(), detail: days(streak.current) },
        Figure { about: "Longest streak", number: streak.longest.to_string(), detail: days(streak.longest) },
        Figure {
            about: &format!("Done in {}", review.year),
            number: percent(review.whole),
            detail: match review.whole.scheduled {
                0 => "nothing planned".to_owned(),
                _ => format!("{} planned days", of(review.whole)),
            },
        },
    ])
}

fn years(review: &Review) -> Markup {
    let link = |year: i16, rel: &str, shown: &str| {
        html! { a.year-link rel=(rel) href={ "?year=" (year) "#year" } aria-label={ "Year " (year) } { (shown) } }
    };
    html! {
        div.years {
            h2 #year { (review.year) }
            @if review.earlier.is_some() || review.later.is_some() {
                nav aria-label="Years" {
                    @if let Some(year) = review.earlier { (link(year, "prev", &format!("← {year}"))) }
                    @if let Some(year) = review.later { (link(year, "next", &format!("{year} →"))) }
                }
            }
        }
    }
}

fn nothing(review: &Review) -> Markup {
    html! {
        p.lead {
            @if review.year > review.today.year() { (review.year) " is still to come." }
            @else if review.year == review.today.year() { "Nothing was planned in " (review.year) " so far." }
            @else { "Nothing was planned in " (review.year) "." }
        }
    }
}

fn year(review: &Review, week_start: WeekStart) -> Markup {
    let week = match week_start {
        WeekStart::Monday => "Monday to Sunday",
        WeekStart::Sunday => "Sunday to Saturday",
    };
    html! {
        (shapes())
        ul.months {
            @for (month, tally) in review.shown() { (month_box(review, *month, *tally, week_start)) }
        }
        p.hint { "Each row is a week, " (week) ". Rates are of the days planned so far, today included." }
        (legend(&[
            (Mark::Done, "done"),
            (Mark::Empty, "missed"),
            (Mark::Open, "open today"),
            (Mark::Extra, "done without a plan"),
            (Mark::Nothing, "nothing planned"),
        ]))
        details.numbers {
            summary { "The same as a table" }
            (table(review))
        }
    }
}

fn month_box(review: &Review, month: Month, tally: Tally, week_start: WeekStart) -> Markup {
    let weeks = month.weeks(week_start);
    let words = in_words(review, month);
    html! {
        li.year-month {
            h3 { (name(month)) }
            svg viewBox="0 0 136 116" role="img" aria-label={ (name(month)) " " (review.year) ". " (words) } {
                @for (row, week) in (0_u16..).zip(&weeks) {
                    @for (column, day) in (0_u16..).zip(week) {
                        @if let Some((day, mark)) = day.and_then(|day| Some((day, mark(review.standing(day))?))) {
                            (place(mark, column * PITCH, row * PITCH, &said(day, review.standing(day))))
                        }
                    }
                }
            }
            p.year-month-figures {
                @if tally.scheduled == 0 { "nothing planned" } @else { strong { (percent(tally)) } " " (of(tally)) }
            }
        }
    }
}

fn mark(standing: Standing) -> Option<Mark> {
    match standing {
        Standing::Free => Some(Mark::Nothing),
        Standing::Done => Some(Mark::Done),
        Standing::Missed => Some(Mark::Empty),
        Standing::Extra => Some(Mark::Extra),
        Standing::Open => Some(Mark::Open),
        Standing::Ahead => None,
    }
}

fn word(standing: Standing) -> &'static str {
    match standing {
        Standing::Free => "nothing planned",
        Standing::Done => "done",
        Standing::Missed => "missed",
        Standing::Extra => "done without a plan",
        Standing::Open => "open today",
        Standing::Ahead => "still to come",
    }
}

fn said(day: Day, standing: Standing) -> String {
    format!("{}: {}", day.date().strftime("%a, %-d %B"), word(standing))
}

fn name(month: Month) -> String {
    month.first().date().strftime("%B").to_string()
}

/// The month for those who do not see it: "Done: 1 to 4, 6. Missed: 5."
fn in_words(review: &Review, month: Month) -> String {
    let kinds = [Standing::Done, Standing::Missed, Standing::Open, Standing::Extra];
    let sentences = kinds.into_iter().filter_map(|kind| {
        let days = dates(review, month, kind);
        let mut word = word(kind).to_owned();
        if let Some(first) = word.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        (!days.is_empty()).then(|| format!("{word}: {days}."))
    });
    let sentences: Vec<String> = sentences.collect();
    if sentences.is_empty() { "Nothing planned.".to_owned() } else { sentences.join(" ") }
}

/// The dates of a month that stand so, as in "1 to 4, 6".
fn dates(review: &Review, month: Month, kind: Standing) -> String {
    let mut runs: Vec<(i8, i8)> = Vec::new();
    for day in month.days().filter(|day| review.standing(*day) == kind) {
        let date = day.date().day();
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == date => *last = date,
            _ => runs.push((date, date)),
        }
    }
    let run = |(first, last): &(i8, i8)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    };
    runs.iter().map(run).collect::<Vec<_>>().join(", ")
}

fn table(review: &Review) -> Markup {
    html! {
        table {
            caption { "Done of what was planned in " (review.year) ", by month" }
            thead {
                tr { th scope="col" { "Month" } th scope="col" { "Done" } th scope="col" { "Rate" } th scope="col" { "Missed on" } }
            }
            tbody {
                @for (month, tally) in review.shown() {
                    @let missed = dates(review, *month, Standing::Missed);
                    tr {
                        th scope="row" { (month.first().date().strftime("%b").to_string()) }
                        td { (of(*tally)) }
                        td { (percent(*tally)) }
                        td { @if missed.is_empty() { "–" } @else { (missed) } }
                    }
                }
            }
        }
    }
}

/// What was planned when, oldest first.
fn history(schedule: &Schedule) -> Markup {
    let line = |version: Version| {
        let what = version.weekdays.map_or_else(|| "put away".to_owned(), crate::domain::Weekdays::summary);
        format!("From {}: {what}", long_date(version.from))
    };
    html! {
        ol.versions { @for version in schedule.versions() { li { (line(version)) } } }
    }
}
