//! The tables, one file each. `schema` lists them all, and `rows` says how the domain's types are stored.

pub mod accounts;
pub mod attempts;
pub mod audit;
pub mod challenges;
pub mod completions;
pub mod counts;
pub mod daily_completions;
pub mod day_logs;
pub mod habits;
pub mod histories;
pub mod imports;
pub mod links;
pub mod outbox;
pub mod purge;
mod rows;
pub mod schema;
pub mod sessions;
