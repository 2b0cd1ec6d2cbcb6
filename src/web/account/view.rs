//! The account page: settings, sign-in details, devices and data of a person.

use maud::{Markup, html};

use crate::app::identity::sessions::Device;
use crate::app::identity::two_factor::TwoFactorStatus;
use crate::domain::accounts::preferences::{Accent, Backfill, Theme, WeekStart};
use crate::domain::{Account, Email, FieldError};
use crate::web::assets::embedded::address;
use crate::web::data_export;
use crate::web::data_export::view::ImportOutcome;
use crate::web::security;
use crate::web::two_factor;
use crate::web::ui::form::{alert, description_ids, field_notes, options, outcome, select};
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::time_zone_field;

/// The outcome of the request that led to the page.
#[derive(Debug, Clone, Copy)]
pub enum AccountNotice<'a> {
    None,
    Saved,
    SettingErrors(&'a [FieldError]),
    TwoFactorDisabled,
    Import(&'a ImportOutcome),
    /// The name, the email address, the password or the confirmation of a deletion had errors.
    CredentialErrors {
        errors: &'a [FieldError],
        /// The address in the form.
        email: Option<&'a str>,
    },
    /// The step-up challenge has expired or belongs to another session.
    ChallengeExpired,
}

/// The page. `waiting_email` is the new address that the person has not confirmed yet.
pub fn page(
    frame: &Frame<'_>,
    me: &Account,
    waiting_email: Option<&Email>,
    two_factor: TwoFactorStatus,
    devices: &[Device],
    notice: AccountNotice<'_>,
) -> Markup {
    let errors = if let AccountNotice::SettingErrors(errors) = notice { errors } else { &[] };
    let import = if let AccountNotice::Import(import) = notice { Some(import) } else { None };
    let (credential_errors, email) =
        if let AccountNotice::CredentialErrors { errors, email } = notice { (errors, email) } else { (&[][..], None) };
    document(
        frame,
        "Account",
        NavItem::Account,
        &html! {
            div.settings {
                h1 { "Account" }
                p.lead { (me.name()) " · " (me.email) }
                @if matches!(notice, AccountNotice::Saved) { (outcome("Settings saved.")) }
                @if matches!(notice, AccountNotice::TwoFactorDisabled) { (outcome("Two-factor authentication is off.")) }
                @if matches!(notice, AccountNotice::ChallengeExpired) { (alert("That took too long, so nothing was changed. Try again.")) }
                @if let Some(error) = errors.iter().chain(credential_errors).next() { (alert(&error.message)) }
                section {
                    h2 { "Settings" }
                    (settings(me, errors))
                }
                (security::view::credentials(me, waiting_email, email, credential_errors))
                (two_factor::view::section(two_factor))
                (security::view::devices(devices, me.zone()))
                (data_export::view::section(import))
                (security::view::delete_account(credential_errors))
            }
            script type="module" src=(address("account.js")) {}
        },
    )
}

fn settings(me: &Account, errors: &[FieldError]) -> Markup {
    let preferences = me.preferences;
    let weeks = options(WeekStart::ALL.iter().map(|it| (it.as_str(), it.label())), preferences.week_start.as_str());
    let backfills = options(Backfill::ALL.iter().map(|it| (it.as_str(), it.label())), preferences.backfill.as_str());
    let themes = options(Theme::ALL.iter().map(|it| (it.as_str(), it.label())), preferences.theme.as_str());
    let accents = options(Accent::ALL.iter().map(|it| (it.as_str(), it.label())), preferences.accent.as_str());
    html! {
        // Without autocomplete=off, browsers restore old values of the controls, which may have changed on another
        // device since.
        form.stack #settings method="post" action="/account" autocomplete="off" data-settings {
            (time_zone_field::field(me.zone().name(), errors))
            (select("weekStart", "Week starts on", &weeks, None, errors))
            (select("backfill", "Edit past days", &backfills, Some("Future days stay locked."), errors))
            (select("theme", "Theme", &themes, None, errors))
            (select("accent", "Accent color", &accents, None, errors))
            (checkbox("keepCompletedAtBottom", "Move completed habits to the bottom", preferences.completed_last, None))
            (checkbox("keyboardShortcuts", "Keyboard shortcuts", preferences.shortcuts, Some("Turn these off if you use voice dictation or often press keys by accident.")))
            button.button type="submit" { "Save settings" }
            p.hint data-instant hidden { "Changes save automatically." }
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
