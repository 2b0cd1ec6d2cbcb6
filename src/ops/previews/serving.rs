//! What serving has to do with previews: only those that were made are served, the first start plants seeds, and any server
//! but production's removes those whose days are over.

use std::time::Duration;

use super::{Error, Previews};
use crate::app::App;
use crate::app::clock::Clock;
use crate::config::Settings;
use crate::domain::{Kind, Preview, PreviewName};
use crate::observe::panics::why;
use crate::ops::seeds;

/// How often previews that are over are removed.
const EVERY: Duration = Duration::from_hours(24);

/// Whether a preview that is to be opened was made; nothing else needs to be.
///
/// # Errors
/// [`Error::Unknown`], [`Error::Io`].
pub fn made(settings: &Settings) -> Result<(), Error> {
    let Some(name) = named(settings) else { return Ok(()) };
    let previews = Previews::below(&settings.surroundings.previews);
    previews.read(&name)?.map(drop).ok_or(Error::Unknown(name))
}

fn named(settings: &Settings) -> Option<PreviewName> {
    settings.environment.preview_name().and_then(|name| name.parse().ok())
}

/// Gives a preview people to look at, the first time it is served.
///
/// # Errors
/// [`Error::Seeds`], [`Error::Io`]; the next start goes on from there.
pub async fn first_start(app: &App, settings: &Settings) -> Result<(), Error> {
    let Some(name) = named(settings) else { return Ok(()) };
    let previews = Previews::below(&settings.surroundings.previews);
    let Some(preview) = previews.read(&name)?.filter(|preview| !preview.seeded) else { return Ok(()) };
    seeds::plant(app, seeds::ready(Kind::Preview, "demo", settings.seed_password.as_ref())?).await?;
    previews.write(&Preview { seeded: true, ..preview })
}

/// Removes previews that are over, once a day, for as long as a server runs. Production leaves that to others.
pub async fn keep_pruning(settings: &Settings) {
    if settings.environment.kind() == Kind::Production {
        return std::future::pending().await;
    }
    loop {
        let previews = Previews::below(&settings.surroundings.previews);
        match tokio::task::spawn_blocking(move || previews.prune(Clock::System.now())).await {
            Ok(Ok(removed)) => {
                for name in removed {
                    tracing::info!(preview = %name, "over, and removed");
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "previews"),
            Err(ended) => tracing::error!(error = why(&ended), "previews"),
        }
        tokio::time::sleep(EVERY).await;
    }
}
