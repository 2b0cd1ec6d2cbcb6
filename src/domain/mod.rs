//! The rules: which values are valid and which requests Atlas refuses.
//!
//! Pure code: no I/O, no clock, no randomness, no async. Callers pass in the time and random bytes, so every rule can be
//! tested with a table.

pub mod accounts;
pub mod addresses;
pub mod backup;
pub mod calendar;
pub mod domain_name;
pub mod environment;
pub mod field_error;
pub mod habits;
pub mod id;
pub mod mail;
pub mod recorded;
pub mod refusal;
pub mod text;
pub mod text_repair;
pub mod text_search;

pub use accounts::account::Account;
pub use accounts::client::Client;
pub use accounts::credentials::DisplayName;
pub use accounts::email::Email;
pub use calendar::day::Day;
pub use calendar::weekdays::Weekdays;
pub use calendar::zone::Zone;
pub use environment::kind::{Environment, EnvironmentKind};
pub use environment::preview::{Preview, PreviewName};
pub use field_error::FieldError;
pub use habits::amount::Amount;
pub use habits::emoji::Emoji;
pub use habits::frequency::{Frequency, Window};
pub use habits::goal::Goal;
pub use habits::group::GroupName;
pub use habits::habit::{Description, Habit, ReminderTimes, Title};
pub use habits::habit_color::HabitColor;
pub use habits::history::History;
pub use habits::pauses::{Pause, Pauses};
pub use habits::schedule::Schedule;
pub use habits::tag::{Tag, Tags};
pub use habits::time_of_day::TimeOfDay;
pub use habits::unit::Unit;
pub use id::{AccountId, AuditId, EntryId, FileId, HabitId, ImportId, MailId};
pub use recorded::Recorded;
pub use refusal::Refusal;
