//! A team's folder: atlas.toml, and the data of production and staging.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Server, atlas};

pub const TOML: &str = r#"
[environment.production]
app_url = "https://atlas.example.com"
[environment.production.mail]
from = "Atlas <atlas@example.com>"
[environment.production.admin]
owner = "owner@example.com"

[environment.staging]
app_url = "https://staging.example.com"
[environment.staging.mail]
from = "Atlas staging <staging@example.com>"
[environment.staging.admin]
owner = "owner@example.com"
"#;

/// What the processes of production are told.
pub const PRODUCTION: &[(&str, &str)] = &[
    ("NEXTAUTH_SECRET", "the secret of production, long enough to be one"),
    ("RESEND_API_KEY", "re_of_production"),
    ("SENTRY_ENABLED", "false"),
    ("NEXT_PUBLIC_SENTRY_ENABLED", "false"),
    ("ATLAS_OPERATOR_TOKEN", "the-operator-token-of-production-alone"),
];

/// What the processes of staging are told.
pub const STAGING: &[(&str, &str)] = &[
    ("NEXTAUTH_SECRET", "the secret of staging, long enough to be one, too"),
    ("RESEND_API_KEY", "re_of_staging"),
    ("SENTRY_ENABLED", "false"),
    ("NEXT_PUBLIC_SENTRY_ENABLED", "false"),
    ("SEED_PASSWORD", "plenty of quiet mornings"),
];

/// The name of the snapshot that [`Team::puts_snapshot`] leaves.
pub const SNAPSHOT: &str = "20260212T120000Z-03fa";

pub struct Team {
    folder: TempDir,
}

/// What came of a command.
pub struct Try {
    /// `None` when a server went on serving.
    pub exit: Option<i32>,
    pub said: String,
}

impl Team {
    /// Production and staging, each served once.
    pub fn founded() -> Self {
        let team = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(team.at("atlas.toml"), TOML).unwrap();
        for (name, variables) in [("production", PRODUCTION), ("staging", STAGING)] {
            let variables = [variables, &[("ATLAS_ENV", name)]].concat();
            let server = Server::start_with(team.folder.path(), &[], &variables);
            server.signal("TERM");
            assert_eq!(server.ends().0, Some(0));
        }
        fs::remove_file(team.at("log")).unwrap();
        team
    }

    /// Another folder with the same in it.
    pub fn again(&self) -> Self {
        let team = Self { folder: tempfile::tempdir().unwrap() };
        copy(self.folder.path(), team.folder.path());
        team
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Starts a command with the variables of one environment, and others that count more.
    pub fn tries(&self, words: &[&str], more: &[(&str, &str)], starts_as: &str) -> Try {
        let own = match starts_as {
            "production" => PRODUCTION,
            "staging" => STAGING,
            _ => &[],
        };
        let mut command = atlas(self.folder.path());
        command.args(words).envs(own.iter().copied()).envs(more.iter().copied());
        // A server that is not refused says so in a line, and would go on for ever.
        if words.first() == Some(&"serve") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        out.read_line(&mut said).unwrap();
        if said.starts_with("Atlas serves") {
            child.kill().unwrap();
            child.wait().unwrap();
            return Try { exit: None, said };
        }
        out.read_to_string(&mut said).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        Try { exit: child.wait().unwrap().code(), said }
    }

    /// Takes a snapshot of production and puts it among those of an environment, as `SNAPSHOT`; its manifest may claim that
    /// it is of that environment's file.
    pub fn puts_snapshot(&self, environment: &str, claims: bool) {
        let Try { exit, said } =
            self.tries(&["snapshot", "create", "--env", "production", "--json"], &[], "production");
        assert_eq!(exit, Some(0), "{said}");
        // Warnings may follow.
        let mut answers = serde_json::Deserializer::from_str(&said).into_iter::<Value>();
        let taken = answers.next().unwrap().unwrap();
        let own = self.at(&format!("data/production/snapshots/{}", taken["id"].as_str().unwrap()));
        let theirs = self.at(&format!("data/{environment}/snapshots"));
        fs::create_dir_all(&theirs).unwrap();
        let mut manifest: Value = serde_json::from_slice(&fs::read(own.with_extension("json")).unwrap()).unwrap();
        manifest["id"] = SNAPSHOT.into();
        if claims {
            let identity = fs::read(self.at(&format!("data/{environment}/identity.json"))).unwrap();
            let identity: Value = serde_json::from_slice(&identity).unwrap();
            for name in ["environment", "kind", "fileId"] {
                manifest[name] = identity[name].clone();
            }
        }
        fs::copy(own.with_extension("redb"), theirs.join(format!("{SNAPSHOT}.redb"))).unwrap();
        fs::write(theirs.join(format!("{SNAPSHOT}.json")), manifest.to_string()).unwrap();
    }

    /// Every file below the folder, with what is in it; links as what they point to.
    pub fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        gather(self.folder.path(), &mut files);
        files
    }

    pub fn changed(&self, before: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<PathBuf> {
        let now = self.files();
        let differs = |path: &&PathBuf| before.get(*path) != now.get(*path);
        let changed: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).filter(differs).cloned().collect();
        changed.into_iter().collect()
    }
}

fn gather(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            files.insert(path.clone(), fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes());
        } else if path.is_dir() {
            gather(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

/// Copies a folder as `cp -r` does.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_symlink() {
            symlink(fs::read_link(&path).unwrap(), to).unwrap();
        } else if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, to).unwrap();
        }
    }
}
