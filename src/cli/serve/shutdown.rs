//! Stopping a server: on a signal or an operator's command, after running requests and commands have finished.

use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::app::mail::delivery;
use crate::observe::supervisor::Supervisor;
use crate::ops::context::OperatorContext;

/// How long running operators' commands may take once the server stops.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the relay may take to answer about mail that was sent to it before the server stops.
const MAIL_TIMEOUT: Duration = Duration::from_secs(5);

/// The signals that a service manager, a terminal, or a person sends.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
    quit: Signal,
    hangup: Signal,
    user_1: Signal,
    user_2: Signal,
}

/// What a signal asks for.
#[derive(PartialEq, Eq)]
enum Received {
    Stop,
    Hangup,
    Other,
}

impl Signals {
    pub(super) fn watch() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            hangup: signal(SignalKind::hangup())?,
            user_1: signal(SignalKind::user_defined1())?,
            user_2: signal(SignalKind::user_defined2())?,
        })
    }

    /// Waits for a signal to stop.
    pub(super) async fn stop(&mut self) {
        loop {
            match self.next().await {
                Received::Stop => return,
                Received::Hangup => {
                    tracing::info!(
                        "SIGHUP stops the server: settings are read only at the start, and there is no log file to reopen"
                    );
                    return;
                }
                Received::Other => {}
            }
        }
    }

    /// Waits for a signal that ends a server at once that is stopping already. SIGHUP does not: a terminal that closes sends it
    /// twice.
    async fn stop_at_once(&mut self) {
        while self.next().await != Received::Stop {}
    }

    async fn next(&mut self) -> Received {
        let ignored = tokio::select! {
            _ = self.terminate.recv() => return Received::Stop,
            _ = self.interrupt.recv() => return Received::Stop,
            _ = self.quit.recv() => return Received::Stop,
            _ = self.hangup.recv() => return Received::Hangup,
            _ = self.user_1.recv() => "SIGUSR1",
            _ = self.user_2.recv() => "SIGUSR2",
        };
        tracing::info!("ignored {ignored}, which has no meaning here");
        Received::Other
    }
}

/// Serves until a signal or a command asks to stop, then until running requests and the delivery of mail have finished or a
/// second signal comes.
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
        () = signals.stop() => {}
        () = context.stop_requested() => {}
    }
    supervisor.notify_stopping();
    tracing::info!("stopping after running requests have finished");
    let _ = stop.send(());
    let draining = async { tokio::join!(serving, delivery::stop_delivery(&context.app, MAIL_TIMEOUT)) };
    tokio::select! {
        (cut_off, ()) = draining => cut_off,
        () = signals.stop_at_once() => {
            tracing::warn!("stopping at once");
            delivery::stop_delivery(&context.app, Duration::ZERO).await;
            0
        }
    }
}

/// Waits for running commands, e.g. a snapshot or a rollback. One that is cut off leaves the data file as it was, or as it
/// was to become.
pub(super) async fn wait_for_commands(context: &OperatorContext, signals: &mut Signals) {
    tokio::select! {
        () = context.wait_for_commands() => {}
        () = signals.stop_at_once() => tracing::warn!("a second signal cut off a running command"),
        () = tokio::time::sleep(COMMAND_TIMEOUT) => {
            tracing::warn!(seconds = COMMAND_TIMEOUT.as_secs(), "cut off a command that ran for too long");
        }
    }
}
