//! `atlas serve`: one environment, until it is stopped.

mod background;
mod data_file;
mod listen;
mod shutdown;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::args::EnvironmentArgs;
use super::confirm::is_confirmed;
use super::error::CommandError;
use super::exit_status::ExitStatus;
use super::printer::{Printer, print};
use super::settings::{app_url, load_settings};
use crate::app::backup::{releases, snapshots};
use crate::app::clock::Clock;
use crate::app::{App, audit};
use crate::config::{self, Flags, Secret, Settings};
use crate::domain::Client;
use crate::domain::accounts::audit::{Actor, AuditAction};
use crate::domain::backup::approval::Approval;
use crate::observe;
use crate::observe::supervisor::Supervisor;
use crate::ops::context::OperatorContext;
use crate::ops::isolation::{self, DataFile, PeerComparison};
use crate::ops::rollback::interrupted;
use crate::ops::verify::agent;
use crate::ops::{approvals, previews};
use crate::store::PidFile;
use crate::store::migrations::Migrations;
use crate::web::server::connections::{self, ConnectionLimits};
use crate::web::{self, Operator, WebState};
use listen::listen;
use shutdown::{Signals, serve_until_stopped, wait_for_commands};

/// How long the runtime waits for blocking work when the server has stopped; what still runs then was cut off on purpose.
const RUNTIME_TIMEOUT: Duration = Duration::from_secs(1);

#[derive(Args)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    environment: EnvironmentArgs,
    /// Address and port to listen on, e.g. 127.0.0.1:3000
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Log filter, e.g. info or atlas=debug
    #[arg(long, value_name = "FILTER")]
    log: Option<String>,
    /// Log format: auto, pretty or json
    #[arg(long, value_name = "FORMAT")]
    log_format: Option<String>,
    /// Require that staging verified this very binary; for production
    #[arg(long)]
    require_verified: bool,
    /// Name of the environment, to serve in an emergency without staging's report; kept in the audit trail
    #[arg(long, value_name = "NAME")]
    unverified: Option<String>,
}

/// Serves until a signal to stop, then lets running requests finish. A second signal ends at once.
pub(super) fn run(args: ServeArgs, migrations: Migrations) -> ExitStatus {
    let ServeArgs { environment, listen, log, log_format, require_verified, unverified } = args;
    let flags = Flags { listen, log, log_format, require_verified, ..environment.flags() };
    match start(&flags, unverified.as_deref(), migrations) {
        Ok(()) => ExitStatus::Success,
        Err(error) => Printer::new(false).print_failure(&error),
    }
}

fn start(flags: &Flags, unverified: Option<&str>, migrations: Migrations) -> Result<(), CommandError> {
    let settings = load_settings(flags)?;
    observe::logs::start(&settings.log, settings.log_format).map_err(|error| CommandError::Settings(error.into()))?;
    for warning in isolation::comparisons(&settings.peers).iter().filter_map(PeerComparison::warning) {
        tracing::warn!("{warning}");
    }
    // Before the port and the data file: a binary that may not serve touches neither.
    let admission = admit_binary(&settings, unverified)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CommandError::io("starting the runtime", error))?;
    let served = runtime.block_on(serve(DataFile { settings: &settings, migrations }, admission));
    runtime.shutdown_timeout(RUNTIME_TIMEOUT);
    served
}

/// Why this binary may serve.
enum Admission {
    /// It needs no approval, or staging's is kept here.
    Ordinary,
    /// Staging's approval, which is worth a copy.
    Approved(Approval),
    /// An operator typed the environment's name instead of an approval.
    Emergency,
}

fn admit_binary(settings: &Settings, unverified: Option<&str>) -> Result<Admission, CommandError> {
    let is_emergency = is_confirmed(settings, unverified)?;
    match approvals::require_approved_binary(settings, Clock::System.now()) {
        Ok(approval) => Ok(approval.map_or(Admission::Ordinary, Admission::Approved)),
        Err(refused) if is_emergency => {
            tracing::warn!("serving although {refused}");
            Ok(Admission::Emergency)
        }
        Err(refused) => Err(refused.into()),
    }
}

async fn serve(file: DataFile<'_>, admission: Admission) -> Result<(), CommandError> {
    let settings = file.settings;
    // A signal that comes before this line ends the process. A process that waits for the server to be ready may send one at once.
    let mut signals = Signals::watch().map_err(|error| CommandError::io("watching signals", error))?;
    // The port comes before the data file: a busy one is the most common mistake, and no file is created before it is reported.
    let (listener, bound) = listen(settings.listen, "--listen").await?;
    let metrics = match settings.metrics {
        Some(address) => Some(listen(address, "ATLAS_METRICS_LISTEN").await?),
        None => None,
    };
    let opened = tokio::select! {
        opened = data_file::open_or_migrate(file, &listener, bound) => opened?,
        () = signals.stop() => {
            print_status(format_args!("Stopped before serving {}", settings.environment));
            return Ok(());
        }
    };
    let was_created = opened.created;
    let _pid_file = PidFile::create(&settings.data_file);
    let app_url = app_url(settings, bound)?;
    let app = App::new(opened.store, settings, app_url.clone(), Clock::System)
        .map_err(|error| CommandError::io("starting the use cases", error))?;
    previews::seed_on_first_start(&app, settings).await?;
    if let Admission::Emergency = admission {
        audit::record(&app, Actor::Operator, AuditAction::UnverifiedServed, &Client::default()).await?;
    }
    if let Err(error) = interrupted::remove_leftovers(&app) {
        tracing::warn!(%error, "what an interrupted rollback left cannot be removed");
    }
    let app = Arc::new(app);
    let context = Arc::new(OperatorContext::new(Arc::clone(&app), settings));
    let state = web_state(&app, &context, settings);
    print_address(settings, &app_url, bound, was_created);
    record_release(&app, &context, admission);
    serve_with_background(settings, &state, &context, signals, listener, metrics).await?;
    // After a rollback to another binary's data there is nothing left to write.
    if app.store.can_commit()
        && let Err(error) = app.store.flush().await
    {
        tracing::warn!(%error, "the last writes could not be flushed to the data file");
    }
    state.reporter.close();
    print_status(format_args!("Stopped serving {}", settings.environment));
    Ok(())
}

