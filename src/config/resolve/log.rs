//! What is logged, and in which format.

use super::resolver::Resolver;
use crate::config::keys;
use crate::config::settings::LogFormat;

impl Resolver<'_> {
    pub(super) fn log(&mut self) -> String {
        let text = self.text(keys::LOG).unwrap_or_default().to_owned();
        if let Err(invalid) = text.parse::<tracing_subscriber::filter::Targets>() {
            self.report_invalid(keys::LOG, format!("must be a log filter, such as info or atlas=debug: {invalid}"));
        }
        text
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
