//! Stories about people and operators, in one binary.
//!
//! [`world::World`] is an environment on a fresh file with a clock that stands still; [`person::Person`] is a browser
//! with cookies, on a real connection. Stories that need a process start the real binary through [`process`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::manual_assert,
    reason = "a story that cannot go on has failed"
)]
#![allow(
    clippy::wrong_self_convention,
    clippy::assigning_clones,
    clippy::format_push_string,
    reason = "stories read as sentences; nothing here is hot"
)]

mod abuse;
mod accounts;
mod admin;
mod architecture;
mod assets;
mod authenticator;
mod background;
mod benchmarks;
mod calendar;
mod clock;
mod commands;
mod completions;
mod compression;
mod configuration;
mod connections;
mod cramped;
#[allow(clippy::print_stdout, reason = "it says what it measured")]
mod crash;
mod damage;
mod data_file;
mod deletion;
mod dependencies;
mod drill;
mod elsewhere;
#[allow(clippy::print_stdout, reason = "it prints the table of faults")]
mod faults;
mod fence;
mod fuzz;
mod habits;
mod ingest;
mod insights;
mod letters;
mod lifecycle;
mod limits;
mod log;
mod logs;
mod mail;
mod mail_commands;
mod matrix;
mod metrics;
mod migrations;
mod operator;
mod operators;
mod page_cache;
mod pages;
mod person;
mod portable;
mod previews;
mod process;
mod readme;
mod relay;
#[allow(clippy::print_stdout, reason = "it says what it measured")]
mod rollback;
mod routes;
mod security;
mod seeds;
mod sentry;
mod snapshots;
mod store;
mod supervised;
mod third_party_relay;
#[path = "../browser/tools.rs"]
mod tools;
mod tunnel;
mod two_factor;
mod two_factor_proofs;
mod verify;
mod world;
