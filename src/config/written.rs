//! What was written: every value as text, with the place it came from. Nothing is judged here except the writing itself.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::keys::{self, Key, Shape};
use super::policy::{self, TestEndpoints};
use super::{Flags, Problem, Severity, Unreadable, chosen, previews};
use crate::domain::{Environment, Kind};

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A flag of the command line.
    Flag(&'static str),
    /// A variable.
    Variable(&'static str),
    /// A file named by a variable.
    VariableFile(&'static str, PathBuf),
    /// A table of the configuration file.
    File(PathBuf, String),
    /// The record of a preview.
    Preview(PathBuf),
    /// Nobody wrote it: Atlas's own default.
    BuiltIn,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "flag {flag}"),
            Self::Variable(name) => write!(f, "variable {name}"),
            Self::VariableFile(name, path) => write!(f, "variable {name}_FILE ({})", path.display()),
            Self::File(path, table) => write!(f, "{} [{table}]", path.display()),
            Self::Preview(path) => path.display().fmt(f),
            Self::BuiltIn => f.write_str("built-in default"),
        }
    }
}

/// One value as text; a list is separated by commas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The text.
    pub value: String,
    /// Where it came from.
    pub origin: Origin,
}

/// Every value that was written, by key.
#[derive(Debug, Clone, Default)]
pub struct Written {
    pub(super) entries: BTreeMap<&'static str, Entry>,
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// The configuration file, whether it is there or not.
    pub file: PathBuf,
}

impl Written {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key)
    }
}

/// Gathers the values of `environment`: flag before variable before file before defaults.
pub(super) fn gather(
    environment: &Environment,
    flags: &Flags,
    variables: &BTreeMap<String, String>,
) -> Result<(Written, Vec<Problem>), Unreadable> {
    let (path, is_named) = file_of(flags, variables)?;
    let (mut written, mut problems) = gather_file(environment, &path, is_named)?;
    let visible = previews::visible(environment, variables, &mut problems);
    for key in keys::ALL {
        if let Some(entry) = from_variables(key, &visible, &mut problems) {
            written.entries.insert(key.name, entry);
        }
    }
    add_defaults(environment, &mut written);
    let verified = flags.require_verified.then(|| "true".to_owned());
    let flags = [
        (keys::REQUIRE_VERIFIED, "--require-verified", &verified),
        (keys::LISTEN, "--listen", &flags.listen),
        (keys::LOG, "--log", &flags.log),
        (keys::LOG_FORMAT, "--log-format", &flags.log_format),
    ];
    for (key, flag, value) in flags {
        if let Some(value) = value.clone() {
            written.entries.insert(key, Entry { value, origin: Origin::Flag(flag) });
        }
    }
    Ok((written, problems))
}

/// The configuration file, and whether somebody asked for just that one.
pub(super) fn file_of(flags: &Flags, variables: &BTreeMap<String, String>) -> Result<(PathBuf, bool), Unreadable> {
    let named = match &flags.config {
        Some(path) => Some(path.clone()),
        None => chosen("ATLAS_CONFIG", variables)?.map(PathBuf::from),
    };
    let is_named = named.is_some();
    Ok((named.unwrap_or_else(|| PathBuf::from("atlas.toml")), is_named))
}

/// The values of `environment` that stand in the file. One that nobody asked for may be missing.
pub(super) fn gather_file(
    environment: &Environment,
    path: &Path,
    demanded: bool,
) -> Result<(Written, Vec<Problem>), Unreadable> {
    let mut problems = Vec::new();
    let mut written = Written { folder: folder_of(path), file: path.to_owned(), ..Written::default() };
    if let Some(file) = read_file(path, demanded)? {
        take_file(environment, &file, path, &mut written, &mut problems);
    }
    previews::fit(environment, &mut written, &mut problems);
    Ok((written, problems))
}

