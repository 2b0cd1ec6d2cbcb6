//! A person's account: how Atlas should be for this person.

use maud::{Markup, html};

use super::assets::address;
use super::form::{alert, described_by, notes, options, select, status};
use super::layout::{Frame, Here, document};
use super::portable::{self, Outcome};
use super::security::{self, Device};
use super::{two_factor, zones};
use crate::domain::preferences::{Accent, Backfill, Theme, WeekStart};
use crate::domain::{Account, Fault};

/// What just happened on the page.
#[derive(Debug, Clone, Copy)]
pub enum News<'a> {
    /// Nothing; it was opened.
    Nothing,
    /// The settings were saved.
    Saved,
    /// They were not, because of these.
    Faults(&'a [Fault]),
    /// Two-factor sign-in was switched off.
    TwoFactorOff,
    /// A file was sent.
    File(Outcome<'a>),
    /// Name, address, password or the word that ends it all could not be accepted.
    Credentials {
        /// What is wrong.
        faults: &'a [Fault],
        /// The address as it was typed.
        email: Option<&'a str>,
    },
    /// A question was answered too late, or was another's.
    TooLate,
}

/// The page and what just happened.
pub fn page(
    frame: &Frame<'_>,
    me: &Account,
    two_factor: two_factor::Standing,
    devices: &[Device],
    news: News<'_>,
) -> Markup {
    let faults = if let News::Faults(faults) = news { faults } else { &[] };
    let outcome = if let News::File(outcome) = news { Some(outcome) } else { None };
    let (wrong, email) = if let News::Credentials { faults, email } = news { (faults, email) } else { (&[][..], None) };
    document(
        frame,
        "Account",
        Here::Account,
        &html! {
            div.settings {
                h1 { "Account" }
                p.lead { (me.name()) " · " (me.email) }
                @if matches!(news, News::Saved) { (status("Your settings are saved.")) }
                @if matches!(news, News::TwoFactorOff) { (status("Two-factor sign-in is off.")) }
                @if matches!(news, News::TooLate) { (alert("That took too long, so nothing was changed. Try again.")) }
                @if let Some(fault) = faults.iter().chain(wrong).next() { (alert(&fault.message)) }
                (settings(me, faults))
                (security::credentials(me, email, wrong))
                (two_factor::section(two_factor))
                (security::devices(devices, me.zone().rules()))
                (portable::section(outcome))
                (security::leaving(wrong))
            }
            script type="module" src=(address("account.js")) {}
        },
    )
}

fn settings(me: &Account, faults: &[Fault]) -> Markup {
    let chosen = me.preferences;
    let weeks = options(WeekStart::ALL.iter().map(|it| (it.word(), it.label())), chosen.week_start.word());
    let backfills = options(Backfill::ALL.iter().map(|it| (it.word(), it.label())), chosen.backfill.word());
    let themes = options(Theme::ALL.iter().map(|it| (it.word(), it.label())), chosen.theme.word());
    let accents = options(Accent::ALL.iter().map(|it| (it.word(), it.label())), chosen.accent.word());
    html! {
        // Browsers would bring back what was chosen when the page was left, which may be saved otherwise since.
        form.stack #settings method="post" action="/account" autocomplete="off" data-settings {
            (zones::field(me.zone().name(), faults))
            (select("weekStart", "A week begins on", &weeks, None, faults))
            (select("backfill", "Days you may change", &backfills, Some("Never a day that has not begun."), faults))
            (select("theme", "Light or dark", &themes, None, faults))
            (select("accent", "Colour of a day that is done", &accents, None, faults))
            (check("keepCompletedAtBottom", "Let what is done sink below what is open", chosen.done_sinks, None))
            (check("keyboardShortcuts", "Single-key shortcuts", chosen.shortcuts, Some("Turn them off if you dictate, or if a key pressed by mistake does too much.")))
            button.button type="submit" { "Save settings" }
            p.hint data-instant hidden { "What you choose here counts at once." }
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
