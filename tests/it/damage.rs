//! One bit of a stored row turns over while nobody looks: whose row it is reads an error and never something else, everybody
//! else is served, and whoever watches the server is told.

use std::fs;
use std::path::Path;

use atlas::app::snapshots;
use atlas::domain::snapshot::Reason;
use serde_json::{Value, json};

use crate::person::Person;
use crate::process::{Server, code, complaint, run, said};
use crate::world::{Wishes, World};

const TITLE: &str = "Read ten pages";
/// The same with one bit turned over.
const TURNED: &str = "Read ten qages";

/// Turns one bit over in every row of a data file that says `before`; those that do not count any more lie there, too.
fn turns_over(path: &Path, before: &str, after: &str) {
    let turned: u32 = before.bytes().zip(after.bytes()).map(|(one, other)| (one ^ other).count_ones()).sum();
    assert_eq!((before.len(), turned), (after.len(), 1));
    let mut bytes = fs::read(path).unwrap();
    let places: Vec<usize> =
        (0..bytes.len() - before.len()).filter(|at| bytes[*at..].starts_with(before.as_bytes())).collect();
    assert!(!places.is_empty(), "{before} is in the file");
    for at in places {
        bytes[at..at + after.len()].copy_from_slice(after.as_bytes());
    }
    fs::write(path, bytes).unwrap();
}

async fn health(person: &Person, status: u16) -> Value {
    person.get("/api/health").await.is(status).json()["data"].take()
}

#[tokio::test]
async fn a_title_of_which_a_bit_turned_over_is_an_error_to_its_owner_and_nobody_else_notices() {
    let variables = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned())];
    let world = World::with(Wishes { variables, ..Wishes::default() }).await;
    let (mut olga, mut ada) = (world.signed_up("olga").await, world.signed_up("ada").await);
    let mut ben = world.signed_up("ben").await;
    let habit = ada.keeps(TITLE).await;
    let walk = ben.keeps("Walk").await;
    snapshots::take(&world.site.app, Reason::Manual, &mut |_| ()).await.unwrap();
    assert_eq!(health(&olga, 200).await["status"], "ok");

    let world = world.restarted_after(|file| turns_over(file, TITLE, TURNED)).await;
    for person in [&mut olga, &mut ada, &mut ben] {
        person.follows(&world);
    }
    assert_eq!(health(&ben, 200).await["status"], "ok", "nobody has looked yet");
    for path in ["/today", "/habits", "/api/habits"] {
        ada.get(path).await.is(500).says_nothing_of(TURNED);
    }
    ben.get("/today").await.is(200).says("Walk");
    ben.ticks(&walk, "2026-02-12", true).await.is(200);
    assert_eq!(ben.done_on("2026-02-12").await, [walk]);

    // What she would write goes by what is there, so nothing is written over it.
    ada.sends("PUT", &format!("/api/habits/{habit}"), &json!({ "title": "Read" })).await.is(500);
    ada.get("/today").await.is(500);

    assert_eq!(health(&ben, 503).await["status"], "unavailable");
    let told = olga.get("/api/admin/health").await.is(503).json()["data"]["alerts"].take();
    assert_eq!(told[0]["code"], "damaged", "{told}");
    olga.get("/admin").await.is(200).says("The data file is damaged");
    let refused = snapshots::take(&world.site.app, Reason::Manual, &mut |_| ()).await.err().unwrap().to_string();
    assert!(refused.contains("damaged") && !refused.contains(TURNED), "{refused}");
}

#[tokio::test]
async fn a_proof_tells_of_a_bit_that_nobody_has_read_and_another_takes_it_back() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    ada.keeps(TITLE).await;
    let whole = tempfile::NamedTempFile::new().unwrap();
    let world = world
        .restarted_after(|file| {
            fs::copy(file, whole.path()).unwrap();
            turns_over(file, TITLE, TURNED);
        })
        .await;
    let ben = world.stranger();
    assert_eq!(health(&ben, 200).await["status"], "ok");
    assert!(snapshots::take(&world.site.app, Reason::Schedule, &mut |_| ()).await.is_err());
    assert_eq!(health(&ben, 503).await["status"], "unavailable");
    let store = world.site.app.store.clone();
    store.replace(|path| fs::copy(whole.path(), path).map(drop)).unwrap();
    assert_eq!(health(&ben, 200).await["status"], "ok");
    snapshots::take(&world.site.app, Reason::Schedule, &mut |_| ()).await.unwrap();
}

#[tokio::test]
async fn going_back_to_a_snapshot_from_before_brings_the_row_back() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/development/atlas.redb");
    let command = |words: &[&str]| -> Value {
        let output = run(folder.path(), &[words, &["--json"]].concat(), &[]);
        assert_eq!(code(&output), 0, "{words:?}: {}{}", said(&output), complaint(&output));
        serde_json::from_str(&said(&output)).unwrap()
    };
    let signed_in = |name: &'static str, port: u16| async move {
        let person = Person::at(name, port);
        person.tries_to_sign_in("plenty of quiet mornings").await.is(303);
        person
    };
    command(&["seed"]);
    let server = Server::start(folder.path());
    signed_in("ines", server.port).await.keeps(TITLE).await;
    let before = command(&["snapshot", "create"])["id"].as_str().unwrap().to_owned();
    server.signal("TERM");
    server.ends();

    turns_over(&file, TITLE, TURNED);
    let server = Server::start(folder.path());
    let (ines, tomasz) = (signed_in("ines", server.port).await, signed_in("tomasz", server.port).await);
    ines.get("/today").await.is(500).says_nothing_of(TURNED);
    tomasz.get("/today").await.is(200);
    health(&tomasz, 503).await;
    assert_eq!(code(&run(folder.path(), &["snapshot", "create"], &[])), 74, "what is damaged is no snapshot");
    let done = command(&["rollback", "--to", &before]);
    assert_eq!(done["safety"]["proven"], false, "what was there is kept as it is: {done}");
    let ines = signed_in("ines", server.port).await;
    ines.get("/habits").await.is(200).says(TITLE);
    health(&tomasz, 200).await;
}
