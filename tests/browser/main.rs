//! Atlas in the browser: the real binary and a real Chromium.
//!
//! Every test starts its own server on a new data file and its own browser, and does only what a user can do on the screen.
//!
//! These tests need Chromium, chromedriver, Node.js and Java, so plain `cargo test` leaves them out. `tests/run` installs what
//! is missing and runs them; `cargo test --test browser` runs them with what is installed.
//!
//! | file | contents |
//! |---|---|
//! | `onboarding` | from sign-up to the first completion, with and without JavaScript, on a desktop and a phone; password reset |
//! | `account` | settings that apply immediately, and the import of a data export |
//! | `admin` | who can open the admin pages, and disabling an account |
//! | `habits` | editing, archiving and ordering habits, the calendar, and settings without JavaScript |
//! | `calendar` | the months and the open day |
//! | `figures` | the page of a habit, on the screen and on paper |
//! | `notes` | notes written in place, and what was typed without a connection |
//! | `offline` | completions and the list of today without a server, undo, and keyboard shortcuts |
//! | `offline_day` | pages left open over midnight, and the list of a new day without a server |
//! | `captive_network` | networks that answer in place of Atlas |
//! | `week` | the rows of /today and /yesterday: how many fit, the days before, by keyboard, by tap and without JavaScript |
//! | `completion_window` | the rule that decides which days may still be changed, in Rust and in JavaScript |
//! | `basic_auth` | assets, service worker and error reports behind the shared credentials |
//! | `sentry` | browser errors as they arrive at Sentry |
//! | `two_factor` | two-factor authentication: enable, sign in, recovery codes, disable |
//! | `error_messages` | what a user sees when Atlas refuses a change |
//! | `page_checks` | accessibility, markup, layout, titles and console of every state in `page_states` |
//! | `page_states` | every page in every state; new pages belong here |
//! | `axe`, `markup`, `nu_checker` | the checkers: axe-core in the page, html-validate and the Nu HTML checker on the markup |
//! | `forced_colors` | what remains visible in forced colors, checked in screenshots |
//! | `navigation` | the bar of a phone, the sidebar, where the focus goes after a move, and the badge of the app |
//! | `keyboard` | use by keyboard alone: focus order and visible focus |
//! | `lighthouse` | Lighthouse's scores, with `ATLAS_TESTS=long` |
//! | `every_page` | width, target sizes, text spacing, console and third-party requests of every page |
//! | `screenshots` | the pictures in the README |
//! | `seeded` | a data file filled by `atlas seed` |
//! | `browser_user` | a user in front of a browser: visits, types, presses, waits |
//! | `authenticator` | an authenticator app |
//! | `meddling_proxy` | a proxy that changes answers |
//! | `browser`, `server`, `child_process` | the programs that a test starts |
//! | `fake_sentry` | a fake Sentry that records what it receives |
//! | `tools` | the npm packages that `tests/run` installs |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod account;
mod admin;
mod amounts;
#[path = "../it/authenticator.rs"]
mod authenticator;
mod axe;
mod basic_auth;
mod browser;
mod browser_user;
mod calendar;
mod captive_network;
mod child_process;
mod completion_window;
mod error_messages;
mod every_page;
#[path = "../it/fake_sentry.rs"]
#[allow(dead_code, reason = "the tests of tests/it use more of it")]
mod fake_sentry;
mod figures;
mod film;
mod forced_colors;
mod habits;
mod habits_page;
mod keyboard;
mod lighthouse;
mod markup;
mod measurements;
mod meddling_proxy;
mod navigation;
mod notes;
mod nu_checker;
mod offline;
mod offline_day;
mod onboarding;
mod page_checks;
mod page_states;
mod screenshots;
mod seeded;
mod sentry;
mod server;
mod tools;
mod two_factor;
mod week;
