//! A person's account: how Atlas should be for this person.

use maud::{Markup, html};

use super::form::{alert, described_by, notes, select, status};
use super::layout::{Frame, Here, document};
use crate::domain::preferences::{Accent, Backfill, Theme, WeekStart};
use crate::domain::{Account, Fault, Zone};

/// The page, after saving or with what is wrong.
pub fn page(frame: &Frame<'_>, me: &Account, faults: &[Fault], saved: bool) -> Markup {
    document(
        frame,
        "Account",
        Here::Account,
        &html! {
            div.settings {
                h1 { "Account" }
                p.lead { (me.name()) " · " (me.email) }
                @if saved { (status("Your settings are saved.")) }
                @if let Some(fault) = faults.first() { (alert(&fault.message)) }
                (settings(me, faults))
                section {
                    h2 { "Your data" }
                    p { "Everything you did here, as one file that can be brought back." }
                    form method="get" action="/api/account/exports/self" {
                        button.button.plain type="submit" { "Download my data (JSON)" }
                    }
                }
            }
        },
    )
}

fn settings(me: &Account, faults: &[Fault]) -> Markup {
    let chosen = me.preferences;
    let names = Zone::names();
    let zones: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), name.as_str())).collect();
    let weeks: Vec<_> = WeekStart::ALL.iter().map(|choice| (choice.word(), choice.label())).collect();
    let backfills: Vec<_> = Backfill::ALL.iter().map(|choice| (choice.word(), choice.label())).collect();
    let themes: Vec<_> = Theme::ALL.iter().map(|choice| (choice.word(), choice.label())).collect();
    let accents: Vec<_> = Accent::ALL.iter().map(|choice| (choice.word(), choice.label())).collect();
    html! {
        form.stack method="post" action="/account" {
            (select("timeZone", "Time zone", &zones, me.zone().name(), Some("Your days begin and end there."), faults))
            (select("weekStart", "A week begins on", &weeks, chosen.week_start.word(), None, faults))
            (select("backfill", "Days you may change", &backfills, chosen.backfill.word(), Some("Never a day that has not begun."), faults))
            (select("theme", "Light or dark", &themes, chosen.theme.word(), None, faults))
            (select("accent", "Colour of a day that is done", &accents, chosen.accent.word(), None, faults))
            (check("keepCompletedAtBottom", "Let what is done sink below what is open", chosen.done_sinks, None))
            (check("keyboardShortcuts", "Single-key shortcuts", chosen.shortcuts, Some("Turn them off if you dictate, or if a key pressed by mistake does too much.")))
            button.button type="submit" { "Save settings" }
        }
    }
}

fn check(name: &str, label: &str, checked: bool, hint: Option<&str>) -> Markup {
    html! {
        div.field {
            label.check {
                input type="checkbox" name=(name) value="true" checked[checked] aria-describedby=[described_by("", name, hint.is_some(), false)];
                span { (label) }
            }
            (notes("", name, hint, None))
        }
    }
}
