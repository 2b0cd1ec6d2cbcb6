//! Ground floor: what is true, and when Atlas says no.
//!
//! Pure: no I/O, no clock, no randomness, no async. Time and random bytes are handed in, so every
//! rule here can be tested with a table.

pub mod account;
pub mod agenda;
pub mod approval;
pub mod attempts;
pub mod audit;
pub mod challenge;
pub mod client;
pub mod completion;
pub mod credentials;
pub mod day;
pub mod email;
pub mod environment;
pub mod habit;
pub mod history;
pub mod id;
pub mod insights;
pub mod link;
pub mod mail;
pub mod month;
pub mod password;
pub mod portable;
pub mod preferences;
pub mod preview;
pub mod refusal;
pub mod release;
pub mod review;
pub mod schedule;
pub mod session;
pub mod snapshot;
pub mod stamp;
pub mod streak;
pub mod tally;
pub mod text;
pub mod two_factor;
pub mod weekdays;
pub mod year;
pub mod zone;

pub use account::Account;
pub use client::Client;
pub use credentials::DisplayName;
pub use day::Day;
pub use email::Email;
pub use environment::{Environment, Kind};
pub use habit::{Description, Habit, ReminderTimes, Title};
pub use history::History;
pub use id::{AccountId, AuditId, FileId, HabitId, MailId};
pub use preview::{Name as PreviewName, Preview};
pub use refusal::{Fault, Refusal};
pub use schedule::Schedule;
pub use weekdays::Weekdays;
pub use zone::Zone;
