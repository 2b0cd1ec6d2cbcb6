//! Everything that the admins' overview shows.

use crate::app::App;
use crate::app::admin::attention::{Attention, AttentionFacts, list_attention};
use crate::app::admin::environment::{EnvironmentHealth, check_environment};
use crate::app::admin::figures::{EnvironmentFigures, load_figures};
use crate::app::admin::queries::{HabitCounts, UserCounts, count_habits, count_users, list_users};
use crate::app::backup::restore_points::{RestorePoints, load_restore_points};
use crate::app::backup::snapshots::offsite_alert;
use crate::app::disk_recovery::corruption_alert;
use crate::app::error::Error;
use crate::app::list_request::ListRequest;
use crate::app::mail::health::check_mail_health;
use crate::domain::Account;

/// How many of the newest users are shown.
const NEWEST_USERS: usize = 5;

/// The overview.
#[derive(Debug)]
pub struct Overview {
    /// The most urgent first.
    pub attention: Vec<Attention>,
    pub health: EnvironmentHealth,
    pub figures: EnvironmentFigures,
    pub users: UserCounts,
    pub habits: HabitCounts,
    pub newest_users: Vec<Account>,
    pub restore_points: RestorePoints,
}

/// Reads the overview. It costs the same however much users have completed; see [`load_figures`].
///
/// # Errors
/// [`Error::Unavailable`] when the file or a folder beside it cannot be read.
pub fn load_overview(app: &App) -> Result<Overview, Error> {
    let (health, figures, restore_points) = (check_environment(app), load_figures(app)?, load_restore_points(app)?);
    let facts = AttentionFacts {
        now: app.clock.now(),
        kind: app.store.stamp().kind,
        corruption: corruption_alert(app),
        data_file_bytes: health.bytes,
        free_bytes: figures.free_bytes,
        mail: check_mail_health(app).alert(),
        failed_mail: figures.mail_of_last_week().failed,
        newest_snapshot: restore_points.snapshots.first().map(|snapshot| snapshot.taken_at),
        offsite: offsite_alert(app),
        release: restore_points.running_release().map(|release| release.verification.as_ref()),
    };
    Ok(Overview {
        attention: list_attention(&facts),
        health,
        figures,
        users: count_users(app)?,
        habits: count_habits(app)?,
        newest_users: list_users(app, "", ListRequest::newest_first(None, NEWEST_USERS))?.rows,
        restore_points,
    })
}
