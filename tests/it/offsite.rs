//! Off-site snapshot copies: plain and encrypted, their retention, and recovery from them after the loss of the host.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use atlas::app::backup::take_snapshot::take_snapshot;
use atlas::domain::backup::snapshot::SnapshotReason;
use atlas::store::tables::schema::VERSION;
use serde_json::Value;

use crate::metrics::scrape_value;
use crate::process::{Server, exit_code, run, stderr, stdout};
use crate::world::{World, WorldOptions};

const PASSPHRASE: (&str, &str) = ("ATLAS_SNAPSHOTS_PASSPHRASE", "plenty of quiet mornings");

/// A seeded development environment with a folder for off-site copies.
struct Host {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, &'static str)>,
}

impl Host {
    fn new(settings: &str, variables: &[(&'static str, &'static str)]) -> Self {
        let host = Self { folder: tempfile::tempdir().unwrap(), variables: variables.to_vec() };
        fs::create_dir(host.path("second")).unwrap();
        host.configure(settings);
        assert_eq!(host.run(&["seed"]).0, 0);
        host
    }

    fn configure(&self, settings: &str) {
        let text = format!("[environment.development.snapshots]\ncopy_to = \"second\"\n{settings}\n");
        fs::write(self.path("atlas.toml"), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn copies(&self) -> Vec<String> {
        let Ok(folder) = fs::read_dir(self.path("second/development")) else { return Vec::new() };
        let mut names: Vec<String> =
            folder.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.retain(|name| name != "owner.json");
        names.sort();
        names
    }

    fn run(&self, args: &[&str]) -> (i32, String, String) {
        let output = run(self.folder.path(), args, &self.variables);
        (exit_code(&output), stdout(&output), stderr(&output))
    }

    fn run_json(&self, args: &[&str]) -> Value {
        let (code, stdout, stderr) = self.run(&[args, &["--json"]].concat());
        assert_eq!(code, 0, "{args:?}: {stdout}{stderr}");
        serde_json::from_str(&stdout).unwrap()
    }

    fn assert_refused(&self, args: &[&str], message: &str) {
        let (code, stdout, stderr) = self.run(args);
        assert_eq!(code, 1, "{args:?}: {stdout}{stderr}");
        assert!(stderr.contains(message), "{args:?}: {stderr}");
    }

    /// Deletes everything but the off-site copies and the configuration.
    fn lose_data(&self) {
        fs::remove_dir_all(self.path("data")).unwrap();
    }
}

/// Generates a key pair as age-keygen does: writes the private key to a file and returns the public one.
fn generate_key(path: &Path) -> String {
    let private = Identity::generate();
    fs::write(path, format!("# created: 2026-02-12\n{}\n", private.to_string().expose_secret())).unwrap();
    private.to_public().to_string()
}

/// The users, without their sessions.
fn list_users(host: &Host) -> Value {
    let mut users = host.run_json(&["user", "list"])["users"].take();
    for user in users.as_array_mut().unwrap() {
        user["sessions"].take();
    }
    users
}

#[test]
fn every_snapshot_is_copied_with_and_without_a_running_server() {
    let host = Host::new("", &[]);
    let snapshot = host.run_json(&["snapshot", "create"]);
    assert_eq!((&snapshot["copied"], &snapshot["copyFailed"]), (&true.into(), &Value::Null));
    let id = snapshot["id"].as_str().unwrap();
    assert_eq!(host.copies(), [format!("{id}.json"), format!("{id}.redb")]);
    let copy = host.path("second/development").join(format!("{id}.redb"));
    assert_eq!(
        fs::read(&copy).unwrap(),
        fs::read(host.path("data/development/snapshots").join(format!("{id}.redb"))).unwrap()
    );
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);

    let server = Server::start(host.folder.path());
    host.run_json(&["snapshot", "create"]);
    assert_eq!(host.copies().len(), 4);
    let rollback = host.run_json(&["rollback", "--to", id]);
    assert_eq!(rollback["safety"]["copied"], true, "{rollback}");
    drop(server);
    assert_eq!(host.copies().len(), 6, "the safety snapshot of a rollback is copied too");
    let list = host.run_json(&["snapshot", "list"]);
    assert_eq!(list["elsewhere"]["snapshots"].as_array().unwrap().len(), 3, "{list}");

    host.run_json(&["snapshot", "prune", id]);
    assert!(!copy.exists(), "pruning deletes the copy too");
    assert_eq!(host.copies().len(), 4);
}

#[test]
fn a_missing_offsite_folder_fails_the_copy_and_the_next_snapshot_makes_up_for_it() {
    let host = Host::new("", &[]);
    fs::remove_dir(host.path("second")).unwrap();
    let (code, stdout, _) = host.run(&["snapshot", "create", "--json"]);
    assert_eq!(code, 74, "half a success: {stdout}");
    let snapshot: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(snapshot["copied"], false);
    assert!(snapshot["copyFailed"].as_str().unwrap().contains("mount its disk"), "{snapshot}");
    assert!(!host.path("second").exists(), "the mount point is not created on the wrong disk");
    let (code, stdout, _) = host.run(&["snapshot", "create"]);
    assert_eq!(code, 74);
    assert!(stdout.contains("Not copied to the off-site folder"), "{stdout}");
    let list = host.run_json(&["snapshot", "list"]);
    assert_eq!(list["snapshots"].as_array().unwrap().len(), 2);
    assert!(list["unreadable"][0]["why"].as_str().unwrap().contains("mount its disk"), "{list}");
    // A disk that cannot be read stops no server.
    fs::write(host.path("second"), "").unwrap();
    drop(Server::start(host.folder.path()));
    fs::remove_file(host.path("second")).unwrap();
    // A partial copy, as a killed process leaves it.
    fs::create_dir(host.path("second")).unwrap();
    let size = fs::metadata(host.path("data/development/atlas.redb")).unwrap().len();
    let server = Server::start(host.folder.path());
    fs::create_dir_all(host.path("second/development")).unwrap();
    fs::write(host.path("second/development/.20260212T120000Z-03fa.redb"), vec![0; usize::try_from(size / 2).unwrap()])
        .unwrap();
    fs::set_permissions(host.path("second/development"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(host.run_json(&["snapshot", "create"])["copied"], true);
    assert_eq!(host.copies().len(), 6, "the two missing copies are made, and the partial one is removed");
    drop(server);
}

#[test]
fn a_snapshot_that_was_removed_while_its_offsite_folder_was_away_is_removed_there_later() {
    let host = Host::new("", &[]);
    let snapshot = host.run_json(&["snapshot", "create"]);
    let id = snapshot["id"].as_str().unwrap();
    fs::rename(host.path("second"), host.path("away")).unwrap();
    let (code, stdout, _) = host.run(&["snapshot", "prune", id]);
    assert_eq!(code, 74, "{stdout}");
    assert!(stdout.contains(&format!("Removed snapshot {id}")), "{stdout}");
    assert!(stdout.contains("Incomplete: off-site copies were not removed"), "{stdout}");
    fs::rename(host.path("away"), host.path("second")).unwrap();
    assert_eq!(host.copies().len(), 2);
    host.run_json(&["snapshot", "prune", id]);
    assert_eq!(host.copies(), [""; 0]);
    host.assert_refused(&["snapshot", "prune", id], "there is no snapshot");
}

#[tokio::test]
async fn admins_and_metrics_are_told_of_missing_offsite_copies_until_they_are_made_up_for() {
    let variables = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let mut world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let mut olga = world.signed_in_user("olga").await;
    let second = tempfile::tempdir().unwrap();
    let folder = second.path().join("mounted");
    world.restart_with_settings(|settings| settings.snapshots.copy_to = Some(folder.clone())).await;
    olga.reconnect(&world);
    let app = world.state.app.clone();
    let take = async || take_snapshot(&app, SnapshotReason::Schedule, &mut |_| ()).await;
    assert!(take().await.unwrap().copied.unwrap().is_err());
    let alerts = olga.get("/api/admin/health").await.assert_status(200).data()["alerts"].take();
    assert_eq!(alerts[0]["code"], "offsite_copies", "{alerts}");
    assert!(alerts[0]["message"].as_str().unwrap().contains("mounted"), "{alerts}");
    olga.get("/admin").await.assert_status(200).assert_contains("Snapshots have no off-site copy");
    assert!(scrape_value(&world, "atlas_snapshot_offsite_complete").await < 1.0);

    fs::create_dir(&folder).unwrap();
    assert!(take().await.unwrap().copied.unwrap().is_ok());
    let copied = fs::read_dir(folder.join("development")).unwrap().count();
    assert_eq!(copied, 5, "two copies with their manifests, and the mark of the owner");
    assert_eq!(olga.get("/api/admin/health").await.assert_status(200).data()["alerts"], serde_json::json!([]));
    assert!(scrape_value(&world, "atlas_snapshot_offsite_complete").await > 0.0);
    // A server that starts finds out by itself.
    fs::remove_dir_all(folder.join("development")).unwrap();
    atlas::app::backup::snapshots::inspect_snapshots(&app).unwrap();
    let alerts = olga.get("/api/admin/health").await.assert_status(200).data()["alerts"].take();
    assert!(alerts[0]["message"].as_str().unwrap().contains("copies of 2 snapshots are missing"), "{alerts}");
}

#[test]
fn a_lost_host_is_recovered_from_an_encrypted_copy_with_the_private_key() {
    let keys = tempfile::tempdir().unwrap();
    let (public, other) = (generate_key(&keys.path().join("key.txt")), keys.path().join("other.txt"));
    generate_key(&other);
    let host = Host::new(&format!("encrypt_to = [\"{public}\"]"), &[]);
    let before = list_users(&host);
    let snapshot = host.run_json(&["snapshot", "create"]);
    let id = snapshot["id"].as_str().unwrap();
    assert_eq!(host.copies(), [format!("{id}.json"), format!("{id}.redb.age")]);
    let encrypted = host.path("second/development").join(format!("{id}.redb.age"));
    let bytes = fs::read(&encrypted).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1"));
    assert!(!bytes.windows(16).any(|part| part == b"ines@example.com"), "the copy contains no readable personal data");

    host.lose_data();
    host.assert_refused(&["snapshot", "fetch"], "name the file of the private key with --identity");
    host.assert_refused(&["snapshot", "fetch", "--identity", other.to_str().unwrap()], "another key or passphrase");
    assert!(!host.path("data/development/snapshots").exists() || local_snapshots(&host).is_empty());

    let key_file = keys.path().join("key.txt");
    let identity = ["--identity", key_file.to_str().unwrap()];
    let mut corrupt = bytes.clone();
    corrupt[bytes.len() / 2] ^= 1;
    fs::write(&encrypted, corrupt).unwrap();
    host.assert_refused(&[&["snapshot", "fetch"], &identity[..]].concat(), "was changed since it was copied there");
    fs::write(&encrypted, bytes).unwrap();

    let fetched = host.run_json(&[&["snapshot", "fetch"], &identity[..]].concat());
    assert_eq!(
        (&fetched["id"], &fetched["digest"], &fetched["encrypted"]),
        (&snapshot["id"], &snapshot["digest"], &false.into())
    );
    assert_eq!(local_snapshots(&host).len(), 2, "only the snapshot and its manifest are created");
    host.assert_refused(&[&["snapshot", "fetch", id], &identity[..]].concat(), "is here already");
    host.run_json(&["rollback", "--to", id]);
    assert_eq!(list_users(&host), before);
    Server::start(host.folder.path());
}

#[test]
fn a_passphrase_encrypted_copy_is_fetched_from_any_folder() {
    let host = Host::new("", &[PASSPHRASE]);
    let before = list_users(&host);
    let snapshot = host.run_json(&["snapshot", "create"]);
    let id = snapshot["id"].as_str().unwrap();
    host.lose_data();
    fs::rename(host.path("second/development"), host.path("from the vault")).unwrap();
    host.assert_refused(&["snapshot", "fetch"], "doesn't exist");
    fs::create_dir(host.path("second/development")).unwrap();
    host.assert_refused(&["snapshot", "fetch"], "there is no snapshot of “development”");
    host.assert_refused(
        &["snapshot", "fetch", "20260212T120000Z-03fa", "--from", "from the vault"],
        &format!("is {id}"),
    );
    // The configuration now uses a public key. The copy still opens with its passphrase.
    host.configure(&format!("encrypt_to = [\"{}\"]", Identity::generate().to_public()));
    host.run_json(&["snapshot", "fetch", id, "--from", "from the vault"]);
    let rollback = host.run_json(&["rollback", "--to", id]);
    assert_eq!(
        (&rollback["safety"], &rollback["lostUnknown"]),
        (&Value::Null, &"there is no data file".into()),
        "{rollback}"
    );
    assert_eq!(list_users(&host), before);
    // Another passphrase doesn't open it.
    host.lose_data();
    let wrong = run(
        host.folder.path(),
        &["snapshot", "fetch", "--from", "from the vault"],
        &[("ATLAS_SNAPSHOTS_PASSPHRASE", "plenty of loud evenings")],
    );
    assert_eq!(exit_code(&wrong), 1);
    assert!(stderr(&wrong).contains("another key or passphrase"), "{}", stderr(&wrong));
}

#[test]
fn a_copy_is_restored_only_to_its_own_environment() {
    let host = Host::new("", &[]);
    host.run_json(&["snapshot", "create"]);
    let other_environment = run(
        host.folder.path(),
        &["snapshot", "fetch", "--env", "preview/colours", "--from", "second/development"],
        &[],
    );
    assert_ne!(exit_code(&other_environment), 0);
    assert!(!host.path("data/preview/colours/snapshots").exists());
    // SECURITY: an edited manifest changes nothing. The stamp inside the file decides.
    let name = host.copies()[0].clone();
    let path = host.path("second/development").join(name);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"development\"", "\"preview/colours\"")).unwrap();
    host.assert_refused(&["snapshot", "fetch"], "there is no snapshot");
    fs::write(&path, text.replace(&format!("\"schema\": {VERSION}"), "\"schema\": 2")).unwrap();
    host.lose_data();
    host.assert_refused(&["snapshot", "fetch"], &format!("in schema {VERSION}, and its manifest says"));
}

#[test]
fn invalid_offsite_settings_are_reported_by_check() {
    let check = |settings: &str, variables: &[(&'static str, &'static str)]| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("atlas.toml"), format!("[environment.development.snapshots]\n{settings}\n"))
            .unwrap();
        let output = run(folder.path(), &["check"], variables);
        (exit_code(&output), stdout(&output), stderr(&output))
    };
    let public = Identity::generate().to_public().to_string();
    let both = format!("copy_to = \"second\"\nencrypt_to = [\"{public}\"]");
    for (settings, variables, message) in [
        ("copy_to = \"second\"\nencrypt_to = [\"ssh-ed25519 AAAA\"]", &[][..], "not an age public key"),
        (&format!("encrypt_to = [\"{public}\"]"), &[], "snapshots.copy_to is not set"),
        ("copy_to = \"second\"\nencrypt_to = [\"AGE-SECRET-KEY-1QQQQ\"]", &[], "has “a private key”"),
        ("copy_to = \"second\"", &[("ATLAS_SNAPSHOTS_PASSPHRASE", "too short")], "at least 16 characters"),
    ] {
        let (code, stdout, stderr) = check(settings, variables);
        assert_eq!(code, 78, "{settings}: {stdout}");
        assert!(stdout.contains(message), "{settings}: {stdout}");
        assert!(!stdout.contains("too short"), "{stdout}");
        assert!(!stderr.contains("QQQQ"), "{stderr}");
    }
    assert_eq!(check(&both, &[]).0, 0);
    assert_eq!(check(&both, &[PASSPHRASE]).0, 0, "the passphrase still opens copies made before there was a key");
}

fn local_snapshots(host: &Host) -> Vec<PathBuf> {
    let folder = fs::read_dir(host.path("data/development/snapshots")).unwrap();
    let paths = folder.map(|entry| entry.unwrap().path());
    paths.filter(|path| !path.ends_with("owner.json")).collect()
}
