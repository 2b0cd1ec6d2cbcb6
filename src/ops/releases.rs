//! `atlas release`, as one list of verbs with their answers.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::app::{Error, releases};
use crate::domain::release::{Release, known_good};
use crate::store::releases::Folder;

/// A verb of `atlas release`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// What ran, what passed, what is kept.
    List,
    /// Keeps one however old it gets, or no longer.
    Keep {
        /// The beginning of its digest, or its version.
        name: String,
        /// False to let it go again.
        keep: bool,
    },
}

/// Does what the verb says. It needs only the folder, so it is the same whether a server runs or not.
///
/// # Errors
/// What the use case refuses.
pub fn obey(folder: &Folder, verb: Verb) -> Result<Value, Error> {
    match verb {
        Verb::List => {
            let all = releases::list(folder)?;
            // The newest of those that started is what runs, or ran last.
            let last = all.first().map(|one| one.digest.as_str());
            let good = known_good(&all, last).map(|one| one.digest.as_str());
            let shown = all.iter().map(|one| shown(folder, one, last, good));
            Ok(json!({ "releases": shown.collect::<Vec<_>>(), "current": std::fs::read_link(folder.current()).ok() }))
        }
        Verb::Keep { name, keep } => Ok(shown(folder, &releases::pin(folder, &name, keep)?, None, None)),
    }
}

fn shown(folder: &Folder, one: &Release, last: Option<&str>, good: Option<&str>) -> Value {
    let binary = folder.binary(one);
    json!({
        "id": one.id(), "digest": one.digest, "version": one.version, "schema": one.schema,
        "firstStarted": one.first_started, "lastStarted": one.last_started,
        "verification": one.verification, "knownGood": one.is_known_good(), "snapshot": one.snapshot,
        "binary": binary.exists().then_some(binary), "pinned": one.pinned,
        "ranLast": last == Some(one.digest.as_str()), "rollbackGoesHere": good == Some(one.digest.as_str()),
    })
}
