//! Previews and the server: only a created preview is served, its first start seeds it, and every server except
//! production's deletes expired previews.

use std::time::Duration;

use super::error::Error;
use super::registry::{DestroyedPreview, Previews};
use crate::app::App;
use crate::app::clock::Clock;
use crate::config::Settings;
use crate::domain::{EnvironmentKind, Preview, PreviewName};
use crate::observe::panics::join_error_reason;
use crate::ops::seeds;
use crate::store::migrations::Migrations;

const PRUNE_INTERVAL: Duration = Duration::from_hours(24);

/// Checks that the environment, if it is a preview, was created. Other environments are created when they are opened.
///
/// # Errors
/// [`Error::Unknown`], [`Error::InvalidName`], [`Error::Io`].
pub fn require_created(settings: &Settings) -> Result<(), Error> {
    let Some(name) = settings.environment.preview_name() else { return Ok(()) };
    let name: PreviewName = name.parse()?;
    let previews = Previews::new(&settings.peers.previews);
    previews.read(&name)?.map(drop).ok_or(Error::Unknown(name))
}

fn preview_name(settings: &Settings) -> Option<PreviewName> {
    settings.environment.preview_name().and_then(|name| name.parse().ok())
}

/// Seeds a preview the first time it is served.
///
/// # Errors
/// [`Error::Seeds`], [`Error::Io`]; the next start continues.
pub async fn seed_on_first_start(app: &App, settings: &Settings) -> Result<(), Error> {
    let Some(name) = preview_name(settings) else { return Ok(()) };
    let previews = Previews::new(&settings.peers.previews);
    let Some(preview) = previews.read(&name)?.filter(|preview| !preview.seeded) else { return Ok(()) };
    seeds::seed(app, seeds::prepare(EnvironmentKind::Preview, "demo", settings.seed_password.as_ref())?).await?;
    previews.write(&Preview { seeded: true, ..preview })
}

/// Deletes expired previews once a day until it is dropped. A production server never touches them.
pub async fn keep_pruning(settings: &Settings, migrations: Migrations) {
    if settings.environment.kind() == EnvironmentKind::Production {
        return std::future::pending().await;
    }
    loop {
        let previews = Previews::new(&settings.peers.previews);
        match tokio::task::spawn_blocking(move || previews.prune(Clock::System.now(), migrations)).await {
            Ok(Ok(removed)) => {
                for DestroyedPreview { name, left } in removed {
                    tracing::info!(preview = %name, ?left, "deleted expired preview");
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "cannot delete expired previews"),
            Err(ended) => tracing::error!(error = join_error_reason(&ended), "deleting expired previews panicked"),
        }
        tokio::time::sleep(PRUNE_INTERVAL).await;
    }
}
