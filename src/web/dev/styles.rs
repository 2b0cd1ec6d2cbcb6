//! The style page: the shared components in their states, light and dark side by side. Developers look here before they draw
//! something new, and the tests of pages check contrast and markup of states that no other page shows.
//!
//! What belongs to one page, such as a row of Today or a day of the calendar, is on that page.

use maud::{Markup, html};

use crate::domain::accounts::preferences::WeekStart;
use crate::domain::habits::insights::CompletionRate;
use crate::domain::mail::MessageBody;
use crate::domain::{FieldError, HabitColor};
use crate::web::dev::view::message_text;
use crate::web::ui::bar_chart::{Bar, bar_chart, sparkline, weekday_bars};
use crate::web::ui::figures::{Figure, figures};
use crate::web::ui::form::{self, Field};
use crate::web::ui::heatmap::{CellMark, legend, mark_definitions};
use crate::web::ui::icon::{Icon, icon};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::line_chart::{LinePoint, line_chart};
use crate::web::ui::page_head::page_head;

/// The page.
pub fn style_page(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Styles",
        NavItem::Other,
        &html! {
            (mark_definitions())
            div.styles {
                (page_head("Styles", &html! { p.hint { "Shared components in every state" } }))
                @for (title, component) in COMPONENTS {
                    section aria-label=(title) {
                        h2 { (title) }
                        div.styles-themes {
                            @for theme in ["light", "dark"] { div.styles-theme data-theme=(theme) { (component(theme)) } }
                        }
                    }
                }
            }
        },
    )
}

/// Draws a component. Its ids begin with the theme, since each is on the page twice.
type Component = fn(&str) -> Markup;

const COMPONENTS: [(&str, Component); 11] = [
    ("Text", text),
    ("Buttons", buttons),
    ("Fields", fields),
    ("Choices", choices),
    ("Notices", notices),
    ("Empty lists", empty_list),
    ("Icons", icons),
    ("Colors of habits", habit_colors),
    ("Figures and charts", charts),
    ("Marks", marks),
    ("Messages", message),
];

fn text(_: &str) -> Markup {
    html! {
        p.lead { "A lead says what a page is for, " strong { "with emphasis" } "." }
        p { "Text with " a href="/dev/styles" { "a link" } ", " code { "code" } ", and a key: " kbd { "?" } }
        p.hint { "A hint below a control." }
        p { "Text for screen readers follows. " span.unseen { "It isn't shown." } }
    }
}

fn buttons(_: &str) -> Markup {
    html! {
        div.actions {
            button.button type="button" { "Save changes" }
            a.button.plain href="/dev/styles" { "Cancel" }
            button.quiet type="button" { "Edit" }
        }
        div.actions {
            button.button type="button" disabled { "Saving…" }
            button.button.plain type="button" disabled { "Cancel" }
            button.quiet type="button" disabled { "Edit" }
        }
    }
}

fn fields(theme: &str) -> Markup {
    // The first error takes the focus, which no field of this page should have.
    let errors = ["", "email", "about"].map(|field| FieldError { field, message: "Enter a value.".to_owned() });
    let empty = Field {
        name: "name",
        label: "Display name",
        input_type: "text",
        value: "",
        autocomplete: "off",
        hint: Some("Shown on your account page."),
    };
    let faulty = Field { name: "email", label: "Email", input_type: "email", value: "ada@", hint: None, ..empty };
    let secret = Field { name: "password", label: "Password", input_type: "password", value: "", hint: None, ..empty };
    html! {
        form.stack.narrow action="/dev/styles" {
            (form::field(theme, &empty, &errors))
            (form::field(theme, &faulty, &errors))
            (form::field(theme, &secret, &errors))
            (form::text_area(theme, "notes", "Notes", "Ten pages before breakfast", &errors))
            (form::text_area(theme, "about", "About", "", &errors))
            button.button type="submit" { "Save changes" }
            p.footnote { "New here? " a href="/dev/styles" { "Create an account" } }
        }
    }
}

