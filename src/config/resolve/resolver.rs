//! Reads gathered values and collects problems.

use crate::config::keys;
use crate::config::policy::{self, Policy, RequiredSettings};
use crate::config::problem::{Problem, Severity, error};
use crate::config::raw::{RawConfig, RawEntry};
use crate::domain::Environment;

/// What the settings are resolved for.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct ResolveOptions {
    /// Whether the server runs on another machine.
    pub(in crate::config) remote: bool,
    /// Whether the environment is the default because none was named.
    pub(in crate::config) environment_assumed: bool,
}

/// The values of one environment, and the problems found so far.
pub(super) struct Resolver<'a> {
    pub(super) environment: &'a Environment,
    pub(super) policy: Policy,
    pub(super) raw: &'a RawConfig,
    pub(super) options: ResolveOptions,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(environment: &'a Environment, raw: &'a RawConfig, options: ResolveOptions) -> Self {
        Self { environment, policy: policy::for_kind(environment.kind()), raw, options, problems: Vec::new() }
    }

    pub(super) fn entry(&self, key: &str) -> Option<&'a RawEntry> {
        self.raw.get(key)
    }

    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.entry(key).map(|entry| entry.value.as_str())
    }

    pub(super) fn list(&self, key: &str) -> Vec<&'a str> {
        let items = self.text(key).unwrap_or("").split(',').map(str::trim);
        items.filter(|item| !item.is_empty()).collect()
    }

    pub(super) fn flag(&mut self, key: &'static str) -> Option<bool> {
        let flag = parse_flag(self.text(key)?);
        if flag.is_none() {
            self.report_invalid(key, "must be true or false");
        }
        flag
    }

    pub(super) fn report_error(&mut self, key: &'static str, message: impl Into<String>) {
        self.problems.push(error(key, message.into()));
    }

    pub(super) fn report_warning(&mut self, key: &'static str, message: impl Into<String>) {
        self.problems.push(Problem { severity: Severity::Warning, key, message: message.into() });
    }

    /// Reports that the value of `key` cannot be used. `reason` continues a sentence that begins with the key.
    pub(super) fn report_invalid(&mut self, key: &'static str, reason: impl AsRef<str>) {
        let origin = self.entry(key).map(|entry| entry.origin.to_string()).unwrap_or_default();
        self.report_error(key, format!("{key} {} (from {origin})", reason.as_ref()));
    }

    /// Reports that a required value is not set.
    pub(super) fn report_missing(&mut self, key: &'static str) {
        let kind = self.environment.kind();
        let variables = keys::find(key).map(|key| key.variables.join(" or ")).unwrap_or_default();
        let about = keys::find(key).map_or("", |key| key.about);
        self.report_error(key, format!("{key} is required in {kind}: set {variables}. {about}"));
    }

    /// Whether settings without a default must be set.
    pub(super) fn is_required(&self) -> bool {
        self.policy.settings == RequiredSettings::Required && !self.options.remote
    }
}

pub(super) fn parse_flag(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" => Some(false),
        _ => None,
    }
}
