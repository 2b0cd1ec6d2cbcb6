//! Atlas as people meet it: the real binary, in a real Chromium.
//!
//! Every story starts a server of its own on a fresh data file and a browser of its own, and knows nothing of the
//! code behind the pages: what it says can be done is done with what is on the screen. `tests/run` finds or installs
//! the browser.
//!
//! | file | what it holds |
//! |---|---|
//! | `journey` | from signing up to a ticked habit, with and without JavaScript, on a desktop and a phone |
//! | `account` | settings that count at once, and a file that is brought back |
//! | `habits` | a habit's life, the calendar, and settings |
//! | `offline` | ticks and the list without a server, undo, and keys |
//! | `mistakes` | what people see when Atlas says no |
//! | `every_page` | what holds on every page: width, targets, silence, no strangers |
//! | `seeded` | a data file planted by `atlas seed` |
//! | `person` | somebody who visits, types, presses and sees |
//! | `browser`, `server`, `program` | what a story runs |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod account;
mod browser;
mod every_page;
mod habits;
mod journey;
mod mistakes;
mod offline;
mod person;
mod program;
mod seeded;
mod server;