fn take_file(
    environment: &Environment,
    file: &toml::Table,
    path: &Path,
    written: &mut Written,
    problems: &mut Vec<Problem>,
) {
    let table = match environment.kind() {
        Kind::Preview => "preview".to_owned(),
        _ => environment.to_string(),
    };
    check_names(file, path, problems);
    for table in ["defaults".to_owned(), format!("environment.{table}")] {
        let origin = Origin::File(path.to_owned(), table.clone());
        if let Some(values) = lookup(file, &table) {
            take_table(values, "", &origin, &mut written.entries, problems);
        }
    }
}

/// What Atlas assumes where nobody wrote anything.
pub(super) fn add_defaults(environment: &Environment, written: &mut Written) {
    let mut add = |key, value: String| {
        written.entries.entry(key).or_insert(Entry { value, origin: Origin::BuiltIn });
    };
    add(keys::LISTEN, "127.0.0.1:3000".to_owned());
    add(keys::DATA_FILE, format!("data/{environment}/atlas.redb"));
    add(keys::LOG, "info".to_owned());
    let required = policy::of(environment.kind()).settings == policy::Settings::Required;
    add(keys::SNAPSHOTS_EVERY, if required { "6h" } else { "off" }.to_owned());
    add(keys::LOG_FORMAT, "auto".to_owned());
    if policy::of(environment.kind()).asks_for_verified {
        add(keys::REQUIRE_VERIFIED, "false".to_owned());
        add(keys::VERIFIED_WITHIN, "7d".to_owned());
    }
    let endpoints = policy::of(environment.kind()).test_endpoints;
    add(keys::TEST_ENDPOINTS, (endpoints == TestEndpoints::Flag(true)).to_string());
}

