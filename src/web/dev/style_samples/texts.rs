//! Samples of text, notices, lists, and tables.

use maud::{Markup, html};

use crate::domain::mail::MessageBody;
use crate::store::SortDirection;
use crate::web::dev::view::message_text;
use crate::web::ui::form;
use crate::web::ui::icon::{Icon, icon};
use crate::web::ui::menu::action_menu;
use crate::web::ui::table::{Column, ColumnSort, TableRow, data_table};

pub fn text(_: &str) -> Markup {
    html! {
        p.lead { "A lead says what a page is for, " strong { "with emphasis" } "." }
        p { "Text with " a href="/dev/styles" { "a link" } ", " code { "code" } ", and a key: " kbd { "?" } }
        p.hint { "A hint below a control." }
        p { "Text for screen readers follows. " span.unseen { "It isn't shown." } }
    }
}

pub fn notices(_: &str) -> Markup {
    html! {
        (form::status("Settings saved."))
        (form::alert("Wrong email or password."))
        p.fault { "Enter a title." }
    }
}

/// With the text only, and with Undo. On pages it lies above everything else.
pub fn toasts(_: &str) -> Markup {
    html! {
        div.toast { p { "Changes saved." } }
        div.toast { p { "Habit archived." } button.undo type="button" { "Undo" } }
    }
}

pub fn empty_list(_: &str) -> Markup {
    html! {
        div.empty {
            h3 { "Start with one small thing" }
            p { "It'll appear here on the days you choose." }
            p.actions { a.button href="/dev/styles" { "New habit" } }
        }
    }
}

pub fn icons(_: &str) -> Markup {
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

/// The table behind a chart, a long one with small text, and one that scrolls in its frame.
pub fn tables(theme: &str) -> Markup {
    let rows = [("Monday", "4 of 4"), ("Tuesday", "3 of 4")];
    html! {
        details.numbers open {
            summary { "Show as table" }
            table {
                caption { "Completed by day" }
                thead { tr { th scope="col" { "Day" } th scope="col" { "Completed" } } }
                tbody { @for (day, completed) in rows { tr { th scope="row" { (day) } td { (completed) } } } }
            }
            section.wide tabindex="0" aria-label={ "Table of all days, " (theme) } {
                table.dense {
                    caption { "All days" }
                    thead { tr { th scope="col" { "Week" } @for (day, _) in rows { th scope="col" { (day) } } } }
                    tbody { tr { th scope="row" { "Nov 23" } @for (_, completed) in rows { td { (completed) } } } }
                }
            }
        }
    }
}

/// A list of objects with a menu, and a question at a row.
pub fn object_table(theme: &str) -> Markup {
    let sort = |current| ColumnSort { address: "/dev/styles".to_owned(), current };
    let columns = [
        Column::sorted_by("Name", sort(Some(SortDirection::Ascending))),
        Column::sorted_by("Joined", sort(None)).labeled(),
    ];
    let row = |name: &str, is_open: bool| TableRow {
        head: html! { a href="/dev/styles" { (name) } },
        cells: vec![html! { "Nov 29" }],
        menu: action_menu(
            &format!("{theme}-{name}"),
            &format!("{name}, {theme}"),
            &html! { button type="button" { "Disable" } },
        ),
        dialog: html! { @if is_open { p.hint { "A question opens here." } } },
    };
    data_table("Users", &columns, &[row("Ada", true), row("Ben", false)])
}

pub fn message(_: &str) -> Markup {
    let body = MessageBody {
        subject: "Confirm your email for Atlas".to_owned(),
        text: "Hello Ada,\n\nopen this link:\nhttps://atlas.example/verify-email".to_owned(),
        html: String::new(),
    };
    html! {
        div.mailbox { article.message { h3 { (body.subject) } p.hint { "To ada@example.com" } (message_text(&body)) } }
    }
}
