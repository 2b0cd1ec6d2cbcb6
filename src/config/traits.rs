//! What tells one environment from another, and the same of the other environments of atlas.toml.
//!
//! Only what was written counts here. What a process of another environment was told by its own variables is not known;
//! it stands in the `identity.json` beside that environment's data file.

use std::path::{Path, PathBuf};

use url::Url;

use super::previews::folder_of_all;
use super::settings::Secret;
use super::written::{Written, add_defaults, gather_file};
use super::{keys, relay};
use crate::domain::{Email, Environment};

/// What must differ between environments, as far as it was written.
#[derive(Debug, Clone)]
pub struct Traits {
    /// Whose they are.
    pub environment: Environment,
    /// The data file.
    pub data_file: PathBuf,
    /// Where people reach it.
    pub app_url: Option<Url>,
    /// Whom its mail comes from.
    pub sender: Option<Email>,
    /// What keys are derived from.
    pub secret: Option<Secret>,
    /// What its relay lets it in with: the API key of Resend, or the password in SMTP_URL.
    pub mail_key: Option<Secret>,
    /// What lets an operator's checklist ask.
    pub operator_token: Option<Secret>,
}

impl Traits {
    /// Those of `environment`. What cannot be read is left out; settling reports it.
    fn of(environment: &Environment, written: &Written) -> Self {
        let text = |key| written.get(key).map(|entry| entry.value.as_str());
        let password = |url| relay::parse(url).ok().and_then(|smtp| smtp.credentials).map(|(_, password)| password);
        Self {
            environment: environment.clone(),
            data_file: path_of(&written.folder, text(keys::DATA_FILE).unwrap_or_default()),
            app_url: text(keys::APP_URL).and_then(|text| Url::parse(text).ok()),
            sender: text(keys::MAIL_FROM).and_then(|text| Email::parse(address_in(text)).ok()),
            secret: text(keys::SECRET).map(Secret::new),
            operator_token: text(keys::OPERATOR_TOKEN).map(Secret::new),
            mail_key: text(keys::RESEND_API_KEY).map(Secret::new).or_else(|| text(keys::SMTP_URL).and_then(password)),
        }
    }

    /// The folder of the data file, where everything of the environment is kept.
    pub fn home(&self) -> &Path {
        self.data_file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }
}

/// An environment among the others of its atlas.toml.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// The environment's own traits.
    pub own: Traits,
    /// Those of the others.
    pub others: Vec<Traits>,
    /// The folder of all previews.
    pub previews: PathBuf,
}

impl Surroundings {
    pub(super) fn of(environment: &Environment, written: &Written) -> Self {
        Self {
            own: Traits::of(environment, written),
            others: others(environment, written),
            previews: folder_of_all(&written.folder),
        }
    }
}

/// The path that a value of `data_file` names.
pub(super) fn path_of(folder: &Path, text: &str) -> PathBuf {
    let path = text.strip_prefix("redb://").or(text.strip_prefix("redb:")).unwrap_or(text);
    let path = folder.join(path);
    // Without a leading `./`, so that messages show the path as people write it.
    path.strip_prefix(".").map(Path::to_owned).unwrap_or(path)
}

/// The address in `Name <address>`, or the text itself.
fn address_in(text: &str) -> &str {
    text.split_once('<').map_or(text, |(_, rest)| rest.trim_end().trim_end_matches('>'))
}

/// The other environments, as the configuration file and the defaults describe them, and the previews that have a folder.
fn others(environment: &Environment, beside: &Written) -> Vec<Traits> {
    let previews = std::fs::read_dir(folder_of_all(&beside.folder)).into_iter().flatten().flatten();
    let previews = previews.filter_map(|entry| Some(format!("preview/{}", entry.file_name().to_str()?)));
    let named = ["production", "staging", "development"].map(str::to_owned).into_iter().chain(previews);
    let others = named.filter_map(|name| name.parse::<Environment>().ok()).filter(|other| other != environment);
    let traits = others.filter_map(|other| {
        // A file that cannot be read was reported when the environment's own values were gathered.
        let (mut written, _) = gather_file(&other, &beside.file, false).ok()?;
        add_defaults(&other, &mut written);
        Some(Traits::of(&other, &written))
    });
    traits.collect()
}
