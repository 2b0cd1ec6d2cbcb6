//! The `release` check: the server runs the binary that it should run.

use std::time::{Duration, Instant};

use super::check::{CheckError, CheckResult};
use super::context::CheckContext;
use crate::store::backup::release_folder::ReleaseFolder;

/// A server that has just started points `releases/current` to its binary within this time.
const RECORD_TIMEOUT: Duration = Duration::from_secs(2);
const RECORD_POLL_INTERVAL: Duration = Duration::from_millis(50);

/// The server runs the release that the operator expects or, on the server's machine, that `releases/current` names.
pub(super) fn check_release(context: &mut CheckContext<'_>) -> CheckResult {
    let running = context.facts()?.binary.as_deref();
    let running = running.ok_or_else(|| CheckError::no_answer("the server cannot read its own binary"))?;
    let target = context.target;
    let expected = match &target.expected_release {
        Some(digest) => digest.clone(),
        None if target.is_remote => {
            return Err(CheckError::not_applicable("add --expect-release DIGEST to require a release"));
        }
        None => {
            let folder = ReleaseFolder::beside(&target.settings.data_file);
            let missing = || CheckError::Warned("the server has not recorded its release; its log says why".to_owned());
            wait_for_current(&folder, running).ok_or_else(missing)?
        }
    };
    if running.starts_with(&expected) {
        return Ok(format!("release {}", shorten(running)));
    }
    Err(CheckError::failed(
        format!("release {}", shorten(&expected)),
        format!("release {}", shorten(running)),
        "restart the server with the expected binary; `atlas release list` shows the releases",
    ))
}

/// The release that `releases/current` names, once it is the running one or has had time to become it.
fn wait_for_current(folder: &ReleaseFolder, running: &str) -> Option<String> {
    let started = Instant::now();
    loop {
        let current = folder.current_id();
        let is_running = current.as_ref().is_some_and(|id| running.starts_with(id));
        if is_running || started.elapsed() > RECORD_TIMEOUT {
            return current;
        }
        std::thread::sleep(RECORD_POLL_INTERVAL);
    }
}

fn shorten(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}