async fn serve_with_background(
    settings: &Settings,
    state: &Arc<WebState>,
    context: &Arc<OperatorContext>,
    mut signals: Signals,
    listener: TcpListener,
    metrics: Option<(TcpListener, SocketAddr)>,
) -> Result<(), CommandError> {
    let service = web::service(Arc::clone(state)).map_err(CommandError::fault)?;
    let supervisor = Arc::new(connect_supervisor()?);
    let mail = background::send_mail(settings, state)?;
    let control = background::listen_for_commands(settings, context);
    let metrics = background::serve_metrics(metrics, state);
    let heartbeat = background::send_heartbeats(&supervisor, state);
    supervisor.notify_ready();
    let (stop, stopping) = oneshot::channel();
    let stopped = async {
        let _ = stopping.await;
    };
    let connections = connections::run(service, listener, ConnectionLimits::default(), stopped);
    // The background tasks end only by being dropped.
    let cut_off = tokio::select! {
        cut_off = serve_until_stopped(connections, stop, &mut signals, context, &supervisor) => cut_off,
        () = mail => 0,
        () = background::remove_expired(Arc::clone(state)) => 0,
        () = background::erase_deleted(Arc::clone(state)) => 0,
        () = background::reopen_after_disk_errors(Arc::clone(state)) => 0,
        () = control => 0,
        () = background::take_snapshots(settings.snapshots.interval, context) => 0,
        () = metrics => 0,
        () = heartbeat => 0,
        () = background::prune_previews(settings, context.app.store.migrations()) => 0,
        () = background::remove_stale_probes(context) => 0,
    };
    if cut_off > 0 {
        tracing::warn!(cut_off, "cut off connections that did not finish in time");
    }
    wait_for_commands(context, &mut signals).await;
    Ok(())
}

fn web_state(app: &Arc<App>, context: &Arc<OperatorContext>, settings: &Settings) -> Arc<WebState> {
    let mut state = WebState::new(Arc::clone(app), settings);
    state.operator = settings.operator_token.clone().map(|token| remote_operator(token, context));
    let state = Arc::new(state);
    state.reporter.bind_process();
    state
}

fn print_address(settings: &Settings, app_url: &url::Url, bound: SocketAddr, was_created: bool) {
    let file = settings.data_file.display();
    let created = if was_created { " (created)" } else { "" };
    let url = app_url.as_str().trim_end_matches('/');
    let behind_proxy = if settings.app_url.is_some() { format!(", listening on {bound}") } else { String::new() };
    print_status(format_args!("Serving {} at {url} from {file}{created}{behind_proxy}", settings.environment));
}

/// Prints a line for the operator. A server serves, whether standard output takes it or not.
fn print_status(text: std::fmt::Arguments<'_>) {
    if let Err(error) = print(text) {
        tracing::warn!(%error, "{text}");
    }
}

/// Executes the commands of an operator's checklist on another machine.
fn remote_operator(token: Secret, context: &Arc<OperatorContext>) -> Operator {
    let context = Arc::clone(context);
    Operator::new(token, move |envelope| {
        let context = Arc::clone(&context);
        async move { agent::execute_remote(&context, envelope).await }
    })
}

/// Records which binary serves from now on, in the background: hashing the binary takes a moment.
fn record_release(app: &Arc<App>, context: &Arc<OperatorContext>, admission: Admission) {
    let (app, context) = (Arc::clone(app), Arc::clone(context));
    tokio::task::spawn_blocking(move || {
        if let Err(error) = interrupted::name_safety_snapshots(&app) {
            tracing::warn!(%error, "the copies without a manifest cannot be verified");
        }
        if let Err(error) = snapshots::inspect_snapshots(&app) {
            tracing::warn!(%error, "the existing snapshots cannot be listed");
        }
        if let Err(error) = releases::record_start(&app) {
            tracing::warn!(%error, "this release is not recorded, so no rollback can lead to it");
        }
        if let Admission::Approved(approval) = admission
            && let Err(error) = context.approvals.keep(approval)
        {
            tracing::warn!(%error, "staging's approval of this release is not kept here, so the next start needs staging again");
        }
    });
}

/// The connection to the service manager, if one started this process.
fn connect_supervisor() -> Result<Supervisor, CommandError> {
    let variables = config::process_variables()?;
    Supervisor::connect(config::service_manager(&variables))
        .map_err(|error| CommandError::io("NOTIFY_SOCKET cannot be used", error))
}
