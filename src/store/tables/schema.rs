//! Every table, and the one list that verification, snapshots and migrations go through.
//!
//! The parts of a key have a fixed size and begin with the account, so that all rows of one account are adjacent.

use crate::domain::accounts::account::Account;
use crate::domain::accounts::attempts::Attempts;
use crate::domain::accounts::audit::AuditEntry;
use crate::domain::accounts::link::EmailLink;
use crate::domain::accounts::session::Session;
use crate::domain::accounts::step_up::Challenge;
use crate::domain::environment::stamp::Stamp;
use crate::domain::habits::day_log::DayLog;
use crate::domain::habits::habit::Habit;
use crate::domain::habits::habit_year::HabitYear;
use crate::domain::habits::import_record::ImportRecord;
use crate::domain::habits::summary_year::SummaryYear;
use crate::domain::mail::Mail;
use crate::domain::{AccountId, AuditId, Day, Email, HabitId, ImportId, MailId};
use crate::store::engine::codec::{RowKey, RowValue};
use crate::store::engine::deleted_rows::PersonalTables;
use crate::store::engine::error::DecodeError;
use crate::store::engine::table::Table;

/// The schema that this library writes. Every migration raises it.
pub const VERSION: u32 = 6;

/// The keyed hash of a secret token.
pub type TokenHash = [u8; 32];

/// The stamp of the file: one row, written once.
pub const STAMP: Table<String, Stamp> = Table::new("stamp");
/// The schema of the file, and the oldest schema whose binaries may open it.
pub const SCHEMA: Table<String, u32> = Table::new("schema");
/// The random key of the file, and the MAC of its stamp: two rows, written once.
pub const KEY: Table<String, [u8; 32]> = Table::new("key");
/// Accounts.
pub const ACCOUNTS: Table<AccountId, Account> = Table::new("accounts");
/// The account of each email address.
pub const EMAILS: Table<Email, AccountId> = Table::new("emails");
/// Sessions, by the hash of their token.
pub const SESSIONS: Table<TokenHash, Session> = Table::new("sessions");
/// The sessions of an account.
pub const ACCOUNT_SESSIONS: Table<(AccountId, TokenHash), ()> = Table::new("account_sessions");
/// The account of each mailed token for a password reset or a new address; the account says which of the two.
pub const TOKENS: Table<TokenHash, AccountId> = Table::new("tokens");
/// Challenges, by the hash of their token.
pub const CHALLENGES: Table<TokenHash, Challenge> = Table::new("challenges");
/// Counts of failed attempts, by account and kind.
pub const ATTEMPTS: Table<(AccountId, String), Attempts> = Table::new("attempts");
/// Email verification links, by the hash of their token.
pub const LINKS: Table<TokenHash, EmailLink> = Table::new("links");
/// The email verification links of an account.
pub const ACCOUNT_LINKS: Table<(AccountId, TokenHash), ()> = Table::new("account_links");
/// Habits, by account.
pub const HABITS: Table<(AccountId, HabitId), Habit> = Table::new("habits");
/// Completions, packed: one row holds a calendar year of one habit.
pub const COMPLETIONS: Table<(AccountId, i16, HabitId), HabitYear> = Table::new("completions");
/// What is known of single days besides their completion: amounts, notes and skips. One row holds a day of one habit.
pub const DAY_LOGS: Table<(AccountId, Day, HabitId), DayLog> = Table::new("day_logs");
/// The summaries of the day logs, packed: one row holds a calendar year of one habit.
pub const DAY_SUMMARIES: Table<(AccountId, i16, HabitId), SummaryYear> = Table::new("day_summaries");
/// Imports that can be undone.
pub const IMPORTS: Table<(AccountId, ImportId), ImportRecord> = Table::new("imports");
/// The audit trail.
pub const AUDIT: Table<AuditId, AuditEntry> = Table::new("audit");
/// The entries of the audit trail that are about an account.
pub const ACCOUNT_AUDIT: Table<(AccountId, AuditId), ()> = Table::new("account_audit");
/// Counters of rows, see [`super::counts`].
pub const COUNTS: Table<String, u64> = Table::new("counts");
/// Messages, queued and sent.
pub const MAIL: Table<MailId, Mail> = Table::new("mail");
/// Queued messages, by the millisecond at which they are due.
pub const MAIL_DUE: Table<(u64, MailId), ()> = Table::new("mail_due");

