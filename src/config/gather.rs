//! Collects every value as text with its origin: flags override variables, variables override the configuration file, and the
//! file overrides the built-in defaults. What the values mean is checked later, by `resolve`.

use std::collections::BTreeMap;
use std::path::Path;

use super::file::{check_tables, read_file, read_table, table};
use super::flags::Flags;
use super::keys;
use super::locate::{config_file, parent_folder};
use super::policy::{self, RequiredSettings, TestEndpointRule};
use super::previews::{apply_preview, visible_variables};
use super::problem::{ConfigError, Problem};
use super::raw::{Origin, RawConfig, RawEntry};
use super::variables::{check_names, read_variables};
use crate::domain::backup::retention::SnapshotRetention;
use crate::domain::{Environment, EnvironmentKind};

/// Gathers the values of `environment`.
pub(super) fn gather(
    environment: &Environment,
    flags: &Flags,
    variables: &BTreeMap<String, String>,
) -> Result<(RawConfig, Vec<Problem>), ConfigError> {
    let (path, is_required) = config_file(flags, variables)?;
    let (mut raw, mut problems) = gather_file(environment, &path, is_required)?;
    check_names(variables, &mut problems);
    let visible = visible_variables(environment, variables, &mut problems);
    for key in keys::ALL {
        if let Some(entry) = read_variables(key, &visible, &mut problems) {
            raw.entries.insert(key.name, entry);
        }
    }
    add_defaults(environment, &mut raw);
    let require_verified = flags.require_verified.then(|| "true".to_owned());
    let flags = [
        (keys::REQUIRE_VERIFIED, "--require-verified", &require_verified),
        (keys::LISTEN, "--listen", &flags.listen),
        (keys::LOG, "--log", &flags.log),
        (keys::LOG_FORMAT, "--log-format", &flags.log_format),
    ];
    for (key, flag, value) in flags {
        if let Some(value) = value.clone() {
            raw.entries.insert(key, RawEntry { value, origin: Origin::Flag(flag) });
        }
    }
    Ok((raw, problems))
}

/// Gathers what the configuration file says about `environment`. Unless `is_required`, the file may be missing.
pub(super) fn gather_file(
    environment: &Environment,
    path: &Path,
    is_required: bool,
) -> Result<(RawConfig, Vec<Problem>), ConfigError> {
    let mut problems = Vec::new();
    let mut raw = RawConfig { folder: parent_folder(path), file: path.to_owned(), ..RawConfig::default() };
    if let Some(file) = read_file(path, is_required)? {
        let name = match environment.kind() {
            EnvironmentKind::Preview => "preview".to_owned(),
            _ => environment.to_string(),
        };
        check_tables(&file, path, &mut problems);
        for name in ["defaults".to_owned(), format!("environment.{name}")] {
            let origin = Origin::File(path.to_owned(), name.clone());
            if let Some(values) = table(&file, &name) {
                read_table(values, "", &origin, &mut raw.entries, &mut problems);
            }
        }
    }
    apply_preview(environment, &mut raw, &mut problems);
    Ok((raw, problems))
}

/// Adds the built-in defaults for everything that is not set.
pub(super) fn add_defaults(environment: &Environment, raw: &mut RawConfig) {
    let mut add = |key, value: String| {
        raw.entries.entry(key).or_insert(RawEntry { value, origin: Origin::BuiltIn });
    };
    let policy = policy::for_kind(environment.kind());
    // Previews count up from theirs, so they begin apart from the other environments.
    let is_preview = environment.kind() == EnvironmentKind::Preview;
    add(keys::LISTEN, if is_preview { "127.0.0.1:3100" } else { "127.0.0.1:3000" }.to_owned());
    add(keys::DATA_FILE, format!("data/{environment}/atlas.redb"));
    add(keys::HABITS_BACKFILL, "week".to_owned());
    add(keys::LOG, "info".to_owned());
    let is_required = policy.settings == RequiredSettings::Required;
    add(keys::SNAPSHOTS_EVERY, if is_required { "6h" } else { "off" }.to_owned());
    add(keys::SNAPSHOTS_KEEP, SnapshotRetention::default().to_string());
    add(keys::LOG_FORMAT, "auto".to_owned());
    if policy.can_require_verified {
        add(keys::REQUIRE_VERIFIED, "false".to_owned());
        add(keys::VERIFIED_WITHIN, "7d".to_owned());
    }
    let has_test_endpoints = policy.test_endpoints == TestEndpointRule::Configurable { default: true };
    add(keys::TEST_ENDPOINTS, has_test_endpoints.to_string());
}
