//! `atlas migrate`: the schema of a data file that no server has.

use clap::Subcommand;
use serde_json::{Value, json};

use super::answer::{self, confirmed, progress};
use super::{Asked, Exit, complain, open, say};
use crate::app::Error;
use crate::app::clock::Clock;
use crate::app::elsewhere::Elsewhere;
use crate::config::Flags;
use crate::ops::fence;
use crate::ops::migrations::{self, Place, Stayed};
use crate::ops::set;
use crate::store::OpenError;

/// The words after `atlas migrate`.
#[derive(Subcommand)]
pub enum MigrateVerb {
    /// Show the file's schema and the steps this binary knows
    Status(Asked),
    /// Lead it up
    Up {
        /// To which schema [default: the newest]
        #[arg(long, value_name = "SCHEMA")]
        to: Option<u32>,
        #[command(flatten)]
        asked: Asked,
    },
    /// Lead it back down, for an older binary; what that loses is counted first
    Down {
        /// To which schema
        #[arg(long, value_name = "SCHEMA")]
        to: u32,
        /// The environment's name, typed; needed in production
        #[arg(long, value_name = "NAME")]
        confirm: Option<String>,
        #[command(flatten)]
        asked: Asked,
    },
}

impl MigrateVerb {
    /// Does what the words say and tells what came of it.
    pub(super) fn run(self) -> Exit {
        let (verb, Asked { place, json }) = match self {
            Self::Status(asked) => (Verb::Status, asked),
            Self::Up { to, asked } => (Verb::Up(to), asked),
            Self::Down { to, confirm, asked } => (Verb::Down(to, confirm), asked),
        };
        run(&place.flags(None), &verb, json)
    }
}

/// What is wanted.
enum Verb {
    /// Where the file stands.
    Status,
    /// Up, to the newest schema or this one.
    Up(Option<u32>),
    /// Down to this one, with the environment's name typed.
    Down(u32, Option<String>),
}

/// Does it and tells what came of it.
fn run(flags: &Flags, verb: &Verb, as_json: bool) -> Exit {
    let settings = match open::settings(flags) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    match fence::recognise(&settings) {
        // Another schema is what this is about; a server that has the file is told of below.
        Ok(())
        | Err(fence::Error::Open(OpenError::Older { .. } | OpenError::Newer { .. } | OpenError::Locked { .. })) => {}
        Err(error) => {
            complain(&error);
            return open::exit_of(&error);
        }
    }
    let elsewhere = Elsewhere::of(&settings);
    let place = Place {
        data_file: &settings.data_file,
        environment: &settings.environment,
        clock: &Clock::System,
        elsewhere: elsewhere.as_ref(),
    };
    let done = match verb {
        Verb::Status => migrations::status(&place),
        Verb::Up(to) => migrations::up(&place, *to, &mut progress()),
        Verb::Down(to, typed) => match migrations::losses(&place, *to) {
            Ok(losses) => {
                for loss in &losses {
                    complain(format_args!("going down to schema {to} loses {} {}", loss.number, loss.what));
                }
                if let Err(why) = confirmed(&settings, typed.as_deref()) {
                    return answer::refused(&why, as_json);
                }
                migrations::down(&place, *to, &mut progress())
            }
            Err(stayed) => Err(stayed),
        },
    };
    match done {
        Ok(mut value) => {
            set(&mut value, "environment", json!(settings.environment));
            say(if as_json { format!("{value:#}") } else { words(&value) });
            Exit::Fine
        }
        Err(Stayed::Open(error)) => {
            complain(&error);
            open::exit_of(&error.into())
        }
        Err(Stayed::App(Error::Refused(why))) => answer::refused(&why.to_string(), as_json),
        Err(Stayed::App(error)) => {
            complain(error);
            Exit::InputOutput
        }
    }
}

fn words(value: &Value) -> String {
    match (value["changed"].as_bool(), value["steps"].as_array()) {
        (Some(false), _) => format!("the data file has schema {} already", value["to"]),
        (Some(true), _) => format!(
            "the data file went from schema {} to {}; snapshot {} shows it as it was",
            value["from"],
            value["to"],
            value["snapshot"].as_str().unwrap_or("–")
        ),
        (None, steps) => {
            let mut lines = vec![format!("schema {} (this binary: {})", value["schema"], value["known"])];
            for step in steps.into_iter().flatten() {
                let mark = if step["applied"] == true { "applied" } else { "pending" };
                lines.push(format!("{mark}  {}  {}", step["to"], step["about"].as_str().unwrap_or("")));
            }
            lines.join("\n")
        }
    }
}
