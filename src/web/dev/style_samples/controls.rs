//! Samples of buttons, fields, pickers, menus, and dialogs.

use maud::{Markup, html};

use crate::domain::FieldError;
use crate::domain::accounts::preferences::WeekStart;
use crate::web::habits::appearance_fields::{Appearance, appearance_fields};
use crate::web::habits::form::weekday_picker;
use crate::web::ui::form::{self, Field};
use crate::web::ui::menu::action_menu;

pub fn buttons(_: &str) -> Markup {
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

pub fn fields(theme: &str) -> Markup {
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
            div.field {
                label for={ (theme) "digits" } { "6-digit code" }
                input.code-input id={ (theme) "digits" } name="digits" type="text" inputmode="numeric" value="204816";
            }
            (form::text_area(theme, "notes", "Notes", "Ten pages before breakfast", &errors))
            (form::text_area(theme, "about", "About", "", &errors))
            button.button type="submit" { "Save changes" }
            p.footnote { "New here? " a href="/dev/styles" { "Create an account" } }
        }
    }
}

pub fn choices(_: &str) -> Markup {
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

/// The parts of the form of a habit.
pub fn days_and_looks(theme: &str) -> Markup {
    html! {
        form.stack action="/dev/styles" {
            (weekday_picker(theme, WeekStart::Monday, &[1, 3, 5], &[]))
            (appearance_fields(theme, Appearance { color: "teal", emoji: "📖" }, &[]))
            button.button.plain type="submit" { "Save habit" }
        }
    }
}

/// Between the pages of a subject, and between the versions of a chart.
pub fn part_links(theme: &str) -> Markup {
    let links = |current: &str| {
        html! {
            @for label in ["Week", "Month", "Year"] {
                a href="/dev/styles" aria-current=[(label == current).then_some("true")] { (label) }
            }
        }
    };
    html! {
        nav.subnav aria-label={ "Parts, " (theme) } {
            ul {
                @for label in ["Profile", "Preferences", "Security"] {
                    li { a href="/dev/styles" aria-current=[(label == "Preferences").then_some("page")] { (label) } }
                }
            }
        }
        div.part-head {
            h3 { "History" }
            nav.choices aria-label={ "Length of a period, " (theme) } { (links("Month")) }
        }
    }
}

pub fn menu(theme: &str) -> Markup {
    let items = html! {
        p.menu-title aria-hidden="true" { "Actions" }
        button type="button" aria-pressed="true" { "Edit" }
        button type="button" disabled { "Move up" }
        button type="button" { "Archive" }
    };
    html! { div { (action_menu(theme, theme, &items)) } }
}

/// As it is without JavaScript. With it, the question is above the page.
pub fn question(theme: &str) -> Markup {
    let id = format!("{theme}-question");
    html! {
        dialog.confirm open aria-labelledby=(id) {
            h3 id=(id) { "Archive this habit?" }
            p { "It moves to the archive with its history. You can restore it anytime." }
            div.actions {
                button.button type="button" { "Archive habit" }
                a.button.plain href="/dev/styles" { "Cancel" }
            }
        }
    }
}
