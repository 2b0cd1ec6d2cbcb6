//! `atlas snapshot`: copies of the data file, from a terminal. The same whether a server has the file or nobody has.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::Value;

use super::answer::{progress, rollback_to};
use super::{Asked, Exit, control, open};
use crate::app::Error;
use crate::app::clock::Clock;
use crate::app::elsewhere::Elsewhere;
use crate::app::fetch::Wanted;
use crate::app::snapshots::size;
use crate::config::Flags;
use crate::ops::control::{Order, Outcome};
use crate::ops::snapshots::{self, Verb};
use crate::store::encrypted::Key;
use crate::store::snapshots::Folder;

/// The words after `atlas snapshot`.
#[derive(Subcommand)]
pub enum SnapshotVerb {
    /// Take a snapshot and prove it
    Create(Asked),
    /// List them, the newest first
    List(Asked),
    /// Prove one again, or all
    Verify {
        /// Its name [default: all]
        #[arg(value_name = "SNAPSHOT")]
        name: Option<String>,
        #[command(flatten)]
        asked: Asked,
    },
    /// Bring a copy back from the second folder, decrypt and prove it; no data file is needed
    Fetch {
        /// Its name [default: the newest there]
        #[arg(value_name = "SNAPSHOT")]
        name: Option<String>,
        /// The folder it lies in [default: that of snapshots.copy_to]
        #[arg(long, value_name = "FOLDER")]
        from: Option<PathBuf>,
        /// The file of the private key that opens it, as age-keygen writes it
        #[arg(long, value_name = "FILE")]
        identity: Option<PathBuf>,
        #[command(flatten)]
        asked: Asked,
    },
    /// Remove one, or whatever the rule of keeping lets go
    Prune {
        /// Its name [default: what may go]
        #[arg(value_name = "SNAPSHOT")]
        name: Option<String>,
        #[command(flatten)]
        asked: Asked,
    },
}

impl SnapshotVerb {
    /// Does what the words say and tells what came of it.
    pub(super) fn run(self) -> Exit {
        let (verb, Asked { place, json }) = match self {
            Self::Create(asked) => (Verb::Create, asked),
            Self::List(asked) => (Verb::List, asked),
            Self::Verify { name, asked } => (Verb::Verify { name }, asked),
            Self::Prune { name, asked } => (Verb::Prune { name }, asked),
            Self::Fetch { name, from, identity, asked } => {
                return fetch(asked, name.as_deref(), from, identity.as_deref());
            }
        };
        run(&place.flags(None), verb, json)
    }
}

/// Brings a copy back. It touches the folder of snapshots only, so it needs neither a server nor a data file.
fn fetch(Asked { place, json }: Asked, name: Option<&str>, from: Option<PathBuf>, identity: Option<&Path>) -> Exit {
    let settings = match open::settings(&place.flags(None)) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let done = control::recognised(&settings, true).and_then(|()| {
        let elsewhere = Elsewhere::of(&settings);
        let from = from.map(Folder::elsewhere).or_else(|| elsewhere.as_ref().map(Elsewhere::folder));
        let from = from.ok_or((
            Exit::Refused,
            "snapshots.copy_to names no second folder; name the folder of the copy with --from".to_owned(),
        ))?;
        let key = match identity {
            Some(file) => Some(
                Key::of_file(file)
                    .map_err(|error| (Exit::InputOutput, format!("the private key in {}: {error}", file.display())))?,
            ),
            None => settings.snapshots.passphrase.as_ref().map(|words| Key::passphrase(words.reveal())),
        };
        let to = Folder::beside(&settings.data_file);
        let wanted = Wanted { from: &from, to: &to, environment: &settings.environment, name, key: key.as_ref() };
        match snapshots::fetch(&wanted, &Clock::System, &mut progress()) {
            Ok(value) => Ok(Outcome::Done(value)),
            Err(Error::Refused(refusal)) => Ok(Outcome::Refused(refusal.to_string())),
            Err(error) => Ok(Outcome::Failed(error.to_string())),
        }
    });
    control::told(&settings, done, json, |answer| {
        let id = answer["id"].as_str().unwrap_or("–");
        let next = rollback_to(&settings.environment.to_string(), id);
        format!("fetched and proved {}\nput it in place with: {next}", line(answer))
    })
}

/// Does what the verb says and tells what came of it.
fn run(flags: &Flags, verb: Verb, as_json: bool) -> Exit {
    let told: fn(&Value) -> String = match verb {
        Verb::Create => |answer| {
            let copied = match (answer["copied"].as_bool(), answer["copyFailed"].as_str()) {
                (Some(true), _) => "\ncopied to the second folder".to_owned(),
                (_, Some(why)) => format!("\nnot copied to the second folder: {why}"),
                _ => String::new(),
            };
            format!("took and proved {}{copied}", line(answer))
        },
        Verb::List => list,
        Verb::Verify { .. } => |answer| {
            let proven = answer["proven"].as_array().map(Vec::as_slice).unwrap_or_default();
            let mut lines: Vec<String> = proven.iter().map(|one| format!("proved {}", line(one))).collect();
            lines.push(format!("{} proven", proven.len()));
            lines.join("\n")
        },
        Verb::Prune { .. } => |answer| {
            let gone = answer["removed"].as_array().map(Vec::as_slice).unwrap_or_default();
            let mut lines: Vec<String> =
                gone.iter().filter_map(Value::as_str).map(|id| format!("removed {id}")).collect();
            lines.push(format!("{} removed, {} left", gone.len(), answer["left"]));
            lines.join("\n")
        },
    };
    control::carry_out(flags, Order::Snapshot(verb), as_json, told)
}

fn line(one: &Value) -> String {
    let text = |name: &str| one[name].as_str().unwrap_or("–").to_owned();
    let bytes = size(one["bytes"].as_u64().unwrap_or(0));
    format!("{}  {bytes:>9}  schema {}  {}", text("id"), one["schema"], text("reason"))
}

fn list(answer: &Value) -> String {
    let of = |name: &str| answer[name].as_array().cloned().unwrap_or_default();
    let mut lines: Vec<String> = of("snapshots").iter().map(line).collect();
    let unproven = of("unproven");
    lines.extend(
        unproven
            .iter()
            .filter_map(Value::as_str)
            .map(|id| format!("{id}  not proven: `atlas snapshot verify {id}` does it")),
    );
    lines.extend(of("unreadable").iter().map(|one| format!("{}: {}", one["file"], one["why"])));
    lines.push(format!("{} in {}", of("snapshots").len(), answer["folder"].as_str().unwrap_or("–")));
    if let Some(copies) = answer.pointer("/elsewhere/snapshots").and_then(Value::as_array) {
        lines.extend(copies.iter().map(|one| {
            let encrypted = if one["encrypted"] == true { "  encrypted" } else { "" };
            format!("{}{encrypted}", line(one))
        }));
        lines.push(format!(
            "{} in {}",
            copies.len(),
            answer.pointer("/elsewhere/folder").and_then(Value::as_str).unwrap_or("–")
        ));
    }
    lines.join("\n")
}
