//! Folders that a bind mount or a link puts into another environment's place. Mounts are made in a mount namespace of
//! their own, which needs root or user namespaces; elsewhere these tests are skipped and say so.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use serde_json::Value;

use super::deployment::{CommandResult, Deployment, SNAPSHOT_ID, STAGING};

/// How this user gets a mount namespace.
fn unshare() -> Option<&'static [&'static str]> {
    let ways: [&[&str]; 2] = [&["-m"], &["-U", "-r", "-m"]];
    let works = |flags: &&&[&str]| {
        let script = "mount --bind / /";
        Command::new("unshare")
            .args(**flags)
            .args(["sh", "-c", script])
            .output()
            .is_ok_and(|done| done.status.success())
    };
    let way = ways.iter().find(works).copied();
    if way.is_none() {
        print_skipped();
    }
    way
}

#[allow(clippy::print_stderr, reason = "a test that checks nothing must say so")]
fn print_skipped() {
    eprintln!("SKIPPED: this user cannot mount anything, so bind mounts were not tried");
}

/// Runs a command while `from` is bound to `to`. `None` if nothing can be mounted here.
fn run_with_bind(
    deployment: &Deployment,
    from: &str,
    to: &str,
    args: &[&str],
    variables: &[(&str, &str)],
) -> Option<CommandResult> {
    fs::create_dir_all(deployment.path_to(to)).unwrap();
    let mut command = Command::new("unshare");
    command.args(unshare()?).args(["sh", "-c", r#"mount --bind "$1" "$2"; shift 2; exec "$@""#, "sh", from, to]);
    command.arg(env!("CARGO_BIN_EXE_atlas")).args(args).current_dir(deployment.path());
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).envs(variables.iter().copied());
    let done = command.output().unwrap();
    let output = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    Some(CommandResult { exit: done.status.code(), output })
}

/// Creates the preview `x`, which expired long ago.
fn create_expired_preview(deployment: &Deployment) {
    let created = deployment.run(&["preview", "create", "x"], &[], "preview");
    assert_eq!(created.exit, Some(0), "{}", created.output);
    let record = deployment.path_to("data/preview/x/preview.json");
    let mut preview: Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    preview["expiresAt"] = "2026-01-01T00:00:00Z".into();
    fs::write(record, preview.to_string()).unwrap();
}

#[test]
fn production_mounted_into_a_preview_survives_the_removal_of_the_preview() {
    let template = Deployment::new();
    template.copy_production_snapshot("production", false);
    fs::create_dir(template.path_to("moved")).unwrap();
    fs::rename(template.path_to("data/production/atlas.redb"), template.path_to("moved/atlas.redb")).unwrap();
    let is_production = |path: &std::path::PathBuf| path.components().any(|part| part.as_os_str() == "production");
    for (from, to, says) in [
        ("data/production", "data/preview/x", &["data/preview/x is not a preview folder", "mount point"][..]),
        ("data/production", "data/preview/x/production", &["Deleted preview x", "Left data/preview/x/production"]),
        ("data/production", "data/preview/x/releases", &["Deleted preview x", "Left data/preview/x/releases"]),
        ("data/production/snapshots", "data/preview/x/snapshots", &["x/snapshots belongs to “production”"]),
    ] {
        for command in ["destroy", "prune"] {
            let deployment = template.duplicate();
            create_expired_preview(&deployment);
            let files = deployment.read_files();
            let args: &[&str] = if command == "destroy" { &["preview", "destroy", "x"] } else { &["preview", "prune"] };
            let Some(result) = run_with_bind(&deployment, from, to, args, &[]) else { return };
            let lost: Vec<_> = files.keys().filter(|path| is_production(path) && !path.exists()).collect();
            assert!(lost.is_empty(), "{command} with {to} removed {lost:?}: {}", result.output);
            if command == "destroy" {
                assert!(says.iter().all(|part| result.output.contains(part)), "{to}: {}", result.output);
            }
        }
    }
}

#[test]
fn a_preview_is_not_created_in_a_mounted_folder() {
    let deployment = Deployment::new();
    let create = &["preview", "create", "x"];
    let Some(refused) = run_with_bind(&deployment, "data/production", "data/preview/x", create, &[]) else { return };
    assert_eq!(refused.exit, Some(1), "{}", refused.output);
    assert!(refused.output.contains("mount point"), "{}", refused.output);
    assert!(!deployment.path_to("data/production/preview.json").exists());
}

#[test]
fn what_atlas_did_not_create_survives_the_removal_of_a_preview() {
    let deployment = Deployment::new();
    create_expired_preview(&deployment);
    fs::write(deployment.path_to("data/preview/x/notes.txt"), "mine").unwrap();
    symlink(deployment.path_to("data/production"), deployment.path_to("data/preview/x/snapshots")).unwrap();
    let removed = deployment.run(&["preview", "destroy", "x", "--json"], &[], "preview");
    let answer: Value = serde_json::from_str(&removed.output).unwrap();
    let mut left: Vec<&str> = answer["left"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    left.sort_unstable();
    assert_eq!(left, ["data/preview/x/notes.txt", "data/preview/x/snapshots"]);
    assert_eq!(fs::read_to_string(deployment.path_to("data/preview/x/notes.txt")).unwrap(), "mine");
    assert!(deployment.path_to("data/production/atlas.redb").exists());
    assert!(!deployment.path_to("data/preview/x/preview.json").exists());
}

/// The commands that would write to or remove from staging's folder of snapshots.
const SNAPSHOT_COMMANDS: [&[&str]; 3] = [
    &["snapshot", "prune", SNAPSHOT_ID, "--env", "staging"],
    &["snapshot", "prune", "--env", "staging"],
    &["snapshot", "create", "--env", "staging"],
];

#[test]
fn productions_snapshots_in_the_place_of_stagings_are_neither_removed_nor_written_to() {
    let template = Deployment::new();
    template.copy_production_snapshot("production", false);
    // Staging may have begun its first snapshot while it was served.
    let _ = fs::remove_dir_all(template.path_to("data/staging/snapshots"));
    for is_marked in [true, false] {
        for command in SNAPSHOT_COMMANDS {
            let deployment = template.duplicate();
            if !is_marked {
                // As an earlier version left it.
                fs::remove_file(deployment.path_to("data/production/snapshots/owner.json")).unwrap();
            }
            let files = deployment.read_files();
            let (from, to) = ("data/production/snapshots", "data/staging/snapshots");
            if let Some(bound) = run_with_bind(&deployment, from, to, command, STAGING) {
                assert_eq!(bound.exit, Some(1), "{command:?}: {}", bound.output);
                assert!(bound.output.contains("belongs to “production”"), "{}", bound.output);
                assert_eq!(deployment.changed_files(&files), [] as [std::path::PathBuf; 0], "{command:?}");
            }
            fs::remove_dir(deployment.path_to(to)).unwrap();
            symlink("../production/snapshots", deployment.path_to(to)).unwrap();
            let files = deployment.read_files();
            let linked = deployment.run(command, &[], "staging");
            assert_eq!(linked.exit, Some(1), "{command:?}: {}", linked.output);
            assert!(linked.output.contains("data/staging/snapshots is a link"), "{}", linked.output);
            assert_eq!(deployment.changed_files(&files), [] as [std::path::PathBuf; 0], "{command:?}");
        }
    }
}

#[test]
fn a_server_does_not_start_with_the_releases_or_off_site_folder_of_another_environment() {
    let template = Deployment::new();
    let deployment = template.duplicate();
    fs::remove_dir_all(deployment.path_to("data/staging/releases")).unwrap();
    symlink("../production/releases", deployment.path_to("data/staging/releases")).unwrap();
    let refused = deployment.run(&["serve", "--env", "staging"], &[], "staging");
    assert_eq!(refused.exit, Some(1), "{}", refused.output);
    assert!(refused.output.contains("data/staging/releases is a link"), "{}", refused.output);

    let deployment = template.duplicate();
    let (from, to) = ("data/production/releases", "data/staging/releases");
    if let Some(refused) = run_with_bind(&deployment, from, to, &["check", "--env", "staging"], STAGING) {
        assert_eq!(refused.exit, Some(1), "{}", refused.output);
        assert!(refused.output.contains("data/staging/releases belongs to “production”"), "{}", refused.output);
    }

    let deployment = template.duplicate();
    let toml = fs::read_to_string(deployment.path_to("atlas.toml")).unwrap();
    let offsite = "\n[environment.staging.snapshots]\ncopy_to = \"data/production/snapshots\"\n";
    fs::write(deployment.path_to("atlas.toml"), toml + offsite).unwrap();
    for command in ["serve", "check"] {
        let refused = deployment.run(&[command, "--env", "staging"], &[], "staging");
        assert_eq!(refused.exit, Some(1), "{}", refused.output);
        assert!(refused.output.contains("which belongs to “production”"), "{}", refused.output);
    }
}

#[test]
fn a_folder_of_snapshots_from_before_there_were_marks_is_adopted() {
    let deployment = Deployment::new();
    deployment.copy_production_snapshot("production", false);
    let mark = deployment.path_to("data/production/snapshots/owner.json");
    fs::remove_file(&mark).unwrap();
    let created = deployment.run(&["snapshot", "create", "--env", "production"], &[], "production");
    assert_eq!(created.exit, Some(0), "{}", created.output);
    let mark: Value = serde_json::from_slice(&fs::read(mark).unwrap()).unwrap();
    let identity = fs::read(deployment.path_to("data/production/identity.json")).unwrap();
    let identity: Value = serde_json::from_slice(&identity).unwrap();
    assert_eq!((&mark["environment"], &mark["fileId"]), (&identity["environment"], &identity["fileId"]));
}

#[test]
fn a_release_record_that_names_another_folder_is_never_followed() {
    let deployment = Deployment::new();
    let releases = deployment.path_to("data/staging/releases");
    let own = fs::read_dir(&releases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.join("release.json").is_file());
    let mut record: Value = serde_json::from_slice(&fs::read(own.unwrap().join("release.json")).unwrap()).unwrap();
    // The first twelve characters of a digest name its folder.
    let target = deployment.path_to("data/precious");
    fs::create_dir_all(&target).unwrap();
    fs::write(target.join("atlas"), "mine").unwrap();
    for (n, digest) in ["../../precious", "../..//////precious"].into_iter().enumerate() {
        record["digest"] = digest.into();
        record["lastStarted"] = "2026-01-01T00:00:00Z".into();
        let folder = releases.join(format!("forged-{n}"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("release.json"), record.to_string()).unwrap();
    }
    let started = deployment.run(&["serve", "--env", "staging"], &[], "staging");
    assert_eq!(started.exit, None, "{}", started.output);
    assert_eq!(fs::read_to_string(target.join("atlas")).unwrap(), "mine");
}
