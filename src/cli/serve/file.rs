//! The data file of a server that starts: as it is, new, or led up while visitors are told to wait.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::app::clock::Clock;
use crate::app::elsewhere::Elsewhere;
use crate::cli::{Exit, complain, open};
use crate::config::Settings;
use crate::observe::panics::why;
use crate::ops::fence;
use crate::ops::migrations::{self, Stayed};
use crate::store::{OpenError, Opened};
use crate::web::maintenance;

/// The data file, led up if an older binary wrote it. Whoever asks meanwhile is told to wait.
pub(super) async fn data_file(settings: &Settings, listener: &TcpListener, bound: SocketAddr) -> Result<Opened, Exit> {
    let older = match open::made_or_opened(settings)? {
        Err(error @ fence::Error::Open(OpenError::Older { .. })) => error,
        other => return open::told(other),
    };
    tracing::info!(address = %bound, "{older}; it is led up now, and whoever asks is told to wait");
    let (file, environment) = (settings.data_file.clone(), settings.environment.clone());
    let elsewhere = Elsewhere::of(settings);
    let leading = tokio::task::spawn_blocking(move || {
        let elsewhere = elsewhere.as_ref();
        let place = migrations::Place { data_file: &file, environment: &environment, clock: &Clock::System, elsewhere };
        migrations::up(&place, None, &mut |words| tracing::info!("{words}"))
    });
    let led = tokio::select! {
        led = leading => led,
        () = maintenance::answer(listener) => return Err(Exit::InputOutput),
    };
    match led {
        Ok(Ok(led)) => tracing::info!(%led, "the data file was migrated"),
        Ok(Err(Stayed::Open(error))) => return open::told(Err(error.into())),
        Ok(Err(Stayed::App(error))) => {
            complain(format_args!("the data file stays as it was: {error}"));
            return Err(Exit::InputOutput);
        }
        Err(ended) => {
            complain(why(&ended));
            return Err(Exit::InputOutput);
        }
    }
    open::told(open::made_or_opened(settings)?)
}
