//! What admins and operators may read about users, habits and the audit trail.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::app::context::App;
use crate::app::error::Error;
use crate::app::list_request::ListRequest;
use crate::domain::accounts::audit::{AuditAction, AuditEntry};
use crate::domain::{Account, AccountId, AuditId, Description, Email, Habit, HabitId, Refusal, Title, Weekdays};
use crate::store::tables::counts::RowCounter;
use crate::store::tables::schema::{ACCOUNTS, HABITS};
use crate::store::tables::{accounts, audit, counts, habits, sessions};
use crate::store::{ReadTxn, RowPage};

/// How many accounts exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserCounts {
    pub total: u64,
    pub verified: u64,
    pub disabled: u64,
}

/// How many habits exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HabitCounts {
    pub total: u64,
    pub archived: u64,
}

/// Counts the accounts.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn count_users(app: &App) -> Result<UserCounts, Error> {
    app.store.read(|txn| {
        let total = txn.count(ACCOUNTS.name())?;
        let (verified, disabled) =
            (counts::read_counter(txn, RowCounter::Verified)?, counts::read_counter(txn, RowCounter::Disabled)?);
        Ok(UserCounts { total, verified, disabled })
    })
}

/// Counts the habits of all accounts.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn count_habits(app: &App) -> Result<HabitCounts, Error> {
    app.store.read(|txn| {
        Ok(HabitCounts { total: txn.count(HABITS.name())?, archived: counts::read_counter(txn, RowCounter::Archived)? })
    })
}

/// Accounts by when they were created, whose address or name contains `search`, ignoring case. If `search` is the whole
/// address of an account, only that one is returned, without a scan.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_users(
    app: &App,
    search: &str,
    request: ListRequest<AccountId>,
) -> Result<RowPage<AccountId, Account>, Error> {
    let request = request.into_page_request();
    app.store.read(|txn| match find_exactly(txn, search)? {
        Some(account) => Ok(RowPage { rows: vec![account], next: None }),
        None => Ok(accounts::list_page(txn, &search.trim().to_lowercase(), &request)?),
    })
}

/// [`list_users`] by email address.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_users_by_email(
    app: &App,
    search: &str,
    request: ListRequest<Email>,
) -> Result<RowPage<Email, Account>, Error> {
    let request = request.into_page_request();
    app.store.read(|txn| match find_exactly(txn, search)? {
        Some(account) => Ok(RowPage { rows: vec![account], next: None }),
        None => Ok(accounts::list_page_by_email(txn, &search.trim().to_lowercase(), &request)?),
    })
}

/// The account whose whole address is `search`.
fn find_exactly(txn: &ReadTxn, search: &str) -> Result<Option<Account>, Error> {
    match Email::parse(search) {
        Ok(email) => Ok(accounts::find_by_email(txn, &email)?),
        Err(_) => Ok(None),
    }
}

/// The name of an account, if it exists.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn find_name(app: &App, id: AccountId) -> Result<Option<String>, Error> {
    app.store.read(|txn| Ok(accounts::find_account(txn, id)?.map(|account| account.name().to_owned())))
}

/// A habit as admins see it.
#[derive(Debug, Clone)]
pub struct OwnedHabit {
    pub owner: Account,
    pub id: HabitId,
    pub weekdays: Weekdays,
    pub created_at: Timestamp,
    pub archived_at: Option<Timestamp>,
    /// What the owner wrote. SECURITY: it leaves this module only where the operator lets admins see it.
    pub texts: Option<HabitTexts>,
}

/// What the owner of a habit wrote.
#[derive(Debug, Clone)]
pub struct HabitTexts {
    pub title: Title,
    pub description: Option<Description>,
}

impl OwnedHabit {
    fn new(owner: Account, habit: Habit, shows_texts: bool) -> Self {
        let Habit { id, created_at, archived_at, title, description, .. } = habit;
        let weekdays = habit.schedule.weekdays();
        let texts = shows_texts.then_some(HabitTexts { title, description });
        Self { owner, id, weekdays, created_at, archived_at, texts }
    }
}

/// The habits of all accounts with their owners, by when the accounts were created, and in an account by when the habits were.
/// `active` selects active or archived habits. `search` matches the owner's name and address, and the title and the description
/// if admins see them.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_habits(
    app: &App,
    search: &str,
    active: Option<bool>,
    request: ListRequest<(AccountId, HabitId)>,
) -> Result<RowPage<(AccountId, HabitId), OwnedHabit>, Error> {
    let (search, shows_texts) = (search.trim().to_lowercase(), app.admins_see_habits);
    app.store.read(|txn| {
        let page = habits::list_page(txn, &search, shows_texts, active, &request.into_page_request())?;
        let rows = page.rows.into_iter().map(|(owner, habit)| OwnedHabit::new(owner, habit, shows_texts)).collect();
        Ok(RowPage { rows, next: page.next })
    })
}

/// The audit trail by time, filtered by the account it concerns and by action.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn list_audit_entries(
    app: &App,
    subject: Option<AccountId>,
    action: Option<AuditAction>,
    request: ListRequest<AuditId>,
) -> Result<RowPage<AuditId, AuditEntry>, Error> {
    app.store.read(|txn| Ok(audit::list_page(txn, subject, action, &request.into_page_request())?))
}

/// The current names of accounts; deleted accounts are left out.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be read.
pub fn load_names(app: &App, ids: impl Iterator<Item = AccountId>) -> Result<BTreeMap<AccountId, String>, Error> {
    let ids: BTreeSet<AccountId> = ids.collect();
    app.store.read(|txn| {
        let mut names = BTreeMap::new();
        for id in &ids {
            if let Some(account) = accounts::find_account(txn, *id)? {
                names.insert(*id, account.name().to_owned());
            }
        }
        Ok(names)
    })
}

/// An account with the facts that admins may see.
#[derive(Debug, Clone)]
pub struct UserDetail {
    pub account: Account,
    pub is_admin: bool,
    /// Live sessions.
    pub sessions: usize,
    /// The last use of any live session, to the minute.
    pub seen_at: Option<Timestamp>,
    /// Active habits.
    pub active: usize,
    /// Archived habits.
    pub archived: usize,
}

/// Loads an account with its sessions and habits counted.
///
/// # Errors
/// [`Refusal::UserNotFound`].
pub fn load_user_detail(app: &App, id: AccountId) -> Result<UserDetail, Error> {
    let now = app.clock.now();
    app.store.read(|txn| {
        let account = accounts::find_account(txn, id)?.ok_or(Refusal::UserNotFound)?;
        let mut sessions = sessions::list_for_account(txn, id)?;
        sessions.retain(|(_, session)| session.is_live(now));
        let habits = habits::list_all(txn, id)?;
        let active = habits.iter().filter(|habit| habit.is_active()).count();
        Ok(UserDetail {
            is_admin: app.is_admin(&account),
            account,
            seen_at: sessions.iter().map(|(_, session)| session.used_at).max(),
            sessions: sessions.len(),
            active,
            archived: habits.len() - active,
        })
    })
}

/// Finds an account by its address or id.
///
/// # Errors
/// [`Refusal::UserNotFound`].
pub fn find_user(app: &App, id_or_email: &str) -> Result<AccountId, Error> {
    let found = app.store.read(|txn| match (id_or_email.parse::<AccountId>(), Email::parse(id_or_email)) {
        (Ok(id), _) => accounts::find_account(txn, id),
        (Err(_), Ok(email)) => accounts::find_by_email(txn, &email),
        (Err(_), Err(_)) => Ok(None),
    })?;
    Ok(found.ok_or(Refusal::UserNotFound)?.id)
}
