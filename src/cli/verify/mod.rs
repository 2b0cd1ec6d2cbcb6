//! `atlas verify`: runs the checklist, prints the report, and has the server keep it.

mod junit;
mod report_text;
mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use url::Url;

use super::args::EnvironmentArgs;
use super::confirm::require_confirmation;
use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{Printer, Render, print_error};
use super::settings::app_url;
use crate::app::error::ErrorContext;
use crate::config::{self, Flags, Settings, Severity, parse_url};
use crate::domain::EnvironmentKind;
use crate::ops::protocol::report::VerifyReport;
use crate::ops::protocol::verify::ReportKept;
use crate::ops::verify::{Endpoint, RouteProbe, ServerError, Target, run_checklist};
use crate::store::migrations::Migrations;
use crate::web::{self, Access, Route, route_table};

#[derive(Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// Address of the deployment [default: app_url]
    #[arg(long, value_name = "URL", value_parser = parse_url)]
    url: Option<Url>,
    /// Certificate authorities (PEM) to trust instead of the public ones
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Beginning of the digest of the binary that must run [default: releases/current, on the server's machine]
    #[arg(long, value_name = "DIGEST", value_parser = parse_digest)]
    expect_release: Option<String>,
    /// Name of the environment, required for production
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
    /// In production, include checks that change data: sign up a temporary user, send events
    #[arg(long)]
    all: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Also write a JUnit XML report
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
}

pub(super) fn run(args: VerifyArgs, migrations: Migrations) -> ExitStatus {
    let printer = Printer::new(args.json);
    verify(args, migrations, printer).unwrap_or_else(|error| printer.print_failure(&error))
}

fn verify(args: VerifyArgs, migrations: Migrations, printer: Printer) -> Result<ExitStatus, CommandError> {
    let VerifyArgs { environment, url, ca_file, expect_release, confirm, all, json: _, junit } = args;
    let settings = load_settings(&environment.flags())?;
    require_confirmation(&settings, confirm.as_deref())?;
    let interrupted = Arc::new(AtomicBool::new(false));
    let endpoint = endpoint(&settings, url, ca_file.as_deref(), Arc::clone(&interrupted))?;
    let runtime = runtime()?;
    runtime.spawn(watch_signals(Arc::clone(&interrupted)));
    let mut server = server::connect(&settings, &endpoint, &runtime).map_err(CommandError::refused)?;
    let target = Target {
        newest_schema: migrations.newest_schema(),
        endpoint,
        is_remote: server.is_remote(),
        expected_release: expect_release,
        security_headers: security_headers(),
        protected_routes: protected_routes(),
        admin_routes: route_table(true, true).iter().filter(|route| route.access == Access::Admin).map(probe).collect(),
        test_routes: test_routes(),
        may_change_data: all || settings.environment.kind() != EnvironmentKind::Production,
        settings: &settings,
    };
    let report = run_checklist(&target, server.as_dyn());
    if let Some(path) = junit {
        let written = std::fs::write(&path, junit::to_xml(&report));
        written.map_err(|error| CommandError::io(path.display(), error))?;
    }
    let printed = printer.print_answer(&report);
    if interrupted.load(Ordering::Relaxed) {
        print_error("interrupted; nothing was left behind, report not saved");
        return Ok(ExitStatus::Refused);
    }
    print_error(kept_text(server.as_dyn().keep_report(report.clone()), &report));
    printed?;
    Ok(report.exit_status())
}

impl Render for VerifyReport {
    fn to_text(&self) -> String {
        report_text::to_text(self)
    }

    fn exit_status(&self) -> ExitStatus {
        if self.passed {
            ExitStatus::Success
        } else if self.failed().is_empty() {
            // Nothing is known to be wrong, but the server was not asked.
            ExitStatus::Unreachable
        } else {
            ExitStatus::Refused
        }
    }
}

