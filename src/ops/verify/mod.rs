//! `atlas verify`: the checklist of an environment, run against the running deployment over HTTP, like a person.
//!
//! One file per group of items. What only the server knows is asked over the control socket, or from another machine with
//! the operator token ([`remote`]); [`desk`] answers either way.
//!
//! One thing is not looked at: that an address on the list of admins opens nothing while its account is not confirmed. The
//! disposable person's address is minted anew each time and is never on that list, which is configuration. Putting it there
//! for a while would make a checklist a way to become an admin, and signing up an address that is there would take it from
//! the person whose it is. What the checklist can see it does: nobody signs in before their address is confirmed (`auth`),
//! and whoever is not on the list is kept out of every route of admins (`admin`). That both hold for one who is on the list
//! is decided by the same lines of code, and stories that write such an account into a file show it.

mod certificate;
mod deployment;
pub mod desk;
mod doors;
mod machine;
mod people;
pub mod remote;
mod report;
mod sentry;
mod visitor;

use std::collections::BTreeSet;
use std::time::Instant;

use serde_json::Value;

use crate::config::Settings;
pub use report::{Finding, Report, Skip, State, ends_of};
use visitor::Visitor;
pub use visitor::Way;

/// Why an item did not pass.
#[derive(Debug)]
pub enum Short {
    /// Something is wrong.
    Failed {
        /// What was expected.
        expected: String,
        /// What was seen.
        seen: String,
        /// What to do.
        remedy: String,
    },
    /// Something is not as it should be for long.
    Warned(String),
    /// It was not looked at, and why.
    Skipped(Skip, String),
}

impl Short {
    fn failed(expected: impl Into<String>, seen: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Failed { expected: expected.into(), seen: seen.into(), remedy: remedy.into() }
    }

    /// Nothing of the kind is asked for here.
    fn not_asked(why: impl Into<String>) -> Self {
        Self::Skipped(Skip::NotAsked, why.into())
    }

    /// Nobody could be asked who knows.
    fn no_answer(why: impl Into<String>) -> Self {
        Self::Skipped(Skip::NoAnswer, why.into())
    }
}

/// What an item says: a remark, or why it did not pass.
type Looked = Result<String, Short>;

/// A route that the checklist knocks at.
#[derive(Debug, Clone)]
pub struct Knock {
    /// The method.
    pub method: String,
    /// The path, with `{name}` for a part that varies.
    pub path: String,
}

impl Knock {
    /// The path with something in every part that varies.
    fn address(&self) -> String {
        let parts = self.path.split('/').map(|part| if part.starts_with('{') { NOBODY } else { part });
        parts.collect::<Vec<_>>().join("/")
    }
}

/// An id that nothing has.
const NOBODY: &str = "00000000-0000-7000-8000-000000000000";

/// What the checklist looks at.
pub struct Subject<'a> {
    /// What is configured.
    pub settings: &'a Settings,
    /// How the deployment is reached.
    pub way: Way,
    /// Every route of admins.
    pub admin_routes: Vec<Knock>,
    /// Every route that exists for tests only.
    pub test_routes: Vec<Knock>,
    /// Whether people are signed up and events sent; otherwise it only looks.
    pub acts: bool,
    /// Whether the server runs on another machine, so that nothing of it can be looked up here.
    pub is_remote: bool,
}

/// Asks the server; `None` when nobody listens at its socket and there is no token, and the words of a refusal otherwise.
pub type Asking<'a> = &'a mut dyn FnMut(desk::Verb) -> Option<Result<Value, String>>;

/// A checklist on its way.
struct Run<'a> {
    subject: &'a Subject<'a>,
    ask: Asking<'a>,
    /// What the server knows of itself, or why nobody told it.
    facts: Result<Value, String>,
    /// The disposable person, once they are signed in.
    person: Option<people::Person>,
    /// Whether the server keeps a place for a disposable person.
    has_begun: bool,
    /// Whether the deployment can be talked to at all.
    is_reached: bool,
}

