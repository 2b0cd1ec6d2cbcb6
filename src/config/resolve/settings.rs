//! Resolves every setting.

use super::resolver::{ResolveOptions, Resolver};
use crate::config::keys;
use crate::config::peers::Peers;
use crate::config::problem::Problem;
use crate::config::raw::RawConfig;
use crate::config::report::report_settings;
use crate::config::settings::Settings;
use crate::domain::Environment;

/// Resolves the gathered values. The settings are `None` when a value that they need is missing or malformed.
pub(in crate::config) fn resolve_settings(
    environment: &Environment,
    raw: &RawConfig,
    peers: &Peers,
    options: ResolveOptions,
) -> (Option<Settings>, Vec<Problem>) {
    let mut resolver = Resolver::new(environment, raw, options);
    // Every setting is resolved before `?` gives up on the first missing one, so that every problem is reported.
    let listen = resolver.listen();
    let app_url = resolver.app_url();
    let proxies = resolver.proxies(app_url.as_ref());
    let hsts = resolver.hsts();
    let data_file = resolver.data_file();
    let secret = resolver.secret();
    let previous_secret = resolver.previous_secret();
    let mail = resolver.mail();
    let sentry = resolver.server_dsn();
    let browser_sentry = resolver.browser_dsn();
    let sentry_authorities = resolver.authorities(keys::SENTRY_CA_FILE);
    resolver.check_sentry_environment();
    let admins = resolver.admins();
    let admins_see_habits = resolver.admins_see_habits();
    let new_user_backfill = resolver.new_user_backfill();
    let test_endpoints = resolver.test_endpoints();
    let seed_password = resolver.seed_password();
    let basic_auth = resolver.basic_auth();
    let snapshots = resolver.snapshots();
    let foreign_imports = resolver.foreign_imports();
    let verified = resolver.verified();
    let operator_token = resolver.operator_token();
    let log = resolver.log();
    let log_format = resolver.log_format();
    let metrics = resolver.metrics();
    resolver.check_placeholders();
    if let Some(listen) = listen.filter(|_| !options.remote) {
        resolver.check_ports(listen, &peers.others);
    }
    let (policy, problems) = (resolver.policy, resolver.problems);
    let settings = (|| {
        Some(Settings {
            environment: environment.clone(),
            policy,
            listen: listen?,
            proxies,
            hsts,
            app_url,
            data_file: data_file?,
            secret,
            previous_secret,
            mail: mail?,
            sentry,
            browser_sentry,
            sentry_authorities: sentry_authorities?,
            admins,
            admins_see_habits,
            new_user_backfill,
            test_endpoints,
            seed_password,
            basic_auth,
            snapshots,
            foreign_imports,
            verified,
            operator_token,
            log,
            log_format,
            metrics,
            peers: peers.clone(),
            report: report_settings(raw),
        })
    })();
    (settings, problems)
}
