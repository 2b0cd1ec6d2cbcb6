//! Copies of snapshots in a second folder: encrypted or not, kept as long as the rule says, and the way back from them when
//! the machine is lost.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::x25519::Identity;
use serde_json::Value;

use crate::process::{Server, code, complaint, run, said};

const PASSPHRASE: (&str, &str) = ("ATLAS_SNAPSHOTS_PASSPHRASE", "plenty of quiet mornings");

/// A development environment with people in it and a second folder beside it, with further settings of snapshots.
struct Machine {
    folder: tempfile::TempDir,
    variables: Vec<(&'static str, &'static str)>,
}

impl Machine {
    fn with(settings: &str, variables: &[(&'static str, &'static str)]) -> Self {
        let machine = Self { folder: tempfile::tempdir().unwrap(), variables: variables.to_vec() };
        fs::create_dir(machine.at("second")).unwrap();
        machine.configure(settings);
        assert_eq!(machine.run(&["seed"]).0, 0);
        machine
    }

    fn configure(&self, settings: &str) {
        let text = format!("[environment.development.snapshots]\ncopy_to = \"second\"\n{settings}\n");
        fs::write(self.at("atlas.toml"), text).unwrap();
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn copies(&self) -> Vec<String> {
        let Ok(folder) = fs::read_dir(self.at("second/development")) else { return Vec::new() };
        let mut names: Vec<String> =
            folder.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn run(&self, words: &[&str]) -> (i32, String, String) {
        let output = run(self.folder.path(), words, &self.variables);
        (code(&output), said(&output), complaint(&output))
    }

    fn json(&self, words: &[&str]) -> Value {
        let (code, said, complaint) = self.run(&[words, &["--json"]].concat());
        assert_eq!(code, 0, "{words:?}: {said}{complaint}");
        serde_json::from_str(&said).unwrap()
    }

    fn refuses(&self, words: &[&str], why: &str) {
        let (code, said, complaint) = self.run(words);
        assert_eq!(code, 1, "{words:?}: {said}{complaint}");
        assert!(complaint.contains(why), "{words:?}: {complaint}");
    }

    /// Everything but the second folder and the configuration is gone.
    fn is_lost(&self) {
        fs::remove_dir_all(self.at("data")).unwrap();
    }
}

/// A key pair as age-keygen makes it: the public key, and a file with the private one.
fn key(at: &Path) -> String {
    let private = Identity::generate();
    fs::write(at, format!("# created: 2026-02-12\n{}\n", private.to_string().expose_secret())).unwrap();
    private.to_public().to_string()
}

fn people(machine: &Machine) -> Value {
    let mut people = machine.json(&["user", "list"])["users"].take();
    for person in people.as_array_mut().unwrap() {
        person["sessions"].take();
    }
    people
}

#[test]
fn every_snapshot_is_copied_whoever_took_it_and_whether_or_not_a_server_runs() {
    let machine = Machine::with("", &[]);
    let taken = machine.json(&["snapshot", "create"]);
    assert_eq!((&taken["copied"], &taken["copyFailed"]), (&true.into(), &Value::Null));
    let id = taken["id"].as_str().unwrap();
    assert_eq!(machine.copies(), [format!("{id}.json"), format!("{id}.redb")]);
    let copy = machine.at("second/development").join(format!("{id}.redb"));
    assert_eq!(
        fs::read(&copy).unwrap(),
        fs::read(machine.at("data/development/snapshots").join(format!("{id}.redb"))).unwrap()
    );
    assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600);

    let server = Server::start(machine.folder.path());
    machine.json(&["snapshot", "create"]);
    assert_eq!(machine.copies().len(), 4);
    let back = machine.json(&["rollback", "--to", id]);
    assert_eq!(back["safety"]["copied"], true, "{back}");
    drop(server);
    assert_eq!(machine.copies().len(), 6, "what a rollback replaced is copied, too");
    let listed = machine.json(&["snapshot", "list"]);
    assert_eq!(listed["elsewhere"]["snapshots"].as_array().unwrap().len(), 3, "{listed}");

    machine.json(&["snapshot", "prune", id]);
    assert!(!copy.exists(), "what somebody no longer wants is gone in both places");
    assert_eq!(machine.copies().len(), 4);
}

#[test]
fn a_second_folder_that_is_not_there_costs_the_copy_and_not_the_snapshot() {
    let machine = Machine::with("", &[]);
    fs::remove_dir(machine.at("second")).unwrap();
    let taken = machine.json(&["snapshot", "create"]);
    assert_eq!(taken["copied"], false);
    assert!(taken["copyFailed"].as_str().unwrap().contains("mount its disk"), "{taken}");
    assert!(!machine.at("second").exists(), "it is not made on the wrong disk");
    let (code, said, _) = machine.run(&["snapshot", "create"]);
    assert_eq!(code, 0);
    assert!(said.contains("not copied to the second folder"), "{said}");
    // One that takes nothing more, half-way through the copy.
    fs::create_dir(machine.at("second")).unwrap();
    let size = fs::metadata(machine.at("data/development/atlas.redb")).unwrap().len();
    let server = Server::start(machine.folder.path());
    fs::create_dir_all(machine.at("second/development")).unwrap();
    fs::write(
        machine.at("second/development/.20260212T120000Z-03fa.redb"),
        vec![0; usize::try_from(size / 2).unwrap()],
    )
    .unwrap();
    fs::set_permissions(machine.at("second/development"), fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(machine.json(&["snapshot", "create"])["copied"], true);
    assert_eq!(machine.copies().len(), 2, "what a copy that was killed left behind is swept away");
    drop(server);
}

#[test]
fn a_lost_machine_comes_back_from_an_encrypted_copy_with_the_private_key_alone() {
    let keys = tempfile::tempdir().unwrap();
    let (public, other) = (key(&keys.path().join("key.txt")), keys.path().join("other.txt"));
    key(&other);
    let machine = Machine::with(&format!("encrypt_to = [\"{public}\"]"), &[]);
    let before = people(&machine);
    let taken = machine.json(&["snapshot", "create"]);
    let id = taken["id"].as_str().unwrap();
    assert_eq!(machine.copies(), [format!("{id}.json"), format!("{id}.redb.age")]);
    let closed = machine.at("second/development").join(format!("{id}.redb.age"));
    let bytes = fs::read(&closed).unwrap();
    assert!(bytes.starts_with(b"age-encryption.org/v1"));
    assert!(!bytes.windows(16).any(|part| part == b"ines@example.com"), "nobody can be read in it");

    machine.is_lost();
    machine.refuses(&["snapshot", "fetch"], "name the file of the private key with --identity");
    machine.refuses(&["snapshot", "fetch", "--identity", other.to_str().unwrap()], "another key or passphrase");
    assert!(!machine.at("data/development/snapshots").exists() || snapshots(&machine).is_empty());

    let own = keys.path().join("key.txt");
    let identity = ["--identity", own.to_str().unwrap()];
    let mut damaged = bytes.clone();
    damaged[bytes.len() / 2] ^= 1;
    fs::write(&closed, damaged).unwrap();
    machine.refuses(&[&["snapshot", "fetch"], &identity[..]].concat(), "was changed since it was copied there");
    fs::write(&closed, bytes).unwrap();

    let fetched = machine.json(&[&["snapshot", "fetch"], &identity[..]].concat());
    assert_eq!(
        (&fetched["id"], &fetched["digest"], &fetched["encrypted"]),
        (&taken["id"], &taken["digest"], &false.into())
    );
    assert_eq!(snapshots(&machine).len(), 2, "the copy and its manifest, nothing else");
    machine.refuses(&[&["snapshot", "fetch", id], &identity[..]].concat(), "is here already");
    machine.json(&["rollback", "--to", id]);
    assert_eq!(people(&machine), before);
    Server::start(machine.folder.path());
}

#[test]
fn a_passphrase_serves_as_well_and_any_folder_with_the_copy() {
    let machine = Machine::with("", &[PASSPHRASE]);
    let before = people(&machine);
    let taken = machine.json(&["snapshot", "create"]);
    let id = taken["id"].as_str().unwrap();
    machine.is_lost();
    fs::rename(machine.at("second/development"), machine.at("from the vault")).unwrap();
    machine.refuses(&["snapshot", "fetch"], "there is no folder");
    fs::create_dir(machine.at("second/development")).unwrap();
    machine.refuses(&["snapshot", "fetch"], "there is no snapshot of “development”");
    machine.refuses(&["snapshot", "fetch", "20260212T120000Z-03fa", "--from", "from the vault"], &format!("is {id}"));
    // The team has moved on to a key, and the new machine has no second folder of its own.
    machine.configure(&format!("encrypt_to = [\"{}\"]", Identity::generate().to_public()));
    machine.json(&["snapshot", "fetch", id, "--from", "from the vault"]);
    let back = machine.json(&["rollback", "--to", id]);
    assert_eq!((&back["safety"], &back["lostUnknown"]), (&Value::Null, &"there is no data file".into()), "{back}");
    assert_eq!(people(&machine), before);
    // With another passphrase it stays closed.
    machine.is_lost();
    let wrong = run(
        machine.folder.path(),
        &["snapshot", "fetch", "--from", "from the vault"],
        &[("ATLAS_SNAPSHOTS_PASSPHRASE", "plenty of loud evenings")],
    );
    assert_eq!(code(&wrong), 1);
    assert!(complaint(&wrong).contains("another key or passphrase"), "{}", complaint(&wrong));
}

#[test]
fn a_copy_is_put_back_only_where_it_came_from() {
    let machine = Machine::with("", &[]);
    machine.json(&["snapshot", "create"]);
    let elsewhere = run(
        machine.folder.path(),
        &["snapshot", "fetch", "--env", "preview/colours", "--from", "second/development"],
        &[],
    );
    assert_ne!(code(&elsewhere), 0);
    assert!(!machine.at("data/preview/colours/snapshots").exists());
    // Whatever a manifest says: the stamp inside decides.
    let name = machine.copies()[0].clone();
    let path = machine.at("second/development").join(name);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"development\"", "\"preview/colours\"")).unwrap();
    machine.refuses(&["snapshot", "fetch"], "there is no snapshot");
    fs::write(&path, text.replace("\"schema\": 4", "\"schema\": 2")).unwrap();
    machine.is_lost();
    machine.refuses(&["snapshot", "fetch"], "in schema 4, and its manifest says");
}

