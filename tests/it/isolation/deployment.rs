//! A deployment: one folder with atlas.toml and the data of production and staging.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Server, atlas_command};

pub const ATLAS_TOML: &str = r#"
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

/// The variables of production's processes.
pub const PRODUCTION: &[(&str, &str)] = &[
    ("NEXTAUTH_SECRET", "the secret of production, long enough to be one"),
    ("RESEND_API_KEY", "re_of_production"),
    ("SENTRY_ENABLED", "false"),
    ("NEXT_PUBLIC_SENTRY_ENABLED", "false"),
    ("ATLAS_OPERATOR_TOKEN", "the-operator-token-of-production-alone"),
];

/// The variables of staging's processes.
pub const STAGING: &[(&str, &str)] = &[
    ("NEXTAUTH_SECRET", "the secret of staging, long enough to be one, too"),
    ("RESEND_API_KEY", "re_of_staging"),
    ("SENTRY_ENABLED", "false"),
    ("NEXT_PUBLIC_SENTRY_ENABLED", "false"),
    ("SEED_PASSWORD", "plenty of quiet mornings"),
];

/// The snapshot that [`Deployment::copy_production_snapshot`] creates.
pub const SNAPSHOT_ID: &str = "20260212T120000Z-03fa";

pub struct Deployment {
    folder: TempDir,
}

/// How a command ended.
pub struct CommandResult {
    /// `None` for a server that started.
    pub exit: Option<i32>,
    pub output: String,
}

impl Deployment {
    /// Creates production and staging by serving each once.
    pub fn new() -> Self {
        let deployment = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(deployment.path_to("atlas.toml"), ATLAS_TOML).unwrap();
        for (name, variables) in [("production", PRODUCTION), ("staging", STAGING)] {
            let variables = [variables, &[("ATLAS_ENV", name)]].concat();
            let server = Server::start_with(deployment.folder.path(), &[], &variables);
            server.signal("TERM");
            assert_eq!(server.wait().0, Some(0));
        }
        fs::remove_file(deployment.path_to("log")).unwrap();
        deployment
    }

    /// Copies the deployment to another folder.
    pub fn duplicate(&self) -> Self {
        let deployment = Self { folder: tempfile::tempdir().unwrap() };
        copy_folder(self.folder.path(), deployment.folder.path());
        deployment
    }

    pub fn path_to(&self, path: &str) -> PathBuf {
        self.folder.path().join(path)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command with the variables of the environment `run_as`; `overrides` take precedence.
    pub fn run(&self, args: &[&str], overrides: &[(&str, &str)], run_as: &str) -> CommandResult {
        let variables = match run_as {
            "production" => PRODUCTION,
            "staging" => STAGING,
            _ => &[],
        };
        let mut command = atlas_command(self.folder.path());
        command.args(args).envs(variables.iter().copied()).envs(overrides.iter().copied());
        // A server that starts prints a line and then runs until it is killed.
        if args.first() == Some(&"serve") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut output = String::new();
        stdout.read_line(&mut output).unwrap();
        if output.starts_with("Serving ") {
            child.kill().unwrap();
            child.wait().unwrap();
            return CommandResult { exit: None, output };
        }
        stdout.read_to_string(&mut output).unwrap();
        child.stderr.take().unwrap().read_to_string(&mut output).unwrap();
        CommandResult { exit: child.wait().unwrap().code(), output }
    }

    /// Takes a snapshot of production and copies it into an environment's snapshots as [`SNAPSHOT_ID`]. With
    /// `forge_manifest`, its manifest claims to be of that environment's file.
    pub fn copy_production_snapshot(&self, environment: &str, forge_manifest: bool) {
        let CommandResult { exit, output } =
            self.run(&["snapshot", "create", "--env", "production", "--json"], &[], "production");
        assert_eq!(exit, Some(0), "{output}");
        // Warnings may follow the JSON document.
        let mut documents = serde_json::Deserializer::from_str(&output).into_iter::<Value>();
        let snapshot = documents.next().unwrap().unwrap();
        let source = self.path_to(&format!("data/production/snapshots/{}", snapshot["id"].as_str().unwrap()));
        let target = self.path_to(&format!("data/{environment}/snapshots"));
        fs::create_dir_all(&target).unwrap();
        let mut manifest: Value = serde_json::from_slice(&fs::read(source.with_extension("json")).unwrap()).unwrap();
        manifest["id"] = SNAPSHOT_ID.into();
        if forge_manifest {
            let identity = fs::read(self.path_to(&format!("data/{environment}/identity.json"))).unwrap();
            let identity: Value = serde_json::from_slice(&identity).unwrap();
            for name in ["environment", "kind", "fileId"] {
                manifest[name] = identity[name].clone();
            }
        }
        fs::copy(source.with_extension("redb"), target.join(format!("{SNAPSHOT_ID}.redb"))).unwrap();
        fs::write(target.join(format!("{SNAPSHOT_ID}.json")), manifest.to_string()).unwrap();
    }

    /// The content of every file below the folder; for a symbolic link, its target.
    pub fn read_files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect_files(self.folder.path(), &mut files);
        files
    }

    pub fn changed_files(&self, before: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<PathBuf> {
        let now = self.read_files();
        let differs = |path: &&PathBuf| before.get(*path) != now.get(*path);
        let changed: std::collections::BTreeSet<_> = before.keys().chain(now.keys()).filter(differs).cloned().collect();
        changed.into_iter().collect()
    }
}

fn collect_files(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            files.insert(path.clone(), fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes());
        } else if path.is_dir() {
            collect_files(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
}

/// Copies a folder as `cp -r` does.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_symlink() {
            symlink(fs::read_link(&path).unwrap(), to).unwrap();
        } else if path.is_dir() {
            copy_folder(&path, &to);
        } else {
            fs::copy(&path, to).unwrap();
        }
    }
}
