//! A flipped bit in a stored row: the owner of the row gets an error and never wrong data, other users are served, and
//! the health check reports it.

use std::fs;
use std::path::Path;

use atlas::app::backup::take_snapshot::take_snapshot;
use atlas::domain::backup::snapshot::SnapshotReason;
use serde_json::{Value, json};

use crate::process::{Server, exit_code, run, stderr, stdout};
use crate::test_user::TestUser;
use crate::world::{World, WorldOptions};

const TITLE: &str = "Read ten pages";
/// [`TITLE`] with one bit flipped.
const FLIPPED_TITLE: &str = "Read ten qages";

/// Replaces `before` with `after`, which differs in one bit, everywhere in a data file, freed pages included.
fn flip_bit(path: &Path, before: &str, after: &str) {
    let differing_bits: u32 = before.bytes().zip(after.bytes()).map(|(a, b)| (a ^ b).count_ones()).sum();
    assert_eq!((before.len(), differing_bits), (after.len(), 1));
    let mut bytes = fs::read(path).unwrap();
    let offsets: Vec<usize> =
        (0..bytes.len() - before.len()).filter(|offset| bytes[*offset..].starts_with(before.as_bytes())).collect();
    assert!(!offsets.is_empty(), "{before} is not in the file");
    for offset in offsets {
        bytes[offset..offset + after.len()].copy_from_slice(after.as_bytes());
    }
    fs::write(path, bytes).unwrap();
}

async fn health(user: &TestUser, status: u16) -> Value {
    user.get("/api/health").await.assert_status(status).json()["data"].take()
}

#[tokio::test]
async fn a_corrupt_habit_is_an_error_for_its_owner_and_other_users_are_served() {
    let variables = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let world = World::with_options(WorldOptions { variables, ..WorldOptions::default() }).await;
    let (mut olga, mut ada) = (world.signed_in_user("olga").await, world.signed_in_user("ada").await);
    let mut ben = world.signed_in_user("ben").await;
    let habit = ada.create_habit(TITLE).await;
    let walk = ben.create_habit("Walk").await;
    take_snapshot(&world.state.app, SnapshotReason::Manual, &mut |_| ()).await.unwrap();
    assert_eq!(health(&olga, 200).await["status"], "ok");

    let world = world.restart_after(|file| flip_bit(file, TITLE, FLIPPED_TITLE)).await;
    for user in [&mut olga, &mut ada, &mut ben] {
        user.reconnect(&world);
    }
    assert_eq!(health(&ben, 200).await["status"], "ok", "the corrupt row has not been read yet");
    for path in ["/today", "/habits", "/api/habits"] {
        ada.get(path).await.assert_status(500).assert_lacks(FLIPPED_TITLE);
    }
    ben.get("/today").await.assert_status(200).assert_contains("Walk");
    ben.set_completion(&walk, "2026-02-12", true).await.assert_status(200);
    assert_eq!(ben.completed_on("2026-02-12").await, [walk]);

    // An update reads the row first, so it fails and overwrites nothing.
    ada.send_json("PUT", &format!("/api/habits/{habit}"), &json!({ "title": "Read" })).await.assert_status(500);
    ada.get("/today").await.assert_status(500);

    assert_eq!(health(&ben, 503).await["status"], "unavailable");
    let alerts = olga.get("/api/admin/health").await.assert_status(503).json()["data"]["alerts"].take();
    assert_eq!(alerts[0]["code"], "damaged", "{alerts}");
    olga.get("/admin").await.assert_status(200).assert_contains("The data file is corrupt");
    let refused = take_snapshot(&world.state.app, SnapshotReason::Manual, &mut |_| ()).await.err().unwrap().to_string();
    assert!(refused.contains("corrupt") && !refused.contains(FLIPPED_TITLE), "{refused}");
}

#[tokio::test]
async fn a_snapshot_detects_an_unread_corrupt_row_and_replacing_the_file_clears_the_alert() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    ada.create_habit(TITLE).await;
    let intact_copy = tempfile::NamedTempFile::new().unwrap();
    let world = world
        .restart_after(|file| {
            fs::copy(file, intact_copy.path()).unwrap();
            flip_bit(file, TITLE, FLIPPED_TITLE);
        })
        .await;
    let ben = world.visitor();
    assert_eq!(health(&ben, 200).await["status"], "ok");
    assert!(take_snapshot(&world.state.app, SnapshotReason::Schedule, &mut |_| ()).await.is_err());
    assert_eq!(health(&ben, 503).await["status"], "unavailable");
    let store = world.state.app.store.clone();
    store.replace(|path| fs::copy(intact_copy.path(), path).map(drop)).unwrap();
    assert_eq!(health(&ben, 200).await["status"], "ok");
    take_snapshot(&world.state.app, SnapshotReason::Schedule, &mut |_| ()).await.unwrap();
}

#[tokio::test]
async fn a_rollback_to_an_earlier_snapshot_restores_the_row() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/development/atlas.redb");
    let command = |args: &[&str]| -> Value {
        let output = run(folder.path(), &[args, &["--json"]].concat(), &[]);
        assert_eq!(exit_code(&output), 0, "{args:?}: {}{}", stdout(&output), stderr(&output));
        serde_json::from_str(&stdout(&output)).unwrap()
    };
    let sign_in = |name: &'static str, port: u16| async move {
        let user = TestUser::on_port(name, port);
        user.try_sign_in("plenty of quiet mornings").await.assert_status(303);
        user
    };
    command(&["seed"]);
    let server = Server::start(folder.path());
    sign_in("ines", server.port).await.create_habit(TITLE).await;
    let before = command(&["snapshot", "create"])["id"].as_str().unwrap().to_owned();
    server.signal("TERM");
    server.wait();

    flip_bit(&file, TITLE, FLIPPED_TITLE);
    let server = Server::start(folder.path());
    let (ines, tomasz) = (sign_in("ines", server.port).await, sign_in("tomasz", server.port).await);
    ines.get("/today").await.assert_status(500).assert_lacks(FLIPPED_TITLE);
    tomasz.get("/today").await.assert_status(200);
    health(&tomasz, 503).await;
    assert_eq!(
        exit_code(&run(folder.path(), &["snapshot", "create"], &[])),
        74,
        "a corrupt file can't become a snapshot"
    );
    let rollback = command(&["rollback", "--to", &before]);
    assert_eq!(rollback["safety"]["proven"], false, "the safety copy keeps the corrupt file unverified: {rollback}");
    let ines = sign_in("ines", server.port).await;
    ines.get("/habits").await.assert_status(200).assert_contains(TITLE);
    health(&tomasz, 200).await;
}
