//! Changing a user's name, time zone and preferences.

use crate::app::{App, Error};
use crate::domain::accounts::preferences::{Accent, Backfill, DayGrouping, Preferences, Theme, WeekStart};
use crate::domain::{Account, AccountId, Day, DisplayName, Refusal, Zone};
use crate::store::WriteTxn;
use crate::store::tables::{accounts, habits};

/// Changes to an account. Fields that are `None` stay as they are.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct PreferencesChange {
    pub name: Option<DisplayName>,
    /// Completed days keep their dates. In a zone further west, today may be an earlier date: habits that began or changed
    /// today then do so on that date.
    pub zone: Option<Zone>,
    pub week_start: Option<WeekStart>,
    pub completed_last: Option<bool>,
    pub grouping: Option<DayGrouping>,
    pub backfill: Option<Backfill>,
    pub theme: Option<Theme>,
    pub accent: Option<Accent>,
    /// Whether keyboard shortcuts are on.
    pub shortcuts: Option<bool>,
}

/// Applies the changes and returns the account.
///
/// # Errors
/// [`Refusal::WrongCredentials`] when the account was deleted; [`Error::Busy`], [`Error::Unavailable`].
pub async fn update_preferences(app: &App, me: AccountId, change: PreferencesChange) -> Result<Account, Error> {
    let now = app.clock.now();
    app.store
        .write(move |txn| {
            let mut account = accounts::find_account(txn, me)?.ok_or(Refusal::WrongCredentials)?;
            account.credentials.name = change.name.unwrap_or(account.credentials.name);
            if let Some(zone) = change.zone {
                let (before, today) = (Day::at(now, account.zone()), Day::at(now, &zone));
                account.credentials.zone = zone;
                if today < before {
                    begin_habits_by(txn, me, today, before)?;
                }
            }
            let before = account.preferences;
            account.preferences = Preferences {
                week_start: change.week_start.unwrap_or(before.week_start),
                completed_last: change.completed_last.unwrap_or(before.completed_last),
                grouping: change.grouping.unwrap_or(before.grouping),
                backfill: change.backfill.unwrap_or(before.backfill),
                theme: change.theme.unwrap_or(before.theme),
                accent: change.accent.unwrap_or(before.accent),
                shortcuts: change.shortcuts.unwrap_or(before.shortcuts),
            };
            accounts::put(txn, &account)?;
            Ok(account)
        })
        .await
}

/// Moves what a user planned until the day that was today `before` to `today`. An archived habit has no later plans: that it is archived
/// from the next day on only means that it was done on its last day.
fn begin_habits_by(txn: &mut WriteTxn<'_, '_>, me: AccountId, today: Day, before: Day) -> Result<(), Error> {
    for mut habit in habits::list_all(txn, me)? {
        let last = if habit.is_active() { before } else { Day::LAST };
        if habit.schedule.begin_by(today, last) {
            habits::put(txn, me, &habit)?;
        }
    }
    Ok(())
}
