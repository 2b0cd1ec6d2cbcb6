//! `atlas verify`: the checklist, and its report.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use super::answer::{self, confirmed, progress};
use super::{Exit, Place, complain, say};
use crate::config::{self, Settings, Severity};
use crate::domain::Kind;
use crate::ops::control::{Addressed, Order, Outcome, ask, is_served};
use crate::ops::verify::desk::Verb;
use crate::ops::verify::remote::Remote;
use crate::ops::verify::{Knock, Report, Subject, Way, run as look};
use crate::web::{OPERATOR_HEADER, Route, Who, table};

#[derive(Args)]
pub(super) struct Wanted {
    #[command(flatten)]
    place: Place,
    /// Where the deployment is reached [default: app_url]
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// Certificates (PEM) of authorities to trust in place of those of the Web
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The environment's name, typed; needed in production
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// In production, also do what leaves traces while it runs: sign somebody up, send events
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Also write the report as JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

/// Runs the checklist, tells what was found, and has the server keep it.
pub(super) fn run(wanted: Wanted) -> Exit {
    done(wanted).unwrap_or_else(|exit| exit)
}

fn done(wanted: Wanted) -> Result<Exit, Exit> {
    let Wanted { place, url, ca_file, confirm, all, json, junit } = wanted;
    let settings = settings(&place.flags(None))?;
    confirmed(&settings, confirm.as_deref()).map_err(|why| answer::refused(&why, json))?;
    let interrupted = Arc::new(AtomicBool::new(false));
    let way = Way {
        base: base(&settings, url)?,
        authorities: ca_file.map(|path| authorities(&path)).transpose()?.unwrap_or_default(),
        gate: settings.gate.as_ref().map(|gate| (gate.user.clone(), gate.password.reveal().to_owned())),
        interrupted: Arc::clone(&interrupted),
    };
    let mut server = Server::of(&settings, &way)?;
    let subject = Subject {
        way,
        is_remote: matches!(server, Server::Remote(_)),
        admin_routes: table(true, true).iter().filter(|route| route.who == Who::Admin).map(knock).collect(),
        test_routes: test_routes(),
        acts: all || settings.environment.kind() != Kind::Production,
        settings: &settings,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| broken(&error))?;
    runtime.spawn(watch(Arc::clone(&interrupted)));
    let report = look(&subject, &mut |verb| server.asked(&runtime, &settings, verb));
    tell(&report, json, junit)?;
    if interrupted.load(Ordering::Relaxed) {
        complain("it was interrupted; nothing was left behind, and the report is not kept");
        return Ok(Exit::Refused);
    }
    keep(server.asked(&runtime, &settings, Verb::Report(json!(report))), &report);
    Ok(match (report.passed, report.has_failed()) {
        (true, _) => Exit::Fine,
        (false, true) => Exit::Refused,
        // Nothing was found wrong, and that is not enough.
        (false, false) => Exit::Unreachable,
    })
}

/// The settings. What crosses other environments is looked at as an item, so it stops nothing here. With a token for a
/// server on another machine, what only that needs may be missing.
fn settings(flags: &config::Flags) -> Result<Settings, Exit> {
    let variables = config::process_variables();
    let checked = variables.and_then(|variables| {
        let checked = config::check(flags, &variables)?;
        let has_token = checked.written.get(config::keys::OPERATOR_TOKEN).is_some();
        if checked.settings.is_some() || !has_token {
            return Ok(checked);
        }
        config::check(&config::Flags { elsewhere: true, ..flags.clone() }, &variables)
    });
    let checked = checked.map_err(|error| {
        complain(error);
        Exit::Configuration
    })?;
    for problem in checked.problems.iter().filter(|problem| problem.severity == Severity::Error) {
        complain(format_args!("error: {}", problem.message));
    }
    checked.settings.ok_or(Exit::Configuration)
}

fn base(settings: &Settings, url: Option<Url>) -> Result<Url, Exit> {
    match url {
        Some(url) if !matches!(url.scheme(), "http" | "https") => {
            complain(format_args!("--url {url} must begin with https:// or http://"));
            Err(Exit::Refused)
        }
        Some(url) => Ok(url),
        None => super::open::app_url(settings, settings.listen),
    }
}

fn authorities(path: &std::path::Path) -> Result<Vec<Vec<u8>>, Exit> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match read {
        Ok(found) if !found.is_empty() => Ok(found.iter().map(|certificate| certificate.to_vec()).collect()),
        Ok(_) => {
            complain(format_args!("{} has no certificate in it", path.display()));
            Err(Exit::Configuration)
        }
        Err(error) => {
            complain(format_args!("{}: {error}", path.display()));
            Err(Exit::Configuration)
        }
    }
}

