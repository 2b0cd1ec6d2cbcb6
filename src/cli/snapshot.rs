//! `atlas snapshot`: copies of the data file, from a terminal. The same whether a server has the file or nobody has.

use clap::Subcommand;
use serde_json::Value;

use super::{Asked, Exit, control};
use crate::app::snapshots::size;
use crate::config::Flags;
use crate::ops::control::Order;
use crate::ops::snapshots::Verb;

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
        };
        run(&place.flags(None), verb, json)
    }
}

/// Does what the verb says and tells what came of it.
fn run(flags: &Flags, verb: Verb, as_json: bool) -> Exit {
    let told: fn(&Value) -> String = match verb {
        Verb::Create => |answer| format!("took and proved {}", line(answer)),
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
    lines.join("\n")
}