/// The key of the only row of a table.
pub fn only_key() -> String {
    "atlas".to_owned()
}

/// The key of the row beside the schema that holds the oldest schema whose binaries may open the file. Without that row, only
/// binaries of the same schema or a newer one may.
pub fn min_reader_key() -> String {
    "min_reader".to_owned()
}

/// The key of the row beside the schema that holds the checksum of the two numbers, from schema 4 on. The stored spelling is
/// frozen.
pub fn checksum_key() -> String {
    "sum".to_owned()
}

/// The tables whose changes are tracked. Their keys begin with an account's id, or with the hash of a session's token.
pub(in crate::store) const WATCHED_TABLES: [&str; 6] =
    [ACCOUNTS.name(), HABITS.name(), COMPLETIONS.name(), DAY_LOGS.name(), DAY_SUMMARIES.name(), SESSIONS.name()];

/// The tables whose deleted rows are erased from the file. A row of the replaced ones may have lost a name or a title; those of
/// the others change without losing anything that tells something about a person.
pub(in crate::store) const PERSONAL_TABLES: PersonalTables = PersonalTables {
    removed: &[
        ACCOUNTS.name(),
        EMAILS.name(),
        SESSIONS.name(),
        CHALLENGES.name(),
        ATTEMPTS.name(),
        LINKS.name(),
        HABITS.name(),
        COMPLETIONS.name(),
        DAY_LOGS.name(),
        DAY_SUMMARIES.name(),
        IMPORTS.name(),
        AUDIT.name(),
        MAIL.name(),
    ],
    replaced: &[ACCOUNTS.name(), HABITS.name(), DAY_LOGS.name(), IMPORTS.name(), MAIL.name()],
    keyed: &[EMAILS.name()],
};

/// A table without its types, for scans of the whole file.
pub struct AnyTable {
    pub name: &'static str,
    /// Decodes a row, to check that this binary can read it.
    pub check: fn(&[u8], &[u8]) -> Result<(), DecodeError>,
}

/// Every table.
pub const ALL: [AnyTable; 22] = [
    any(&STAMP),
    any(&SCHEMA),
    any(&KEY),
    any(&ACCOUNTS),
    any(&EMAILS),
    any(&SESSIONS),
    any(&ACCOUNT_SESSIONS),
    any(&TOKENS),
    any(&CHALLENGES),
    any(&ATTEMPTS),
    any(&LINKS),
    any(&ACCOUNT_LINKS),
    any(&HABITS),
    any(&COMPLETIONS),
    any(&DAY_LOGS),
    any(&DAY_SUMMARIES),
    any(&IMPORTS),
    any(&AUDIT),
    any(&ACCOUNT_AUDIT),
    any(&COUNTS),
    any(&MAIL),
    any(&MAIL_DUE),
];

const fn any<K: RowKey, V: RowValue>(table: &Table<K, V>) -> AnyTable {
    AnyTable { name: table.name(), check: check::<K, V> }
}

fn check<K: RowKey, V: RowValue>(key: &[u8], value: &[u8]) -> Result<(), DecodeError> {
    K::decode(key).ok_or(DecodeError::Key)?;
    V::decode(value).map(drop)
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_table_in_this_file_is_in_the_list() {
        let source = include_str!("schema.rs");
        let declared: Vec<_> = source
            .lines()
            .filter(|line| line.starts_with("pub const") && line.contains("Table::new("))
            .filter_map(|line| line.split('"').nth(1))
            .collect();
        let listed: Vec<_> = ALL.iter().map(|table| table.name).collect();
        assert_eq!(declared, listed);
    }
}