pub(super) fn folder_of(path: &Path) -> PathBuf {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

fn read_file(path: &Path, demanded: bool) -> Result<Option<toml::Table>, Unreadable> {
    let unreadable = |why: String| Unreadable::File { path: path.to_owned(), why };
    match std::fs::read_to_string(path) {
        Ok(text) => text.parse().map(Some).map_err(|error: toml::de::Error| unreadable(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !demanded => Ok(None),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

fn lookup<'a>(file: &'a toml::Table, dotted: &str) -> Option<&'a toml::Table> {
    dotted.split('.').try_fold(file, |table, part| table.get(part)?.as_table())
}

/// Names at the top of the file: only `defaults` and the four environments.
fn check_names(file: &toml::Table, path: &Path, problems: &mut Vec<Problem>) {
    for (name, value) in file {
        let tables = value.as_table().map(|inner| name != "environment" || inner.values().all(toml::Value::is_table));
        if tables != Some(true) {
            let message =
                format!("{}: “{name}” must be written as tables, as in [environment.staging]", path.display());
            problems.push(error("atlas.toml", message));
        }
    }
    let mut unknown = |what: &str, name: &str, choices: &[&'static str]| {
        // Whoever cuts a name short means the one that begins so.
        let far = |choice: &&&str| (!choice.starts_with(name), strsim::damerau_levenshtein(choice, name));
        let near = choices.iter().min_by_key(far).unwrap_or(&"");
        problems
            .push(error("atlas.toml", format!("{}: unknown {what} “{name}”; did you mean “{near}”?", path.display())));
    };
    for name in file.keys() {
        if !matches!(name.as_str(), "defaults" | "environment") {
            unknown("table", name, &["defaults", "environment"]);
        }
    }
    let environments = ["production", "staging", "development", "preview"];
    for name in file.get("environment").and_then(toml::Value::as_table).into_iter().flat_map(|table| table.keys()) {
        if !environments.contains(&name.as_str()) {
            unknown("environment", name, &environments);
        }
    }
}

fn take_table(
    values: &toml::Table,
    prefix: &str,
    origin: &Origin,
    entries: &mut BTreeMap<&'static str, Entry>,
    problems: &mut Vec<Problem>,
) {
    for (name, value) in values {
        let dotted = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
        let Some(key) = keys::find(&dotted) else {
            match value.as_table() {
                Some(inner) if keys::ALL.iter().any(|key| key.name.starts_with(&format!("{dotted}."))) => {
                    take_table(inner, &dotted, origin, entries, problems);
                }
                _ => problems.push(error(
                    "atlas.toml",
                    format!("{origin}: unknown setting “{dotted}”; did you mean “{}”?", keys::nearest(&dotted)),
                )),
            }
            continue;
        };
        match text_of(key, value) {
            Ok(value) => {
                entries.insert(key.name, Entry { value, origin: origin.clone() });
            }
            Err(why) => problems.push(error(key.name, format!("{origin}: {dotted} {why}"))),
        }
    }
}

fn text_of(key: &Key, value: &toml::Value) -> Result<String, String> {
    match (key.shape, value) {
        (Shape::Secret, _) => Err(format!(
            "is a secret and does not belong into a file that is shared; set the variable {} or {}_FILE",
            key.variables.first().unwrap_or(&""),
            key.variables.first().unwrap_or(&"")
        )),
        (Shape::Text, toml::Value::String(text)) if text.trim().is_empty() => {
            Err("is empty; give it a value or leave the line out".to_owned())
        }
        (Shape::Text, toml::Value::String(text)) => Ok(text.clone()),
        (Shape::Flag, toml::Value::Boolean(flag)) => Ok(flag.to_string()),
        (Shape::List, toml::Value::Array(items)) => {
            let items: Option<Vec<_>> = items.iter().map(toml::Value::as_str).collect();
            items.map(|items| items.join(",")).ok_or_else(|| "must be an array of strings".to_owned())
        }
        (Shape::Text, _) => Err("must be a string".to_owned()),
        (Shape::Flag, _) => Err("must be true or false".to_owned()),
        (Shape::List, _) => Err("must be an array of strings".to_owned()),
    }
}

/// The value of the first variable that is set; the others must agree with it.
fn from_variables(key: &Key, variables: &BTreeMap<String, String>, problems: &mut Vec<Problem>) -> Option<Entry> {
    let mut chosen: Option<(&str, Entry)> = None;
    for name in key.variables {
        let Some(entry) = from_variable(key, name, variables, problems) else { continue };
        match &chosen {
            None => chosen = Some((name, entry)),
            Some((first, kept)) if !agree(&kept.value, &entry.value) => problems.push(error(
                key.name,
                format!("{first} and {name} disagree; set both to the same value, or only one of them"),
            )),
            Some(_) => {}
        }
    }
    chosen.map(|(_, entry)| entry)
}

/// A trailing slash is no disagreement between two spellings of an address.
fn agree(one: &str, other: &str) -> bool {
    one.trim_end_matches('/') == other.trim_end_matches('/')
}

fn from_variable(
    key: &Key,
    name: &'static str,
    variables: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
) -> Option<Entry> {
    let set = |name: &str| variables.get(name).map(|value| value.trim()).filter(|value| !value.is_empty());
    let file = format!("{name}_FILE");
    match (set(name), set(&file)) {
        (Some(_), Some(_)) => {
            problems.push(error(key.name, format!("{name} and {file} are both set; keep one of them")));
            None
        }
        (Some(value), None) => Some(Entry { value: value.to_owned(), origin: Origin::Variable(name) }),
        (None, Some(path)) => match std::fs::read_to_string(path) {
            Ok(text) if text.trim().is_empty() => {
                problems.push(error(key.name, format!("{file} names {path}, which is empty")));
                None
            }
            Ok(text) => {
                Some(Entry { value: text.trim().to_owned(), origin: Origin::VariableFile(name, PathBuf::from(path)) })
            }
            Err(why) => {
                problems.push(error(key.name, format!("{file} names {path}, which cannot be read: {why}")));
                None
            }
        },
        (None, None) => None,
    }
}

pub(super) fn error(key: &'static str, message: String) -> Problem {
    Problem { severity: Severity::Error, key, message }
}
