//! Integration tests about members and operators, in one binary.
//!
//! [`world::World`] is an environment on a new data file with a fixed clock. [`test_user::TestUser`] is a browser with
//! cookies on a real connection. Tests that need a process start the real binary through [`process`].

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::manual_assert,
    reason = "a test that cannot continue has failed"
)]
#![allow(
    clippy::wrong_self_convention,
    clippy::assigning_clones,
    clippy::format_push_string,
    reason = "readability matters more than speed in tests"
)]

mod abuse;
mod accounts;
mod admin;
mod amounts;
mod architecture;
mod assets;
mod authenticator;
mod background;
mod benchmarks;
mod calendar;
mod clock;
mod commands;
mod common_passwords;
mod completions;
mod compression;
mod configuration;
mod connections;
mod corruption;
#[allow(clippy::print_stdout, reason = "it prints what it measures")]
mod crash;
mod data_file;
mod deletion;
mod dependencies;
mod drill;
mod erasure;
mod exchange;
mod export_import;
mod fake_sentry;
#[allow(clippy::print_stdout, reason = "it prints the table of faults")]
mod faults;
mod first_habit;
mod frequencies;
mod fuzz;
mod habit_colors;
mod habit_labels;
mod habit_lifecycle;
mod habits;
mod handbook;
mod import_undo;
mod insights;
mod isolation;
mod log_capture;
mod logging;
mod mail;
mod mail_commands;
mod mail_templates;
mod metrics;
mod migrations;
mod notes;
mod offsite;
mod operator_commands;
mod operator_token;
mod page_cache;
mod pages;
mod past_days;
mod pasted_input;
mod pauses;
mod prefetch;
mod previews;
mod process;
mod proxies;
mod rate_limits;
mod relay;
mod relay_sessions;
mod role_matrix;
#[allow(clippy::print_stdout, reason = "it prints what it measures")]
mod rollback;
mod round_trips;
mod routes;
mod schedule_dates;
mod security;
mod seeds;
mod sentry;
mod sentry_tunnel;
mod service_manager;
mod settings;
mod sign_up_browser;
mod skips;
mod small_disk;
mod snapshots;
mod store;
mod strangers;
mod test_user;
mod text_direction;
mod third_party_relay;
#[path = "../browser/tools.rs"]
mod tools;
mod two_factor;
mod two_factor_step_up;
mod verify;
mod world;
