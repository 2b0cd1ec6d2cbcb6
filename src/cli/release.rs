//! `atlas release`: what ran, what passed its verification, what is kept, and carrying staging's word to production.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::{Value, json};

use super::answer;
use super::{Asked, Exit, complain, open, say};
use crate::app::Error;
use crate::config::Flags;
use crate::ops::releases::{self, Verb};
use crate::ops::set;

/// The words after `atlas release`.
#[derive(Subcommand)]
pub enum ReleaseVerb {
    /// List them, the one that started last first
    List(Asked),
    /// Keep one however old it gets
    Keep {
        /// The beginning of its digest, or its version
        #[arg(value_name = "RELEASE")]
        name: String,
        /// Let it go again when its time comes
        #[arg(long)]
        no_longer: bool,
        #[command(flatten)]
        asked: Asked,
    },
    /// Write staging's signed report on a binary to a file, for production
    Export {
        /// The beginning of its digest, or its version [default: the one that started last]
        #[arg(value_name = "RELEASE")]
        name: Option<String>,
        /// The file
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        #[command(flatten)]
        asked: Asked,
    },
    /// Take such a file in, so that production may be served by the binary it is about
    Import {
        /// The file
        #[arg(value_name = "FILE")]
        from: PathBuf,
        #[command(flatten)]
        asked: Asked,
    },
}

impl ReleaseVerb {
    /// Does what the words say and tells what came of it.
    pub(super) fn run(self) -> Exit {
        let (verb, Asked { place, json }) = match self {
            Self::List(asked) => (Verb::List, asked),
            Self::Keep { name, no_longer, asked } => (Verb::Keep { name, keep: !no_longer }, asked),
            Self::Export { name, to, asked } => (Verb::Export { name, to }, asked),
            Self::Import { from, asked } => (Verb::Import { from }, asked),
        };
        run(&place.flags(None), verb, json)
    }
}

/// Does what the verb says and tells what came of it.
fn run(flags: &Flags, verb: Verb, as_json: bool) -> Exit {
    let settings = match open::settings(flags) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let told: fn(&Value) -> String = match verb {
        Verb::List => list,
        Verb::Keep { keep: true, .. } => |one| format!("release {} is kept", text(one, "id")),
        Verb::Keep { keep: false, .. } => |one| format!("release {} goes when its time comes", text(one, "id")),
        Verb::Export { .. } => |one| format!("the report on release {} is in {}", text(one, "id"), text(one, "file")),
        Verb::Import { .. } => {
            |one| format!("staging passed release {} at {}; it may serve", text(one, "id"), text(&one["report"], "at"))
        }
    };
    match releases::obey(&settings, verb) {
        Ok(mut value) => {
            set(&mut value, "environment", json!(settings.environment));
            say(if as_json { format!("{value:#}") } else { told(&value) });
            Exit::Fine
        }
        Err(Error::Refused(why)) => answer::refused(&why.to_string(), as_json),
        Err(Error::Broken(why)) => {
            complain(why);
            Exit::Configuration
        }
        Err(error) => {
            complain(error);
            Exit::InputOutput
        }
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or("–")
}

fn list(answer: &Value) -> String {
    let all = answer["releases"].as_array().map(Vec::as_slice).unwrap_or_default();
    if all.is_empty() {
        return "nothing ran here yet".to_owned();
    }
    let line = |one: &Value| {
        let verified = match &one["verification"] {
            Value::Null => "not verified".to_owned(),
            found if found["passed"] == true => format!("passed {}{}", text(found, "at"), left_out(found)),
            found => format!("failed {}", text(found, "at")),
        };
        let marks = [("ranLast", "runs or ran last"), ("rollbackGoesHere", "rollback goes here"), ("pinned", "kept")];
        let marks: Vec<&str> = marks.iter().filter(|(name, _)| one[name] == true).map(|(_, words)| *words).collect();
        let marks = if marks.is_empty() { String::new() } else { format!("  ({})", marks.join(", ")) };
        format!(
            "{}  {}  schema {}  started {}  {verified}{marks}",
            text(one, "id"),
            text(one, "version"),
            one["schema"],
            text(one, "lastStarted")
        )
    };
    all.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What a verification that passed did not look at, and whether staging stands for it.
fn left_out(found: &Value) -> String {
    let missing: Vec<&str> = found["missing"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match (missing.is_empty(), found["approved"] == true) {
        (true, _) => String::new(),
        (false, true) => " (staging passed the rest)".to_owned(),
        (false, false) => format!(" without {}", missing.join(", ")),
    }
}