fn choices(_: &str) -> Markup {
    html! {
        fieldset.field {
            legend { "Reminders" }
            label.check { input type="checkbox" checked; "Email" }
            label.check { input type="checkbox"; "Browser" }
        }
        label.field {
            "Week starts on"
            select { (form::options([("monday", "Monday"), ("sunday", "Sunday")], "sunday")) }
        }
        label.field { "File" input type="file"; }
    }
}

fn notices(_: &str) -> Markup {
    html! {
        (form::status("Settings saved."))
        (form::alert("Wrong email or password."))
        p.fault { "Enter a title." }
    }
}

fn empty_list(_: &str) -> Markup {
    html! {
        div.empty {
            h3 { "Start with one small thing" }
            p { "It'll appear here on the days you choose." }
            p.actions { a.button href="/dev/styles" { "New habit" } }
        }
    }
}

fn icons(_: &str) -> Markup {
    const ICONS: [(Icon, &str); 8] = [
        (Icon::Today, "Today"),
        (Icon::Calendar, "Calendar"),
        (Icon::Habits, "Habits"),
        (Icon::Insights, "Insights"),
        (Icon::More, "More"),
        (Icon::Account, "Account"),
        (Icon::Admin, "Admin"),
        (Icon::SignOut, "Sign out"),
    ];
    html! { ul.legend { @for (drawn, label) in ICONS { li { (icon(drawn)) (label) } } } }
}

fn habit_colors(_: &str) -> Markup {
    html! {
        @for color in [None].into_iter().chain(HabitColor::ALL.map(Some)) {
            @let name = color.map_or("none", HabitColor::as_str);
            div data-color=[color.map(HabitColor::as_str)] {
                (legend(&[(CellMark::Done, name)]))
                (sparkline(&sample_rates()))
            }
        }
    }
}

fn charts(_: &str) -> Markup {
    let days: Vec<_> = (1..=7).zip(sample_rates()).collect();
    let bars = weekday_bars(&days, WeekStart::Monday);
    let weeks: Vec<_> = bars.iter().cycle().take(14).map(|bar| Bar { label: String::new(), ..bar.clone() }).collect();
    let point = |(bar, percent): (&Bar, u32)| LinePoint { name: bar.name.clone(), label: bar.label.clone(), percent };
    let points: Vec<_> = bars.iter().zip([5, 20, 15, 40, 60, 55, 82]).map(point).collect();
    html! {
        (figures(&[
            Figure { label: "Current streak", value: "12".to_owned(), detail: "days in a row".to_owned() },
            Figure { label: "Last 30 days", value: "86%".to_owned(), detail: "24 of 28".to_owned() },
        ]))
        (bar_chart("Completed by day of the week", "Day", &bars))
        (bar_chart("Completed by week", "Week", &weeks))
        (line_chart("Strength", "Day", "Strength", &points))
    }
}

fn marks(_: &str) -> Markup {
    legend(&[
        (CellMark::Nothing, "nothing scheduled"),
        (CellMark::Empty, "none done"),
        (CellMark::Low, "a few done"),
        (CellMark::Medium, "about half done"),
        (CellMark::High, "most done"),
        (CellMark::All, "all done"),
        (CellMark::Done, "habit done"),
        (CellMark::Open, "due today"),
        (CellMark::Extra, "unscheduled"),
    ])
}

fn message(_: &str) -> Markup {
    let body = MessageBody {
        subject: "Confirm your email for Atlas".to_owned(),
        text: "Hello Ada,\n\nopen this link:\nhttps://atlas.example/verify-email".to_owned(),
        html: String::new(),
    };
    html! { article.message { h3 { (body.subject) } (message_text(&body)) } }
}

/// From nothing to everything, and a day without a schedule.
fn sample_rates() -> [CompletionRate; 7] {
    let rate = |completed, scheduled| CompletionRate { scheduled, completed };
    [rate(0, 4), rate(1, 4), rate(2, 4), rate(3, 4), rate(4, 4), rate(0, 0), rate(7, 9)]
}
