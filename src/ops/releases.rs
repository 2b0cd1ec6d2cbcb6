//! `atlas release`, as one list of verbs with their answers.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::approvals::{self, Approvals, Signed, Unread};
use super::verify::ends_of;
use crate::app::clock::Clock;
use crate::app::{Error, releases};
use crate::config::{Secret, Settings};
use crate::domain::Refusal;
use crate::domain::approval::Judged;
use crate::domain::release::{Release, known_good};
use crate::store::files;
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
    /// Writes staging's word on one to a file.
    Export {
        /// The beginning of its digest, or its version; otherwise the one that started last.
        name: Option<String>,
        /// The file.
        to: PathBuf,
    },
    /// Takes such a file in, in production.
    Import {
        /// The file.
        from: PathBuf,
    },
}

/// Does what the verb says. It needs only the folder, so it is the same whether a server runs or not.
///
/// # Errors
/// What the use case refuses; [`Error::Broken`] where a setting is missing.
pub fn obey(settings: &Settings, verb: Verb) -> Result<Value, Error> {
    let folder = &Folder::beside(&settings.data_file);
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
        Verb::Export { name, to } => export(settings, folder, name.as_deref(), &to),
        Verb::Import { from } => import(settings, &from),
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

fn key(settings: &Settings) -> Result<&Secret, Error> {
    let why = "ATLAS_VERIFICATION_KEY is not set: reports are signed with it, and it must be the same in staging and in production; `openssl rand -base64 32` makes one";
    settings.verified.key.as_ref().ok_or_else(|| Error::Broken(why.to_owned()))
}

fn export(settings: &Settings, folder: &Folder, name: Option<&str>, to: &std::path::Path) -> Result<Value, Error> {
    let key = key(settings)?;
    let release = match name {
        Some(name) => releases::find(folder, name)?,
        None => releases::list(folder)?.into_iter().next().ok_or_else(|| Refusal::operating("nothing ran here yet"))?,
    };
    let approval = approvals::of(&release, items_of(folder, &release)?)?;
    let answer = json!({ "id": release.id(), "file": to, "report": approval });
    let signed = Signed::of(approval, key).ok_or_else(|| Error::Broken("the report cannot be signed".to_owned()))?;
    files::replace(to, &signed).map_err(|error| Error::Unavailable(format!("{}: {error}", to.display())))?;
    Ok(answer)
}

/// How the items of a release's last verification ended; none where it was never verified.
fn items_of(folder: &Folder, release: &Release) -> Result<Vec<Judged>, Error> {
    let path = folder.report(release);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(|report| ends_of(&report))
            .map_err(|error| Refusal::operating(format!("{} cannot be read: {error}", path.display())).into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(Error::Unavailable(format!("{}: {error}", path.display()))),
    }
}

/// Takes a report in and leaves no line in the audit trail: at that moment there may be no data file to write one in. The
/// binary that imports is the one that will serve; the file is then missing, still in an older schema that this binary must
/// not open, or held by the server of the binary before, which knows no such order. Production would have to be led on, or
/// stopped, before it could be said what lets it be led on. What was let in can be told without a line: the report is kept
/// as it was signed, with its time, and the release that serves on it is written down beside it.
fn import(settings: &Settings, from: &std::path::Path) -> Result<Value, Error> {
    if !settings.policy.asks_for_verified {
        let why = format!("“{}” asks for no reports; they are for production. Nothing was kept", settings.environment);
        return Err(Refusal::operating(why).into());
    }
    let key = key(settings)?;
    match Approvals::of(settings).import(from, key, Clock::System.now()) {
        Ok((report, kept)) => {
            let id = report.binary.get(..12).unwrap_or_default().to_owned();
            Ok(json!({ "id": id, "file": kept, "report": report }))
        }
        Err(Unread::Void(why)) => {
            Err(Refusal::operating(format!("{} does not count: {why}. Nothing was kept", from.display())).into())
        }
        Err(Unread::Io(error)) => Err(Error::Unavailable(format!("{}: {error}", from.display()))),
    }
}
