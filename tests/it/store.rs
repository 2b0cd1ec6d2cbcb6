//! The guarantees of the store.

use std::sync::mpsc;

use atlas::domain::habits::habit_year::HabitYear;
use atlas::domain::{AccountId, Day, Environment, FileId, HabitId};
use atlas::store::migrations::Migrations;
use atlas::store::tables::schema::{COMPLETIONS, SCHEMA};
use atlas::store::tables::{completions, schema};
use atlas::store::{Error, Reader, Store};
use jiff::Timestamp;
use tempfile::TempDir;

fn new_store() -> (TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder);
    (folder, store)
}

fn open(folder: &TempDir) -> Store {
    let identity = (FileId::generate(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    let path = folder.path().join("atlas.redb");
    Store::open_or_create(&path, &Environment::development(), Migrations::BUILT_IN, || identity).unwrap().store
}

fn account_id(n: u8) -> AccountId {
    AccountId::generate(Timestamp::UNIX_EPOCH, [n; 10])
}

fn habit_id(n: u8) -> HabitId {
    HabitId::generate(Timestamp::UNIX_EPOCH, [n; 10])
}

fn one_completion() -> HabitYear {
    let mut year = HabitYear::default();
    year.complete(Day::parse("2026-02-12").unwrap(), Timestamp::UNIX_EPOCH);
    year
}

/// Adds one row for the account numbered `n`.
async fn add_row(store: &Store, n: u8, h: u8) -> Result<(), Error> {
    store
        .write(move |txn| {
            completions::put(txn, account_id(n), 2026, habit_id(h), &one_completion());
            Ok(())
        })
        .await
}

fn count_rows(store: &Store, n: u8) -> usize {
    store.read(|txn| completions::find_year(txn, account_id(n), 2026)).unwrap().len()
}

#[tokio::test]
async fn a_rehearsed_write_costs_the_commit_as_much_and_leaves_nothing() {
    let (_folder, store) = new_store();
    add_row(&store, 1, 1).await.unwrap();
    let rows = |store: &Store| store.read(|txn| txn.scan("completions", &[], None, usize::MAX)).unwrap();
    let (before, stats) = (rows(&store), store.stats());
    let rehearsed = store.write(move |txn| {
        let seen = txn.rehearse(|txn| {
            completions::put(txn, account_id(1), 2026, habit_id(1), &HabitYear::default());
            completions::put(txn, account_id(2), 2026, habit_id(2), &one_completion());
            completions::remove_all(txn, account_id(1))?;
            let seen = [1, 2].map(|n| completions::find_year(txn, account_id(n), 2026).unwrap().len());
            Ok::<_, Error>(seen)
        })?;
        // A real change after it wins over a rehearsed one of the same row.
        assert!(completions::find_year(txn, account_id(2), 2026)?.is_empty());
        completions::put(txn, account_id(3), 2026, habit_id(3), &one_completion());
        txn.rehearse(|txn| completions::remove_all(txn, account_id(3)))?;
        Ok::<_, Error>(seen)
    });
    assert_eq!(rehearsed.await.unwrap(), [0, 1], "a rehearsal sees its own changes");
    assert_eq!(store.stats().rows - stats.rows, 3);
    assert_eq!(store.stats().commits - stats.commits, 1);
    let after = rows(&store);
    assert_eq!(after.len(), before.len() + 1);
    assert!(before.iter().all(|row| after.contains(row)), "a row that was rewritten in a rehearsal has changed");
    assert_eq!(count_rows(&store, 3), 1);
}

#[tokio::test]
async fn a_refused_write_leaves_nothing_and_the_others_of_its_commit_are_kept() {
    let (_folder, store) = new_store();
    // Block the writer, so that the following writes share one commit.
    let (release, held) = mpsc::channel::<()>();
    let blocker = store.write(move |_| held.recv().map_err(|_| Error::Closed));
    let before = add_row(&store, 1, 1);
    let refused = store.write(|txn| {
        completions::put(txn, account_id(1), 2026, habit_id(2), &one_completion());
        txn.remove(&COMPLETIONS, &(account_id(1), 2026, habit_id(1)));
        Err::<(), Error>(Error::Busy)
    });
    let after = add_row(&store, 1, 3);
    let releasing = async {
        release.send(()).unwrap();
    };
    let (blocker, before, refused, after, ()) = tokio::join!(biased; blocker, before, refused, after, releasing);
    assert!(blocker.is_ok() && before.is_ok() && after.is_ok());
    assert!(matches!(refused, Err(Error::Busy)));
    let found = store.read(|txn| completions::find_year(txn, account_id(1), 2026)).unwrap();
    assert_eq!(found.into_keys().collect::<Vec<_>>(), [habit_id(1), habit_id(3)]);
}

#[tokio::test]
async fn a_panicking_write_fails_only_its_caller() {
    let (_folder, store) = new_store();
    let (release, held) = mpsc::channel::<()>();
    let blocker = store.write(move |_| held.recv().map_err(|_| Error::Closed));
    let before = add_row(&store, 1, 1);
    let panicking = store.write(|txn| {
        completions::put(txn, account_id(1), 2026, habit_id(2), &one_completion());
        if txn.get(&SCHEMA, &schema::only_key())?.is_some() {
            panic!("a bug in a handler");
        }
        Ok::<_, Error>(())
    });
    let after = add_row(&store, 1, 3);
    let releasing = async {
        release.send(()).unwrap();
    };
    let (blocker, before, panicked, after, ()) = tokio::join!(biased; blocker, before, panicking, after, releasing);
    assert!(blocker.is_ok() && before.is_ok() && after.is_ok());
    assert!(matches!(panicked, Err(Error::Panicked)));
    assert_eq!(count_rows(&store, 1), 2);
    assert!(add_row(&store, 1, 4).await.is_ok(), "the writer keeps working");
}

#[tokio::test]
async fn a_full_write_queue_refuses_further_writes_as_busy() {
    let (_folder, store) = new_store();
    let (release, held) = mpsc::channel::<()>();
    let (entered, entering) = mpsc::channel::<()>();
    let blocker = {
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
    // Each write is submitted or refused once its task has run up to its first await.
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
    assert!(blocker.await.unwrap().is_ok());
    assert_eq!(busy, 5_000 - 4_096);
    assert!(add_row(&store, 1, 1).await.is_ok(), "the store accepts writes again");
}

#[tokio::test]
async fn a_write_sees_its_own_changes_and_earlier_ones() {
    let (_folder, store) = new_store();
    add_row(&store, 1, 1).await.unwrap();
    let seen = store
        .write(|txn| {
            let first = completions::find_year(txn, account_id(1), 2026)?.len();
            completions::put(txn, account_id(1), 2026, habit_id(2), &one_completion());
            completions::put(txn, account_id(2), 2026, habit_id(2), &one_completion());
            let second = completions::find_year(txn, account_id(1), 2026)?.len();
            completions::put(txn, account_id(1), 2026, habit_id(1), &HabitYear::default());
            let third = completions::find_year(txn, account_id(1), 2026)?.into_keys().collect::<Vec<_>>();
            Ok::<_, Error>((first, second, third))
        })
        .await
        .unwrap();
    assert_eq!(seen, (1, 2, vec![habit_id(2)]));
}

#[tokio::test]
async fn acknowledged_writes_survive_a_reopen() {
    let (folder, store) = new_store();
    for h in 0..20 {
        add_row(&store, 1, h).await.unwrap();
    }
    drop(store);
    assert_eq!(count_rows(&open(&folder), 1), 20);
}

#[tokio::test]
async fn every_row_of_a_data_file_in_use_passes_its_tables_check() {
    let world = crate::world::World::new().await;
    let ada = world.signed_in_user("ada").await;
    let read = ada.create_habit("Read").await;
    ada.set_completion(&read, "2026-02-12", true).await.assert_status(200);
    let mut checked = 0;
    for table in &schema::ALL {
        let rows = world.state.app.store.read(|txn| txn.scan(table.name, &[], None, usize::MAX)).unwrap();
        for (key, value) in rows {
            (table.check)(&key, &value).unwrap_or_else(|why| panic!("{}: {why}", table.name));
            checked += 1;
        }
    }
    assert!(checked >= 8, "{checked}");
}

#[tokio::test]
async fn the_data_file_contains_no_session_token() {
    let world = crate::world::World::new().await;
    let ada = world.signed_in_user("ada").await;
    let token = ada.cookie("atlas-development").unwrap();
    for table in &schema::ALL {
        let rows = world.state.app.store.read(|txn| txn.scan(table.name, &[], None, usize::MAX)).unwrap();
        for (key, value) in rows {
            for bytes in [&key, &value] {
                let has_token = bytes.windows(token.len()).any(|window| window == token.as_bytes());
                assert!(!has_token, "{} contains a session token", table.name);
            }
        }
    }
}
