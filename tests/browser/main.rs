//! Atlas as people meet it: the real binary, in a real Chromium.
//!
//! Every story starts a server of its own on a fresh data file and a browser of its own, and knows nothing of the
//! code behind the pages: what it says can be done is done with what is on the screen. `tests/run` finds or installs
//! the browser and the programs that look at pages.
//!
//! | file | what it holds |
//! |---|---|
//! | `journey` | from signing up to a ticked habit, with and without JavaScript, on a desktop and a phone |
//! | `account` | settings that count at once, and a file that is brought back |
//! | `admin` | who may open the admin pages, and what is done there |
//! | `habits` | a habit's life, the calendar, and settings |
//! | `offline` | ticks and the list without a server, undo, and keys |
//! | `gate` | what works behind the shared credentials |
//! | `sentry` | errors in the browser, as they arrive at Sentry |
//! | `two_factor` | a second factor: set up, signed in with, lost and switched off |
//! | `mistakes` | what people see when Atlas says no |
//! | `faultless` | no page has a fault that a program can find, wherever `tour` comes past |
//! | `axe`, `markup`, `nu` | the programs that look: axe-core at the page, html-validate and the Nu checker at what was sent |
//! | `forced` | what is left when the system's own colours replace the page's, seen in pictures |
//! | `keyboard` | everything by keys alone: what is reached in which order, and that it can be seen |
//! | `lighthouse` | what Lighthouse measures, when `ATLAS_TESTS=long` |
//! | `tour` | a walk past every page in every state; new pages belong here |
//! | `every_page` | what holds on every page: width, targets, silence, no strangers |
//! | `seeded` | a data file planted by `atlas seed` |
//! | `person` | somebody who visits, types, presses and sees |
//! | `authenticator` | the app that shows codes |
//! | `browser`, `server`, `program` | what a story runs |
//! | `ingest` | a Sentry that keeps what it is sent |
//! | `tools` | what `tests/run` installs from npm |

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr)]

mod account;
mod admin;
#[path = "../it/authenticator.rs"]
mod authenticator;
mod axe;
mod browser;
mod every_page;
mod faultless;
mod forced;
mod gate;
mod habits;
#[path = "../it/ingest.rs"]
#[allow(dead_code, reason = "stories about the server want more of it")]
mod ingest;
mod journey;
mod keyboard;
mod lighthouse;
mod markup;
mod mistakes;
mod nu;
mod offline;
mod person;
mod program;
mod seeded;
mod sentry;
mod server;
mod tools;
mod tour;
mod two_factor;
