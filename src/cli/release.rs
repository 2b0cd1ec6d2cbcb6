//! `atlas release`: what ran, what passed its verification, what is kept.

use clap::Subcommand;
use serde_json::{Value, json};

use super::answer;
use super::{Asked, Exit, complain, open, say};
use crate::app::Error;
use crate::config::Flags;
use crate::ops::releases::{self, Verb};
use crate::ops::set;
use crate::store::releases::Folder;

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
}

impl ReleaseVerb {
    /// Does what the words say and tells what came of it.
    pub(super) fn run(self) -> Exit {
        let (verb, Asked { place, json }) = match self {
            Self::List(asked) => (Verb::List, asked),
            Self::Keep { name, no_longer, asked } => (Verb::Keep { name, keep: !no_longer }, asked),
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
    };
    match releases::obey(&Folder::beside(&settings.data_file), verb) {
        Ok(mut value) => {
            set(&mut value, "environment", json!(settings.environment));
            say(if as_json { format!("{value:#}") } else { told(&value) });
            Exit::Fine
        }
        Err(Error::Refused(why)) => answer::refused(&why.to_string(), as_json),
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
            found if found["passed"] == true => format!("passed {}", text(found, "at")),
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
