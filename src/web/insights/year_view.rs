//! One calendar year of a habit as a heat map of months, with its table.

use maud::{Markup, html};

use crate::domain::Day;
use crate::domain::accounts::preferences::WeekStart;
use crate::domain::calendar::month::Month;
use crate::domain::habits::insights::CompletionRate;
use crate::domain::habits::period_rates::Period;
use crate::domain::habits::review::{DayStatus, Review};
use crate::web::insights::history_view::address;
use crate::web::ui::date::{DateStyle, format_date};
use crate::web::ui::figures::{format_percent, format_ratio};
use crate::web::ui::heatmap::{CELL_PITCH, CellMark, cell, legend, mark_definitions};

/// The year with links to the others. `period` is what the links keep.
pub fn year_part(review: &Review, week_start: WeekStart, period: Period) -> Markup {
    html! {
        section.part aria-labelledby="year" {
            (year_navigation(review, period))
            @if review.visible_months().is_empty() { (empty_year(review)) } @else { (year(review, week_start)) }
        }
    }
}

fn year_navigation(review: &Review, period: Period) -> Markup {
    let link = |year: i16, rel: &str, label: &str| {
        html! { a.year-link rel=(rel) href=(address(Some(year), period, "year")) aria-label={ "Year " (year) } { (label) } }
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

fn empty_year(review: &Review) -> Markup {
    html! {
        p.lead {
            @if review.year > review.today.year() { (review.year) " hasn't started yet." }
            @else if review.year == review.today.year() { "Nothing was scheduled in " (review.year) " so far." }
            @else { "Nothing was scheduled in " (review.year) "." }
        }
    }
}

fn year(review: &Review, week_start: WeekStart) -> Markup {
    let week = match week_start {
        WeekStart::Monday => "Monday to Sunday",
        WeekStart::Sunday => "Sunday to Saturday",
    };
    html! {
        (mark_definitions())
        ul.months #months data-notes {
            @for (month, rate) in review.visible_months() { (month_box(review, *month, *rate, week_start)) }
        }
        p.hint { "Each row is a week, " (week) ". Percentages count scheduled days; today counts once it's done." }
        (legend(&[
            (CellMark::Done, "done"),
            (CellMark::Empty, "missed"),
            (CellMark::Skipped, "skipped"),
            (CellMark::Paused, "paused"),
            (CellMark::Open, "due today"),
            (CellMark::Extra, "done on an off day"),
            (CellMark::Nothing, "not scheduled"),
            (CellMark::Note, "with a note"),
        ]))
        details.numbers {
            summary { "Show as table" }
            (table(review))
        }
    }
}

fn month_box(review: &Review, month: Month, rate: CompletionRate, week_start: WeekStart) -> Markup {
    let weeks = month.weeks(week_start);
    let name = format_date(month.first(), DateStyle::MonthName);
    let description = describe_month(review, month);
    html! {
        li.year-month {
            h3 { (name) }
            svg viewBox="0 0 136 116" role="img" aria-label={ (name) " " (review.year) ". " (description) } {
                @for (row, week) in (0_u16..).zip(&weeks) {
                    @for (column, day) in (0_u16..).zip(week) {
                        @if let Some((day, mark)) = day.and_then(|day| Some((day, mark(review.status(day))?))) {
                            @let (x, y, title) = (column * CELL_PITCH, row * CELL_PITCH, describe_day(review, day));
                            (cell(mark, x, y, &title))
                            @if review.has_note(day) { (cell(CellMark::Note, x, y, &title)) }
                        }
                    }
                }
            }
            p.year-month-figures {
                @if rate.scheduled == 0 { "nothing scheduled" } @else { strong { (format_percent(rate)) } " " (format_ratio(rate)) }
            }
        }
    }
}

fn mark(status: DayStatus) -> Option<CellMark> {
    match status {
        DayStatus::NotScheduled => Some(CellMark::Nothing),
        DayStatus::Completed => Some(CellMark::Done),
        DayStatus::Missed => Some(CellMark::Empty),
        DayStatus::Skipped => Some(CellMark::Skipped),
        DayStatus::Paused => Some(CellMark::Paused),
        DayStatus::Unplanned => Some(CellMark::Extra),
        DayStatus::Due => Some(CellMark::Open),
        DayStatus::Future => None,
    }
}

fn label(status: DayStatus) -> &'static str {
    match status {
        DayStatus::NotScheduled => "not scheduled",
        DayStatus::Completed => "done",
        DayStatus::Missed => "missed",
        DayStatus::Skipped => "skipped",
        DayStatus::Paused => "paused",
        DayStatus::Unplanned => "done on an off day",
        DayStatus::Due => "due today",
        DayStatus::Future => "upcoming",
    }
}

fn describe_day(review: &Review, day: Day) -> String {
    let note = if review.has_note(day) { ", with a note" } else { "" };
    format!("{}: {}{note}", format_date(day, DateStyle::Weekday), label(review.status(day)))
}

/// The text alternative of a month: "Done: 1 to 4, 6. Missed: 5. With a note: 6."
fn describe_month(review: &Review, month: Month) -> String {
    let statuses = [
        DayStatus::Completed,
        DayStatus::Missed,
        DayStatus::Skipped,
        DayStatus::Paused,
        DayStatus::Due,
        DayStatus::Unplanned,
    ];
    let sentences = statuses.into_iter().filter_map(|status| {
        let days = dates(month, |day| review.status(day) == status);
        let mut label = label(status).to_owned();
        if let Some(first) = label.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        (!days.is_empty()).then(|| format!("{label}: {days}."))
    });
    let mut sentences: Vec<String> = sentences.collect();
    if sentences.is_empty() {
        sentences.push("Nothing scheduled.".to_owned());
    }
    let noted = dates(month, |day| review.has_note(day));
    sentences.extend((!noted.is_empty()).then(|| format!("With a note: {noted}.")));
    sentences.join(" ")
}

/// The days of a month that are wanted: "1 to 4, 6".
fn dates(month: Month, is_wanted: impl Fn(Day) -> bool) -> String {
    let mut runs: Vec<(i8, i8)> = Vec::new();
    for day in month.days().filter(|day| is_wanted(*day)) {
        let date = day.date().day();
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == date => *last = date,
            _ => runs.push((date, date)),
        }
    }
    let format_run = |(first, last): &(i8, i8)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    };
    runs.iter().map(format_run).collect::<Vec<_>>().join(", ")
}

fn table(review: &Review) -> Markup {
    html! {
        table {
            caption { "Completion in " (review.year) " by month" }
            thead {
                tr { th scope="col" { "Month" } th scope="col" { "Done" } th scope="col" { "Rate" } th scope="col" { "Missed" } }
            }
            tbody {
                @for (month, rate) in review.visible_months() {
                    @let missed = dates(*month, |day| review.status(day) == DayStatus::Missed);
                    tr {
                        th scope="row" { (format_date(month.first(), DateStyle::ShortMonthName)) }
                        td { (format_ratio(*rate)) }
                        td { (format_percent(*rate)) }
                        td { @if missed.is_empty() { "–" } @else { (missed) } }
                    }
                }
            }
        }
    }
}
