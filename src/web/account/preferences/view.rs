//! The preferences page: one form, whose groups confirm each change where it was made.

use maud::{Markup, html};

use crate::domain::accounts::preferences::{Accent, Backfill, DayGrouping, Theme, WeekStart};
use crate::domain::{Account, FieldError};
use crate::web::account::view::{AccountPart, part_page, saved};
use crate::web::assets::embedded::address;
use crate::web::ui::form::{description_ids, field_notes, options, select};
use crate::web::ui::layout::Frame;
use crate::web::ui::time_zone_field;

/// The values that the form shows: the stored ones, or the submitted ones if any had an error.
#[derive(Debug, Clone, Copy)]
pub struct PreferencesInput<'a> {
    pub time_zone: &'a str,
    pub week_start: &'a str,
    /// `None` in a form without the field, which doesn't change it.
    pub grouping: Option<&'a str>,
    pub backfill: &'a str,
    pub theme: &'a str,
    pub accent: &'a str,
    pub completed_last: bool,
    pub shortcuts: bool,
}

impl<'a> From<&'a Account> for PreferencesInput<'a> {
    fn from(account: &'a Account) -> Self {
        let preferences = account.preferences;
        Self {
            time_zone: account.zone().name(),
            week_start: preferences.week_start.as_str(),
            grouping: Some(preferences.grouping.as_str()),
            backfill: preferences.backfill.as_str(),
            theme: preferences.theme.as_str(),
            accent: preferences.accent.as_str(),
            completed_last: preferences.completed_last,
            shortcuts: preferences.shortcuts,
        }
    }
}

/// The page. `is_saved` confirms the form that led here.
pub fn page(frame: &Frame<'_>, input: PreferencesInput<'_>, errors: &[FieldError], is_saved: bool) -> Markup {
    let weeks = options(WeekStart::ALL.iter().map(|it| (it.as_str(), it.label())), input.week_start);
    let backfills = options(Backfill::ALL.iter().map(|it| (it.as_str(), it.label())), input.backfill);
    let groupings = DayGrouping::ALL.iter().map(|it| (it.as_str(), it.label()));
    let groupings = options(groupings, input.grouping.unwrap_or_default());
    let themes = options(Theme::ALL.iter().map(|it| (it.as_str(), it.label())), input.theme);
    let accents = options(Accent::ALL.iter().map(|it| (it.as_str(), it.label())), input.accent);
    let content = html! {
        // The script says that changes save automatically, in the same line, so that nothing moves.
        p.hint data-instant { "Changes apply when you save." }
        // Without autocomplete=off, browsers restore old values of the controls, which may have changed on another
        // device since.
        form #settings method="post" action=(AccountPart::Preferences.path()) autocomplete="off" data-settings {
            (group("Days and weeks", &html! {
                (time_zone_field::field(input.time_zone, errors))
                (select("weekStart", "Week starts on", &weeks, None, errors))
                (select("backfill", "Edit past days", &backfills, Some("Future days stay locked."), errors))
            }))
            (group("Appearance", &html! {
                (select("theme", "Theme", &themes, None, errors))
                (select("accent", "Accent color", &accents, Some("Marks the days when everything is done."), errors))
            }))
            (group("Lists and keyboard", &html! {
                (select("groupDayBy", "Group Today by", &groupings, None, errors))
                (checkbox("keepCompletedAtBottom", "Move completed habits to the bottom", input.completed_last, None))
                (checkbox("keyboardShortcuts", "Keyboard shortcuts", input.shortcuts, Some("Turn these off if you use voice dictation or often press keys by accident.")))
            }))
            div.actions {
                button.button type="submit" { "Save preferences" }
                @if is_saved { (saved("Preferences saved.")) }
            }
        }
        script type="module" src=(address("preferences.js")) {}
    };
    part_page(frame, AccountPart::Preferences, &content)
}

/// Controls under a heading. The script fills the empty status after each change.
fn group(title: &str, controls: &Markup) -> Markup {
    html! {
        section.setting-group {
            div.setting-head {
                h2 { (title) }
                p.saved role="status" {}
            }
            div.setting-controls.stack { (controls) }
        }
    }
}

fn checkbox(name: &str, label: &str, checked: bool, hint: Option<&str>) -> Markup {
    html! {
        div.field {
            label.check {
                input type="checkbox" name=(name) value="true" checked[checked] aria-describedby=[description_ids("", name, hint.is_some(), false)];
                span { (label) }
            }
            (field_notes("", name, hint, None))
        }
    }
}