fn knock(route: &Route) -> Knock {
    Knock { method: route.method.to_string(), path: route.path.to_owned() }
}

/// What exists only where captured mail is read or browser tests run.
fn test_routes() -> Vec<Knock> {
    let always = table(false, false);
    let is_extra = |route: &&Route| !always.iter().any(|one| one.path == route.path && one.method == route.method);
    table(true, true).iter().filter(is_extra).map(knock).collect()
}

/// The first signal lets the checklist end in order; a second one ends it at once, and the server removes what it made.
async fn watch(interrupted: Arc<AtomicBool>) {
    let (Ok(mut terminate), Ok(mut interrupt)) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return;
    };
    loop {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if interrupted.swap(true, Ordering::Relaxed) {
            std::process::exit(1);
        }
    }
}

/// The server that is asked what only it knows.
enum Server {
    /// Over its control socket, where it runs on this machine.
    Here,
    /// Over HTTPS with the operator token.
    Remote(Box<Remote>),
}

impl Server {
    /// The one on this machine, or the one at the address where there is a token for it.
    fn of(settings: &Settings, way: &Way) -> Result<Self, Exit> {
        let token = settings.operator_token.as_ref().filter(|_| !is_served(&settings.data_file));
        let Some(token) = token else { return Ok(Self::Here) };
        let remote = Remote::at(way, OPERATOR_HEADER, token, &settings.environment);
        remote.map(|remote| Self::Remote(Box::new(remote))).map_err(|why| {
            complain(why);
            Exit::Refused
        })
    }

    fn asked(
        &mut self,
        runtime: &tokio::runtime::Runtime,
        settings: &Settings,
        verb: Verb,
    ) -> Option<Result<Value, String>> {
        if let Self::Remote(remote) = self {
            return Some(remote.ask(verb));
        }
        let order = Addressed { environment: settings.environment.clone(), order: Order::Verify(verb) };
        let outcome = runtime.block_on(ask(&settings.data_file, &order, &mut progress()));
        match outcome {
            Ok(None) => None,
            Ok(Some(Outcome::Done(value))) => Some(Ok(value)),
            Ok(Some(Outcome::Refused(why) | Outcome::Failed(why))) => Some(Err(why)),
            Ok(Some(Outcome::Working(_))) => Some(Err("the server did not finish".to_owned())),
            Err(error) => Some(Err(error.to_string())),
        }
    }
}

fn tell(report: &Report, as_json: bool, junit: Option<PathBuf>) -> Result<(), Exit> {
    if let Some(path) = junit {
        std::fs::write(&path, report.junit()).map_err(|error| {
            complain(format_args!("{}: {error}", path.display()));
            Exit::InputOutput
        })?;
    }
    say(if as_json { format!("{:#}", json!(report)) } else { report.words() });
    Ok(())
}

/// Tells whether the server has attached the report to the release it runs. That it cannot be kept changes nothing of what was found.
fn keep(answer: Option<Result<Value, String>>, report: &Report) {
    match answer {
        Some(Ok(kept)) => {
            let release = kept.get("release").and_then(Value::as_str).unwrap_or_default();
            let is = |name: &str| kept.get(name) == Some(&Value::Bool(true));
            let word = if is("good") { "known-good" } else { "not known-good" };
            let why = match (is("good"), is("approved")) {
                (true, true) if !report.missing.is_empty() => ": staging passed the same binary",
                (false, _) if report.passed => ": what was not looked at may be wrong",
                _ => "",
            };
            complain(format_args!("release {release} is {word}{why}; its report is kept"));
        }
        Some(Err(why)) => complain(format_args!("the report is not kept: {why}")),
        None => complain("the report is not kept: no server answers at the control socket"),
    }
}

fn broken(error: &dyn std::fmt::Display) -> Exit {
    complain(error);
    Exit::InputOutput
}
