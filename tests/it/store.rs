//! The promises of the store.

use std::sync::mpsc;

use atlas::domain::year::HabitYear;
use atlas::domain::{AccountId, Day, Environment, FileId, HabitId};
use atlas::store::schema::{COMPLETIONS, SCHEMA};
use atlas::store::{Error, Read, Store, completions, schema};
use jiff::Timestamp;
use tempfile::TempDir;

fn fresh() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    (folder, store)
}

fn open(folder: &TempDir) -> Store {
    let born = (FileId::mint(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    let path = folder.path().join("atlas.redb");
    Store::open_or_create(&path, &Environment::development(), || born).unwrap().store
}

fn account(n: u8) -> AccountId {
    AccountId::mint(Timestamp::UNIX_EPOCH, [n; 10])
}

fn habit(n: u8) -> HabitId {
    HabitId::mint(Timestamp::UNIX_EPOCH, [n; 10])
}

fn year() -> HabitYear {
    let mut year = HabitYear::default();
    year.tick(Day::parse("2026-02-12").unwrap(), Timestamp::UNIX_EPOCH);
    year
}

/// A write that adds one row to the person numbered `n`.
async fn add(store: &Store, n: u8, h: u8) -> Result<(), Error> {
    store
        .write(move |draft| {
            completions::put(draft, account(n), 2026, habit(h), &year());
            Ok(())
        })
        .await
}

fn rows(store: &Store, n: u8) -> usize {
    store.read(|view| completions::of_year(view, account(n), 2026)).unwrap().len()
}

#[tokio::test]
async fn a_refused_write_leaves_nothing_and_its_neighbours_are_kept() {
    let (_folder, store) = fresh();
    // Hold the writer, so that all of these share one commit.
    let (release, held) = mpsc::channel::<()>();
    let holder = store.write(move |_| held.recv().map_err(|_| Error::Closed));
    let before = add(&store, 1, 1);
    let refused = store.write(|draft| {
        completions::put(draft, account(1), 2026, habit(2), &year());
        draft.remove(&COMPLETIONS, &(account(1), 2026, habit(1)));
        Err::<(), Error>(Error::Busy)
    });
    let after = add(&store, 1, 3);
    let releasing = async {
        release.send(()).unwrap();
    };
    let (holder, before, refused, after, ()) = tokio::join!(biased; holder, before, refused, after, releasing);
    assert!(holder.is_ok() && before.is_ok() && after.is_ok());
    assert!(matches!(refused, Err(Error::Busy)));
    let found = store.read(|view| completions::of_year(view, account(1), 2026)).unwrap();
    assert_eq!(found.into_keys().collect::<Vec<_>>(), [habit(1), habit(3)]);
}

#[tokio::test]
async fn a_panicking_write_harms_only_its_caller() {
    let (_folder, store) = fresh();
    let (release, held) = mpsc::channel::<()>();
    let holder = store.write(move |_| held.recv().map_err(|_| Error::Closed));
    let before = add(&store, 1, 1);
    let panicking = store.write(|draft| {
        completions::put(draft, account(1), 2026, habit(2), &year());
        if draft.get(&SCHEMA, &schema::only())?.is_some() {
            panic!("a bug in a use case");
        }
        Ok::<_, Error>(())
    });
    let after = add(&store, 1, 3);
    let releasing = async {
        release.send(()).unwrap();
    };
    let (holder, before, panicked, after, ()) = tokio::join!(biased; holder, before, panicking, after, releasing);
    assert!(holder.is_ok() && before.is_ok() && after.is_ok());
    assert!(matches!(panicked, Err(Error::Panicked)));
    assert_eq!(rows(&store, 1), 2);
    assert!(add(&store, 1, 4).await.is_ok(), "the writer lives on");
}

#[tokio::test]
async fn a_full_queue_says_busy_and_grows_no_further() {
    let (_folder, store) = fresh();
    let (release, held) = mpsc::channel::<()>();
    let (entered, entering) = mpsc::channel::<()>();
    let holder = {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .write(move |_| {
                    entered.send(()).map_err(|_| Error::Closed)?;
                    held.recv().map_err(|_| Error::Closed)
                })
                .await
        })
    };
    tokio::task::spawn_blocking(move || entering.recv().unwrap()).await.unwrap();
    let waiting: Vec<_> = (0..5_000_u32)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { store.write(|_| Ok::<_, Error>(())).await })
        })
        .collect();
    // Every one has been submitted or turned away once each task has run to its first wait.
    while tokio::runtime::Handle::current().metrics().global_queue_depth() > 0 {
        tokio::task::yield_now().await;
    }
    for _ in 0..5_100 {
        tokio::task::yield_now().await;
    }
    release.send(()).unwrap();
    let mut busy = 0;
    for task in waiting {
        match task.await.unwrap() {
            Ok(()) => {}
            Err(Error::Busy) => busy += 1,
            Err(other) => panic!("{other}"),
        }
    }
    assert!(holder.await.unwrap().is_ok());
    assert_eq!(busy, 5_000 - 4_096);
    assert!(add(&store, 1, 1).await.is_ok(), "the store is itself again");
}

#[tokio::test]
async fn a_write_sees_its_own_changes_and_those_before_it() {
    let (_folder, store) = fresh();
    add(&store, 1, 1).await.unwrap();
    let seen = store
        .write(|draft| {
            let first = completions::of_year(draft, account(1), 2026)?.len();
            completions::put(draft, account(1), 2026, habit(2), &year());
            completions::put(draft, account(2), 2026, habit(2), &year());
            let second = completions::of_year(draft, account(1), 2026)?.len();
            completions::put(draft, account(1), 2026, habit(1), &HabitYear::default());
            let third = completions::of_year(draft, account(1), 2026)?.into_keys().collect::<Vec<_>>();
            Ok::<_, Error>((first, second, third))
        })
        .await
        .unwrap();
    assert_eq!(seen, (1, 2, vec![habit(2)]));
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_closing() {
    let (folder, store) = fresh();
    for h in 0..20 {
        add(&store, 1, h).await.unwrap();
    }
    drop(store);
    assert_eq!(rows(&open(&folder), 1), 20);
}

#[tokio::test]
async fn every_row_of_a_used_file_can_be_read_by_the_walk() {
    let world = crate::world::World::new().await;
    let ada = world.signed_up("ada").await;
    let read = ada.keeps("Read").await;
    ada.ticks(&read, "2026-02-12", true).await.is(200);
    let mut counted = 0;
    for table in &schema::ALL {
        let rows = world.site.app.store.read(|view| view.rows(table.name, &[], None, usize::MAX)).unwrap();
        for (key, value) in rows {
            (table.check)(&key, &value).unwrap_or_else(|why| panic!("{}: {why}", table.name));
            counted += 1;
        }
    }
    assert!(counted >= 8, "{counted}");
}

#[tokio::test]
async fn no_token_that_was_given_out_stands_in_the_file_as_a_key() {
    let world = crate::world::World::new().await;
    let ada = world.signed_up("ada").await;
    let token = ada.cookie("atlas-development").unwrap();
    for table in &schema::ALL {
        let rows = world.site.app.store.read(|view| view.rows(table.name, &[], None, usize::MAX)).unwrap();
        for (key, value) in rows {
            for bytes in [&key, &value] {
                let holds = bytes.windows(token.len()).any(|window| window == token.as_bytes());
                assert!(!holds, "{} holds a session token", table.name);
            }
        }
    }
}