/// The settings of the environment. Unlike for other commands, conflicts with other environments don't stop this one: a
/// check reports them. With an operator token, settings that only the server needs may be missing.
fn load_settings(flags: &Flags) -> Result<Settings, CommandError> {
    let variables = config::process_variables()?;
    let mut checked = config::check(flags, &variables)?;
    let has_token = checked.raw.get(config::keys::OPERATOR_TOKEN).is_some();
    if checked.settings.is_none() && has_token {
        checked = config::check(&Flags { remote: true, ..flags.clone() }, &variables)?;
    }
    for problem in checked.problems.iter().filter(|problem| problem.severity == Severity::Error) {
        print_error(format_args!("error: {}", problem.message));
    }
    checked.settings.ok_or(CommandError::Reported(ExitStatus::Configuration))
}

fn endpoint(
    settings: &Settings,
    url: Option<Url>,
    ca_file: Option<&Path>,
    interrupted: Arc<AtomicBool>,
) -> Result<Endpoint, CommandError> {
    let base = match url {
        Some(url) if !matches!(url.scheme(), "http" | "https") => {
            return Err(CommandError::refused(format_args!("--url {url} must begin with https:// or http://")));
        }
        Some(url) => url,
        None => app_url(settings, settings.listen)?,
    };
    let credentials = settings.basic_auth.as_ref();
    Ok(Endpoint {
        base,
        authorities: ca_file.map(read_authorities).transpose()?.unwrap_or_default(),
        basic_auth: credentials.map(|auth| (auth.user.clone(), auth.password.reveal().to_owned())),
        interrupted,
    })
}

/// The certificates in a PEM file, as DER.
fn read_authorities(path: &Path) -> Result<Vec<Vec<u8>>, CommandError> {
    let certificates = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = certificates.map_err(|error| {
        let message = format!("{}: {error}", path.display());
        CommandError::Settings(ErrorContext::new(message, error).into())
    })?;
    if certificates.is_empty() {
        let message = format!("{}: the file contains no certificate", path.display());
        return Err(CommandError::Settings(message.into()));
    }
    Ok(certificates.iter().map(|certificate| certificate.to_vec()).collect())
}

fn probe(route: &Route) -> RouteProbe {
    RouteProbe { method: route.method.to_string(), path: route.path.to_owned() }
}

/// The security headers that do not depend on the environment.
fn security_headers() -> Vec<(String, String)> {
    let headers = web::http::security_headers::security_headers(None, false);
    let pairs = headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()));
    pairs.collect()
}

/// Every page, file and JSON route for browsers. Health is open, and the operator's route has its own secret.
fn protected_routes() -> Vec<RouteProbe> {
    let is_protected =
        |route: &&Route| route.method.as_str() == "GET" && !matches!(route.access, Access::Probe | Access::Operator);
    route_table(false, false).iter().filter(is_protected).map(probe).collect()
}

/// At least as much of a digest as a release's name has.
fn parse_digest(text: &str) -> Result<String, &'static str> {
    let is_digest = (12..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest { Ok(text.to_ascii_lowercase()) } else { Err("expected 12 to 64 hexadecimal digits") }
}

/// The routes that exist only with captured mail or test endpoints.
fn test_routes() -> Vec<RouteProbe> {
    let regular = route_table(false, false);
    let is_extra =
        |route: &&Route| !regular.iter().any(|other| other.path == route.path && other.method == route.method);
    route_table(true, true).iter().filter(is_extra).map(probe).collect()
}

fn runtime() -> Result<Runtime, CommandError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.map_err(|error| CommandError::io("starting the runtime", error))
}

/// The first signal ends the checklist in order. A second one ends it at once, and the server cleans up.
async fn watch_signals(interrupted: Arc<AtomicBool>) {
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

/// Whether the server has kept the report, which does not change the result of the checklist.
fn kept_text(kept: Result<ReportKept, ServerError>, report: &VerifyReport) -> String {
    let kept = match kept {
        Ok(kept) => kept,
        Err(error) => return format!("report not saved: {error}"),
    };
    let result = if kept.good { "known-good" } else { "not known-good" };
    let why = match (kept.good, kept.approved) {
        (true, true) if !report.missing.is_empty() => ": staging passed the same binary",
        (false, _) if report.passed => ": skipped checks may hide problems",
        _ => "",
    };
    format!("Saved report; release {} is {result}{why}", kept.release)
}
