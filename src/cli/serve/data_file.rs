//! The data file of a server that starts: opened, created, or migrated while every request is answered 503.

use std::net::SocketAddr;

use tokio::net::TcpListener;

use crate::app::backup::offsite::Offsite;
use crate::app::clock::Clock;
use crate::app::error::ErrorContext;
use crate::cli::data_file::open_or_create;
use crate::cli::error::CommandError;
use crate::config::Settings;
use crate::observe::panics::join_error_reason;
use crate::ops::isolation::{self, Creation, DataFile};
use crate::ops::migrations::{MigrationError, MigrationTarget, upgrade};
use crate::ops::protocol::migrations::MigrationResult;
use crate::store::migrations::Migrations;
use crate::store::{OpenError, OpenedFile};
use crate::web::server::maintenance;

/// Opens the data file, and migrates it first if an older binary wrote it.
pub(super) async fn open_or_migrate(
    file: DataFile<'_>,
    listener: &TcpListener,
    bound: SocketAddr,
) -> Result<OpenedFile, CommandError> {
    let older = match open_or_create(file, Creation::First) {
        Err(CommandError::Isolation(isolation::Error::Open(error @ OpenError::Older { .. }))) => error,
        opened => return opened,
    };
    tracing::info!(address = %bound, "{older}; migrating it now, and answering 503 meanwhile");
    let (settings, migrations) = (file.settings.clone(), file.migrations);
    let migration = tokio::task::spawn_blocking(move || migrate(&settings, migrations));
    let migrated = maintenance::serve_during(listener, migration).await;
    match migrated.map_err(|ended| CommandError::fault(join_error_reason(&ended)))? {
        Ok(result) => tracing::info!(from = result.from, to = result.to, "migrated the data file"),
        Err(MigrationError::Open(error)) => return Err(error.into()),
        Err(MigrationError::App(error)) => {
            let message = format!("the data file was not changed: {error}");
            return Err(CommandError::fault(ErrorContext::new(message, error)));
        }
    }
    open_or_create(file, Creation::First)
}

fn migrate(settings: &Settings, migrations: Migrations) -> Result<MigrationResult, MigrationError> {
    let offsite = Offsite::from_settings(settings);
    let target = MigrationTarget {
        data_file: &settings.data_file,
        environment: &settings.environment,
        migrations,
        clock: &Clock::System,
        offsite: offsite.as_ref(),
    };
    upgrade(&target, None, &mut |step| tracing::info!("{step}"))
}
