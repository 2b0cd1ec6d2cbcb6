//! What is logged, and in which format.

use tracing_subscriber::filter::LevelFilter;

use super::resolver::Resolver;
use crate::config::keys;
use crate::config::settings::LogFormat;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

impl Resolver<'_> {
    pub(super) fn log(&mut self) -> String {
        let text = self.text(keys::LOG).unwrap_or_default().to_owned();
        if let Err(invalid) = text.parse::<tracing_subscriber::filter::Targets>() {
            self.report_invalid(keys::LOG, format!("must be a log filter, such as info or atlas=debug: {invalid}"));
        }
        for directive in self.list(keys::LOG) {
            self.check_log_directive(directive);
        }
        text
    }

    /// A misspelled level would be taken for the name of a module, and nothing else would be logged.
    fn check_log_directive(&mut self, directive: &str) {
        let is_module = directive.contains(['=', ':', '[']) || directive == "atlas";
        if is_module || directive.parse::<LevelFilter>().is_ok() {
            return;
        }
        let distance = |level: &&&str| strsim::damerau_levenshtein(level, &directive.to_ascii_lowercase());
        let nearest = LEVELS.iter().min_by_key(distance).unwrap_or(&"info");
        self.report_invalid(
            keys::LOG,
            format!("has “{directive}”, which is not a level; did you mean “{nearest}”? For a module, write {directive}=debug"),
        );
    }

    pub(super) fn log_format(&mut self) -> LogFormat {
        match self.text(keys::LOG_FORMAT) {
            None | Some("auto") => LogFormat::Auto,
            Some("pretty") => LogFormat::Pretty,
            Some("json") => LogFormat::Json,
            Some(_) => {
                self.report_invalid(keys::LOG_FORMAT, "must be auto, pretty, or json");
                LogFormat::Auto
            }
        }
    }
}
