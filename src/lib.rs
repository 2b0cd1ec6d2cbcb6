//! Atlas: a habit tracker that a small team hosts itself, as one binary with one data file per environment.
//!
//! # Layers
//!
//! Bottom to top. A module uses only what is below it, and modules inside a layer form no cycle; `tests/it/architecture`
//! enforces both. Inside each layer, modules are grouped by subject: accounts, habits, mail, backups.
//!
//! | layer | modules | what they own |
//! |---|---|---|
//! | rules | [`domain`] | what is true and when Atlas refuses; no I/O, no clock, no randomness |
//! | | [`formats`] | file formats that know nothing of habits, such as SQLite's |
//! | adapters | [`config`] | settings; the only reader of the process environment |
//! | | [`store`] | the data file; the only user of redb |
//! | | [`mail`] | SMTP delivery and the text of every message |
//! | | [`observe`] | logs, metrics, Sentry and the service manager |
//! | | [`exchange`] | files of other habit trackers, read into one model and written from it |
//! | use cases | [`app`] | one decision is one transaction |
//! | interfaces | [`web`] | HTTP, pages and JSON; the only user of warp, hyper and maud's pages |
//! | | [`ops`] | what an operator does: verify, roll back, previews, seeds |
//! | terminal | [`cli`] | commands, one file each |
//!
//! # Four walks through the code
//!
//! **A completion.** `web::server::connections` accepts it, `service` numbers it and checks the host, `dispatch` finds its row
//! in `routes` and the member, and [`web::today`] parses it and calls [`app::habits::completions`]: one write transaction of
//! [`store`] under the rule of [`domain::habits::completion`].
//!
//! **`--env`.** [`cli`] hands the flag to [`mod@config`], which resolves the settings of exactly that environment;
//! [`store::file::open`] compares the stamp inside the data file with it and refuses any other file;
//! [`ops::isolation`] checks every folder that the environment writes to.
//!
//! **A snapshot's name in a rollback.** [`cli`] parses it into a [`domain::backup::snapshot::SnapshotId`] and sends a
//! [`ops::protocol`] command to the process that has the file; [`ops::rollback`] finds the copy through
//! [`store::backup::snapshot_folder`], verifies it and puts it in place of the data file.
//!
//! **A mail.** A use case renders it with [`mail::templates`] and saves it in the transaction of its cause
//! ([`app::mail::outbox`]); [`app::mail::delivery`] hands it to [`mail::Relay`] and records what the relay answered.

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod exchange;
pub mod formats;
pub mod mail;
pub mod observe;
pub mod ops;
pub mod store;
pub mod web;
