//! Every table on one page, and the one list that integrity checks, snapshots and migrations walk.
//!
//! Keys have fixed-size parts in this order, so that everything of one person lies together.

use super::record::{Key, Value};
use super::table::Table;
use crate::domain::account::Account;
use crate::domain::attempts::Attempts;
use crate::domain::audit::Line;
use crate::domain::challenge::Challenge;
use crate::domain::habit::Habit;
use crate::domain::link::Link;
use crate::domain::mail::Mail;
use crate::domain::session::Session;
use crate::domain::stamp::Stamp;
use crate::domain::year::HabitYear;
use crate::domain::{AccountId, AuditId, Email, HabitId, MailId};

/// The schema this binary writes. Raised by every migration.
pub const VERSION: u32 = 4;

/// A keyed hash of a secret token.
pub type TokenHash = [u8; 32];

/// Who the file is; one row, written once.
pub const STAMP: Table<String, Stamp> = Table::named("stamp");
/// The schema the file is in, and who else may read it.
pub const SCHEMA: Table<String, u32> = Table::named("schema");
/// The file's random key, and the seal of its stamp; two rows, written once.
pub const KEY: Table<String, [u8; 32]> = Table::named("key");
/// People.
pub const ACCOUNTS: Table<AccountId, Account> = Table::named("accounts");
/// Whose address it is.
pub const EMAILS: Table<Email, AccountId> = Table::named("emails");
/// Signed-in devices, by the hash of their token.
pub const SESSIONS: Table<TokenHash, Session> = Table::named("sessions");
/// The sessions of an account.
pub const ACCOUNT_SESSIONS: Table<(AccountId, TokenHash), ()> = Table::named("account_sessions");
/// Whose forgotten password or new address a mailed token is about; the account says which.
pub const TOKENS: Table<TokenHash, AccountId> = Table::named("tokens");
/// Challenges, by the hash of their token.
pub const CHALLENGES: Table<TokenHash, Challenge> = Table::named("challenges");
/// What went wrong too often, by account and kind.
pub const ATTEMPTS: Table<(AccountId, String), Attempts> = Table::named("attempts");
/// Verification links, by the hash of their token.
pub const LINKS: Table<TokenHash, Link> = Table::named("links");
/// The verification links of an account.
pub const ACCOUNT_LINKS: Table<(AccountId, TokenHash), ()> = Table::named("account_links");
/// Habits of a person.
pub const HABITS: Table<(AccountId, HabitId), Habit> = Table::named("habits");
/// What was done, packed: one row holds one habit's calendar year.
pub const COMPLETIONS: Table<(AccountId, i16, HabitId), HabitYear> = Table::named("completions");
/// The audit trail.
pub const AUDIT: Table<AuditId, Line> = Table::named("audit");
/// The lines of the audit trail that are about an account.
pub const ACCOUNT_AUDIT: Table<(AccountId, AuditId), ()> = Table::named("account_audit");
/// How many there are of what cannot be counted at a glance.
pub const COUNTS: Table<String, u64> = Table::named("counts");
/// The outbox.
pub const MAIL: Table<MailId, Mail> = Table::named("mail");
/// Mail that waits, by the millisecond it is due.
pub const MAIL_DUE: Table<(u64, MailId), ()> = Table::named("mail_due");

/// The key of tables that hold one row.
pub fn only() -> String {
    "atlas".to_owned()
}

/// The key of the row beside the schema that says who may read the file: the oldest schema whose binary may open it. Without
/// that row only a binary of the same schema or a newer one may.
pub fn min_reader() -> String {
    "min_reader".to_owned()
}

/// The key of the row beside the schema that holds the sum of its numbers, from schema 4 on.
pub fn sum() -> String {
    "sum".to_owned()
}

/// A table without its types, for walks over the whole file.
pub struct AnyTable {
    /// Its name in the file.
    pub name: &'static str,
    /// Whether a row can be understood; what is wrong if not.
    pub check: fn(&[u8], &[u8]) -> Result<(), String>,
}

/// Every table.
pub const ALL: [AnyTable; 19] = [
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
    any(&AUDIT),
    any(&ACCOUNT_AUDIT),
    any(&COUNTS),
    any(&MAIL),
    any(&MAIL_DUE),
];

const fn any<K: Key, V: Value>(table: &Table<K, V>) -> AnyTable {
    AnyTable { name: table.name(), check: check::<K, V> }
}

fn check<K: Key, V: Value>(key: &[u8], value: &[u8]) -> Result<(), String> {
    K::decode(key).ok_or_else(|| "bad key".to_owned())?;
    V::decode(value).map(drop)
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn every_table_of_this_page_is_in_the_list() {
        let page = include_str!("schema.rs");
        let written: Vec<_> = page
            .lines()
            .filter(|line| line.starts_with("pub const") && line.contains("Table::named("))
            .filter_map(|line| line.split('"').nth(1))
            .collect();
        let listed: Vec<_> = ALL.iter().map(|table| table.name).collect();
        assert_eq!(written, listed);
    }
}
