//! The path of the data file.

use std::path::PathBuf;

use super::resolver::Resolver;
use crate::config::keys;
use crate::config::peers::data_file_path;
use crate::config::raw::{Origin, RawEntry};
use crate::domain::EnvironmentKind;

const DATABASE_SCHEMES: [&str; 5] = ["postgres", "postgresql", "mysql", "sqlite", "file"];

impl Resolver<'_> {
    pub(super) fn data_file(&mut self) -> Option<PathBuf> {
        let text = self.text(keys::DATA_FILE)?;
        let path = text.strip_prefix("redb://").or(text.strip_prefix("redb:")).unwrap_or(text);
        let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        if DATABASE_SCHEMES.contains(&scheme.as_str()) || path.contains("://") {
            self.report_invalid(
                keys::DATA_FILE,
                "is the URL of another database. Atlas keeps everything in a single data file; set a path, such as data/production/atlas.redb, or leave it unset",
            );
            return None;
        }
        if path.is_empty() || path.ends_with('/') {
            self.report_invalid(keys::DATA_FILE, "must name a file, such as data/production/atlas.redb");
            return None;
        }
        let is_from_file = matches!(self.entry(keys::DATA_FILE), Some(RawEntry { origin: Origin::File(..), .. }));
        if is_from_file && self.environment.kind() == EnvironmentKind::Preview {
            self.report_invalid(
                keys::DATA_FILE,
                "cannot be shared by all previews; leave it unset, and each one uses data/preview/<name>/atlas.redb",
            );
            return None;
        }
        Some(data_file_path(&self.raw.folder, text))
    }
}