#[test]
fn what_cannot_be_meant_is_said_before_anything_starts() {
    let check = |settings: &str, variables: &[(&'static str, &'static str)]| {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("atlas.toml"), format!("[environment.development.snapshots]\n{settings}\n"))
            .unwrap();
        let output = run(folder.path(), &["check"], variables);
        (code(&output), said(&output), complaint(&output))
    };
    let public = Identity::generate().to_public().to_string();
    let both = format!("copy_to = \"second\"\nencrypt_to = [\"{public}\"]");
    for (settings, variables, why) in [
        ("copy_to = \"second\"\nencrypt_to = [\"ssh-ed25519 AAAA\"]", &[][..], "no public key of age"),
        (&format!("encrypt_to = [\"{public}\"]"), &[], "snapshots.copy_to names none"),
        ("copy_to = \"second\"\nencrypt_to = [\"AGE-SECRET-KEY-1QQQQ\"]", &[], "has “a private key”"),
        ("copy_to = \"second\"", &[("ATLAS_SNAPSHOTS_PASSPHRASE", "too short")], "at least 16 characters"),
    ] {
        let (code, said, complained) = check(settings, variables);
        assert_eq!(code, 78, "{settings}: {said}");
        assert!(said.contains(why), "{settings}: {said}");
        assert!(!said.contains("too short"), "{said}");
        assert!(!complained.contains("QQQQ"), "{complained}");
    }
    assert_eq!(check(&both, &[]).0, 0);
    assert_eq!(check(&both, &[PASSPHRASE]).0, 0, "it opens what was encrypted before there was a key");
}

fn snapshots(machine: &Machine) -> Vec<PathBuf> {
    let folder = fs::read_dir(machine.at("data/development/snapshots")).unwrap();
    folder.map(|entry| entry.unwrap().path()).collect()
}