impl Run<'_> {
    /// What the server knows of itself.
    fn facts(&self) -> Result<&Value, Short> {
        self.facts.as_ref().map_err(Short::no_answer)
    }

    fn asked(&mut self, verb: desk::Verb) -> Result<Value, Short> {
        self.facts()?;
        let (expected, remedy) = ("an answer of the server to its operator", "read the server's log");
        match (self.ask)(verb) {
            Some(Ok(value)) => Ok(value),
            Some(Err(why)) => Err(Short::failed(expected, why, remedy)),
            None => Err(Short::failed(expected, "nobody listens there any more", remedy)),
        }
    }

    fn stranger(&self) -> Visitor {
        Visitor::new(&self.subject.way)
    }
}

/// An item of the checklist.
struct Item {
    id: &'static str,
    title: &'static str,
    /// What must not have failed before.
    needs: &'static [&'static str],
    /// Whether it leaves traces while it runs.
    acts: bool,
    look: fn(&mut Run<'_>) -> Looked,
}

macro_rules! items {
    ($($id:literal $title:literal [$($need:literal),*] $acts:literal $look:path;)*) => {
        &[$(Item { id: $id, title: $title, needs: &[$($need),*], acts: $acts, look: $look },)*]
    };
}

/// In the order in which they are looked at.
const ITEMS: &[Item] = items! {
    "tls"            "TLS is sound, and stays so"                     []              false certificate::tls;
    "health"         "The deployment is well, and it is this one"     ["tls"]         false deployment::health;
    "schema"         "File and binary agree on the schema"            ["tls"]         false deployment::schema;
    "clock"          "Its clock is right"                             ["tls"]         false deployment::clock;
    "isolation"      "It shares nothing with other environments"      []              false machine::isolation;
    "snapshot"       "A proven snapshot is there, and young enough"   []              false machine::snapshot;
    "disk"           "There is room on the disk"                      []              false machine::disk;
    "gate"           "Strangers and robots stay outside"              ["tls"]         false doors::gate;
    "headers"        "Answers carry their security headers"           ["tls"]         false doors::headers;
    "test-endpoints" "Nothing for tests is open"                      ["tls"]         false doors::test_endpoints;
    "sentry"         "Errors arrive where they are read"              ["tls"]         true  sentry::arrives;
    "auth"           "A person signs up, confirms, signs in and out"  ["tls"]         true  people::auth;
    "habits"         "A person keeps a habit"                         ["tls", "auth"] true  people::habits;
    "admin"          "The admin's pages are closed to others"         ["tls", "auth"] true  doors::admin;
};

/// Runs every item, and removes the disposable person whatever happened.
pub fn run<'a>(subject: &'a Subject<'a>, ask: Asking<'a>) -> Report {
    let began = Instant::now();
    let facts = ask(desk::Verb::Facts).unwrap_or_else(|| Err(nobody(subject.settings)));
    let mut run = Run { subject, ask, facts, person: None, has_begun: false, is_reached: true };
    let mut blocked = BTreeSet::new();
    let mut findings = Vec::new();
    for item in ITEMS {
        let finding = look_at(&mut run, item, &blocked);
        // A certificate that ends soon keeps nobody from looking at the rest.
        let is_in_the_way = item.id != "tls" || !run.is_reached;
        if finding.is_blocked() || finding.state == State::Failed && is_in_the_way {
            blocked.insert(item.id);
        }
        findings.push(finding);
    }
    let left = people::leave(&mut run);
    Report::of(&run, findings, left, began.elapsed())
}

/// That nobody can be asked what only the server knows, and what to do about it.
fn nobody(settings: &Settings) -> String {
    let socket = crate::ops::control::socket_of(&settings.data_file);
    format!(
        "nobody answers at {}: run it where the server runs, as its user, or set ATLAS_OPERATOR_TOKEN there and here",
        socket.display()
    )
}

fn look_at(run: &mut Run<'_>, item: &Item, blocked: &BTreeSet<&str>) -> Finding {
    let began = Instant::now();
    let cause = item.needs.iter().find(|need| blocked.contains(**need));
    let looked = match cause {
        Some(cause) => return Finding::because_of(item.id, item.title, cause),
        None if item.acts && !run.subject.acts => {
            Err(Short::Skipped(Skip::ReadOnly, "production is only looked at; --all does this, too".to_owned()))
        }
        None => (item.look)(run),
    };
    Finding::of(item.id, item.title, looked, began.elapsed())
}
