//! How Atlas should be for a person: name, zone and preferences, changed together or one by one.

use super::{App, Error};
use crate::domain::preferences::{Accent, Backfill, Preferences, Theme, WeekStart};
use crate::domain::{Account, AccountId, DisplayName, Refusal, Zone};
use crate::store::accounts;

/// What is to be different about an account; what is `None` stays.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Change {
    /// A new name.
    pub name: Option<DisplayName>,
    /// Another zone. Days that were ticked stay the dates they are.
    pub zone: Option<Zone>,
    /// The day a week begins with.
    pub week_start: Option<WeekStart>,
    /// Whether what is done sinks below what is open.
    pub done_sinks: Option<bool>,
    /// How far back ticking goes.
    pub backfill: Option<Backfill>,
    /// Light or dark.
    pub theme: Option<Theme>,
    /// The colour of a day that is done.
    pub accent: Option<Accent>,
    /// Whether single keys do things.
    pub shortcuts: Option<bool>,
}

/// Changes an account.
///
/// # Errors
/// [`Refusal::WrongCredentials`] when the account is gone; [`Error::Busy`], [`Error::Unavailable`].
pub async fn change(app: &App, me: AccountId, change: Change) -> Result<Account, Error> {
    app.store
        .write(move |draft| {
            let mut account = accounts::get(draft, me)?.ok_or(Refusal::WrongCredentials)?;
            account.credentials.name = change.name.unwrap_or(account.credentials.name);
            account.credentials.zone = change.zone.unwrap_or(account.credentials.zone);
            let before = account.preferences;
            account.preferences = Preferences {
                week_start: change.week_start.unwrap_or(before.week_start),
                done_sinks: change.done_sinks.unwrap_or(before.done_sinks),
                backfill: change.backfill.unwrap_or(before.backfill),
                theme: change.theme.unwrap_or(before.theme),
                accent: change.accent.unwrap_or(before.accent),
                shortcuts: change.shortcuts.unwrap_or(before.shortcuts),
            };
            accounts::put(draft, &account)?;
            Ok(account)
        })
        .await
}
