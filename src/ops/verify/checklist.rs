//! The list of checks and the run through it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::check::{CheckError, CheckResult};
use super::context::CheckContext;
use super::server::VerifyServer;
use super::target::Target;
use super::{access, client_address, deployment, error_reporting, headers, host, journey, pages, release, tls};
use crate::app::clock::Clock;
use crate::ops::protocol::report::{CheckStatus, Finding, SkipReason, VerifyReport};

struct Check {
    /// Frozen: reports and approvals name checks by it.
    id: &'static str,
    title: &'static str,
    /// Checks whose failure blocks this one.
    needs: &'static [&'static str],
    /// Whether it signs up an account or sends events.
    changes_data: bool,
    run: fn(&mut CheckContext<'_>) -> CheckResult,
}

macro_rules! checks {
    ($($id:literal $title:literal [$($need:literal),*] $changes:literal $run:path;)*) => {
        &[$(Check { id: $id, title: $title, needs: &[$($need),*], changes_data: $changes, run: $run },)*]
    };
}

/// In the order in which they run.
const CHECKS: &[Check] = checks! {
    "tls"            "TLS certificate is valid and not about to expire"  []              false tls::check_tls;
    "health"         "Health endpoint answers for this deployment"       ["tls"]                   false deployment::check_health;
    "release"        "Server runs the expected release"                  []                        false release::check_release;
    "schema"         "Server and this binary use the same schema"        ["tls", "health"]         false deployment::check_schema;
    "clock"          "Server clock is correct"                           ["tls", "health"]         false deployment::check_clock;
    "isolation"      "Nothing is shared with other environments"         []                        false host::check_isolation;
    "snapshot"       "A recent verified snapshot exists"                 []                        false host::check_snapshot;
    "disk"           "Disk has enough free space"                        []                        false host::check_disk;
    "gate"           "Strangers and crawlers are kept out"               ["tls", "health"]         false access::check_basic_auth;
    "headers"        "Responses carry the security headers"              ["tls", "health"]         false headers::check_headers;
    "cookies"        "Cookies keep their attributes"                     ["tls", "health"]         false headers::check_cookies;
    "redirects"      "Redirects stay on the site, and HTTP is closed"    ["tls", "health"]         false pages::check_redirects;
    "assets"         "Style sheets, scripts, and icons arrive"           ["tls", "health"]         false pages::check_assets;
    "client-address" "Clients have their own addresses"                  ["tls", "health"]         false client_address::check_client_address;
    "test-endpoints" "Test endpoints are closed"                         ["tls", "health"]         false access::check_test_endpoints;
    "sentry"         "Sentry receives errors"                            ["tls", "health"]         true  error_reporting::check_sentry;
    "auth"           "A user signs up, confirms, signs in and out"       ["tls", "health"]         true  journey::check_auth;
    "habits"         "A user manages a habit"                            ["tls", "health", "auth"] true  journey::check_habits;
    "admin"          "Admin routes are closed to everyone else"          ["tls", "health", "auth"] true  access::check_admin;
};

/// The ids of all checks.
pub(super) fn check_ids() -> impl Iterator<Item = &'static str> {
    CHECKS.iter().map(|check| check.id)
}

/// Runs every check, and cleans up in any case.
pub fn run_checklist<'a>(target: &'a Target<'a>, server: &'a mut dyn VerifyServer) -> VerifyReport {
    let started = Instant::now();
    let mut context = CheckContext::new(target, server);
    let mut blocking = Blocking::default();
    let mut findings = Vec::new();
    for check in CHECKS {
        let finding = run_check(&mut context, check, &blocking);
        blocking.add(check, &finding, &context);
        findings.push(finding);
    }
    let left = journey::clean_up(&mut context);
    report(&context, findings, left, started.elapsed())
}

/// What keeps the checks that follow from running.
#[derive(Default)]
struct Blocking {
    checks: BTreeSet<&'static str>,
    /// The check that found the server down, which answers none of the others.
    outage: Option<&'static str>,
}

impl Blocking {
    fn add(&mut self, check: &Check, finding: &Finding, context: &CheckContext<'_>) {
        let has_failed = finding.state == CheckStatus::Failed;
        // An address with a certificate that expires soon, or with an unhealthy server, still answers.
        let can_block = !["tls", "health"].contains(&check.id) || !context.is_reachable;
        if can_block && (has_failed || finding.because.is_some()) {
            self.checks.insert(check.id);
        }
        if has_failed && context.is_down() {
            self.outage.get_or_insert(check.id);
        }
    }

    /// The failed check because of which `check` is skipped.
    fn cause(&self, check: &Check) -> Option<&'static str> {
        self.outage.or_else(|| check.needs.iter().copied().find(|need| self.checks.contains(need)))
    }
}

fn run_check(context: &mut CheckContext<'_>, check: &Check, blocking: &Blocking) -> Finding {
    let started = Instant::now();
    if let Some(cause) = blocking.cause(check) {
        return finding(check, Err(CheckError::Blocked(cause)), Duration::ZERO);
    }
    let result = if check.changes_data && !context.target.may_change_data {
        let why = "production was checked read-only; add --all to include this";
        Err(CheckError::Skipped(SkipReason::ReadOnly, why.to_owned()))
    } else {
        (check.run)(context)
    };
    finding(check, result, started.elapsed())
}

fn finding(check: &Check, result: CheckResult, duration: Duration) -> Finding {
    let empty = Finding {
        id: Cow::Borrowed(check.id),
        title: Cow::Borrowed(check.title),
        state: CheckStatus::Passed,
        skip: None,
        millis: millis(duration),
        note: None,
        because: None,
        expected: None,
        seen: None,
        remedy: None,
    };
    match result {
        Ok(remark) => Finding { note: Some(remark).filter(|remark| !remark.is_empty()), ..empty },
        Err(CheckError::Warned(note)) => Finding { state: CheckStatus::Warned, note: Some(note), ..empty },
        Err(CheckError::Skipped(reason, note)) => {
            Finding { state: CheckStatus::Skipped, skip: Some(reason), note: Some(note), ..empty }
        }
        Err(error @ CheckError::Blocked(cause)) => Finding {
            state: CheckStatus::Skipped,
            skip: Some(SkipReason::Blocked),
            note: Some(error.to_string()),
            because: Some(Cow::Borrowed(cause)),
            ..empty
        },
        Err(CheckError::Failed { expected, found, remedy }) => Finding {
            state: CheckStatus::Failed,
            expected: Some(expected),
            seen: Some(found),
            remedy: Some(remedy),
            ..empty
        },
    }
}

fn report(context: &CheckContext<'_>, items: Vec<Finding>, left: Option<String>, duration: Duration) -> VerifyReport {
    let prevents_pass = |item: &Finding| item.state == CheckStatus::Failed || item.skip == Some(SkipReason::NoAnswer);
    VerifyReport {
        environment: context.target.settings.environment.to_string(),
        url: context.target.endpoint.base.to_string(),
        binary: context.facts().ok().and_then(|facts| facts.binary.clone()),
        at: Clock::System.now(),
        millis: millis(duration),
        passed: left.is_none() && !items.iter().any(prevents_pass),
        missing: items.iter().filter(|item| item.is_missing()).map(|item| item.id.clone()).collect(),
        left,
        items,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
