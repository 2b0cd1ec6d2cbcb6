//! Atlas: a habit tracker that a small team hosts itself, as one binary with one data file per environment.
//!
//! # The house
//!
//! Floors, from bottom to top. A module uses only what is below it; `tests/it/architecture.rs` fails when an import
//! points up. The same nouns stand on every floor: accounts, sessions, habits, completions.
//!
//! | floor | rooms | what they know |
//! |---|---|---|
//! | ground | [`domain`] | what is true, and when Atlas says no; no I/O, no clock, no randomness |
//! | first | [`config`] | what the operator wrote and what it means; the only reader of the process environment |
//! | | [`store`] | the data file; redb lives here only |
//! | | [`pages`] | what people see; maud and the assets live here only |
//! | | [`mail`] | handing mail to a relay; SMTP lives here only |
//! | | [`observe`] | logs, the last requests, numbers, Sentry, and the service manager |
//! | second | [`app`] | the use cases: one decision, one transaction |
//! | third | [`web`] | HTTP in, HTTP out; warp and hyper live here only |
//! | | [`ops`] | what an operator does |
//! | top | [`cli`] | words typed in a terminal, one file per command |
//!
//! # Two walks through it
//!
//! A tick: `web::serve` accepts the connection, `web::front` checks and numbers the request, `web::dispatch` finds the
//! route in `web::routes` and the member, `web::api::completions` parses and asks [`app::completions`], which decides
//! in one write to the [`store`] with the rule of [`domain::completion`]. The answer goes back the same way. A page that nothing
//! was committed for since it was rendered comes from `web::cache` instead.
//!
//! A command: `main` hands the words to [`cli`], which settles the [`config`], opens the [`store`] of exactly that
//! environment through [`ops::fence`], and calls [`app`] or [`ops`]. When a server has the file, the order goes to it through [`ops::control`].

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod mail;
pub mod observe;
pub mod ops;
pub mod pages;
pub mod store;
pub mod web;
