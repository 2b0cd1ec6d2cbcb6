//! Erasing what deleted data leaves in the data file.

use std::time::Duration;

use crate::app::App;
use crate::app::error::Error;
use crate::observe::panics::join_error_reason;

/// How often deleted data is erased. Everything deleted in between is erased together.
pub const ERASURE_INTERVAL: Duration = Duration::from_mins(5);

/// Erases deleted data whenever there is any. Never returns; stops when dropped, between two parts.
pub async fn run_erasure(app: &App) {
    loop {
        tokio::time::sleep(ERASURE_INTERVAL).await;
        if app.store.has_deleted_rows()
            && let Err(error) = erase_deleted_rows(app).await
        {
            tracing::warn!(%error, "erasing deleted data failed; retrying in five minutes");
        }
    }
}

async fn erase_deleted_rows(app: &App) -> Result<(), Error> {
    loop {
        let store = app.store.clone();
        let erasing = tokio::task::spawn_blocking(move || store.erase_part()).await;
        match erasing.map_err(|ended| Error::broken(join_error_reason(&ended)))?? {
            Some(erased) if !erased.is_complete => {
                tracing::warn!(
                    free = erased.free,
                    "some unused pages of the data file could not be erased; retrying in five minutes"
                );
                return Ok(());
            }
            Some(_) => return Ok(()),
            None => {}
        }
    }
}
