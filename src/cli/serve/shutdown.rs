//! Stopping a server: on a signal or an operator's command, after running requests and commands have finished.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::observe::supervisor::Supervisor;
use crate::ops::context::OperatorContext;

/// How long running operators' commands may take once the server stops.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(15);

/// SIGTERM and SIGINT.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn watch() -> std::io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Serves until a signal or a command asks to stop, then until running requests have finished or a second signal comes.
/// Answers how many connections were cut off.
pub(super) async fn serve_until_stopped(
    serving: impl Future<Output = usize>,
    stop: oneshot::Sender<()>,
    signals: &mut Signals,
    context: &OperatorContext,
    supervisor: &Supervisor,
) -> usize {
    let mut serving = std::pin::pin!(serving);
    tokio::select! {
        cut_off = &mut serving => return cut_off,
        () = signals.next() => {}
        () = context.stop_requested() => {}
    }
    supervisor.notify_stopping();
    tracing::info!("stopping after running requests have finished");
    let _ = stop.send(());
    tokio::select! {
        cut_off = serving => cut_off,
        () = signals.next() => {
            tracing::warn!("stopping at once");
            0
        }
    }
}

/// Waits for running commands, e.g. a snapshot or a rollback. One that is cut off leaves the data file as it was, or as it
/// was to become.
pub(super) async fn wait_for_commands(context: &OperatorContext, signals: &mut Signals) {
    tokio::select! {
        () = context.wait_for_commands() => {}
        () = signals.next() => tracing::warn!("a second signal cut off a running command"),
        () = tokio::time::sleep(COMMAND_TIMEOUT) => {
            tracing::warn!(seconds = COMMAND_TIMEOUT.as_secs(), "cut off a command that ran for too long");
        }
    }
}
