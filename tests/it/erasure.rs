//! Erasing what deleted data leaves in the data file: what the bytes of the file show before and after.

use std::collections::HashSet;
use std::fs;
use std::future::Future;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use atlas::domain::{AccountId, Email, Environment, FileId};
use atlas::store::backup::verification::verify;
use atlas::store::migrations::Migrations;
use atlas::store::tables::schema;
use atlas::store::{ErasedPages, Error, Reader, Store, WriteTxn};
use serde_json::json;

use crate::faults::long_tests_enabled;
use crate::security::{answer_challenge, complete_step_up, find_challenge_token, find_mailed_token};
use crate::test_user::TestUser;
use crate::world::{PASSWORD, World};

/// Which of these texts can be read anywhere in the data file.
fn texts_in_file<'a>(world: &World, texts: &[&'a str]) -> Vec<&'a str> {
    let bytes = fs::read(&world.settings.data_file).unwrap();
    let is_there = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    texts.iter().copied().filter(|text| is_there(text)).collect()
}

/// Asserts that these texts are in the file now, and no longer once deleted data has been erased.
#[track_caller]
fn assert_erased(world: &World, texts: &[&str]) {
    assert_eq!(texts_in_file(world, texts), texts, "in the file before");
    let erased = world.state.app.store.erase_deleted_rows().unwrap();
    assert!(erased.is_complete && erased.erased > 0, "{erased:?}");
    assert_eq!(texts_in_file(world, texts), [""; 0], "in the file afterwards");
}

/// Every row, by table.
fn rows(store: &Store) -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
    let read = |txn: &atlas::store::ReadTxn| {
        let mut all = Vec::new();
        for table in &schema::ALL {
            let found = txn.scan(table.name, &[], None, usize::MAX)?;
            all.extend(found.into_iter().map(|(key, value)| (table.name, key, value)));
        }
        Ok::<_, Error>(all)
    };
    store.read(read).unwrap()
}

async fn change_habit(user: &TestUser, id: &str, title: &str, description: &str) {
    let body = json!({ "title": title, "description": description });
    user.send_json("PUT", &format!("/api/habits/{id}"), &body).await.assert_status(200);
}

async fn delete_account(user: &TestUser) {
    let proof = complete_step_up(user, "account_delete").await;
    let body = json!({ "stepUpChallengeToken": proof });
    user.send_json("POST", "/api/account/delete-request", &body).await.assert_status(200);
}

#[tokio::test]
async fn what_was_deleted_or_replaced_cannot_be_read_in_the_data_file() {
    let world = World::new().await;
    let bela = world.signed_in_user("bela").await;
    bela.create_habit("Water the tomatoes").await;
    let ada = world.signed_in_user("ada").await;

    let viola = ada.create_habit("Practice the viola").await;
    change_habit(&ada, &viola, "Practice the viola", "before breakfast").await;
    change_habit(&ada, &viola, "Practice the cello", "after dinner").await;
    assert_erased(&world, &["Practice the viola", "before breakfast"]);

    ada.post_form(&format!("/habits/{viola}/archive"), &[]).await.assert_status(303);
    let confirmed = [("confirm", "Practice the cello")];
    ada.post_form(&format!("/habits/{viola}/delete"), &confirmed).await.assert_status(303);
    assert_erased(&world, &["Practice the cello", "after dinner"]);

    ada.post_form("/account/name", &[("displayName", "Adalgisa Quill")]).await.assert_status(303);
    ada.post_form("/account/name", &[("displayName", "Ada Lovelace")]).await.assert_status(303);
    assert_erased(&world, &["Adalgisa Quill"]);

    let challenge = find_challenge_token(
        &ada.post_form("/account/email", &[("email", "ada@new.example")]).await.assert_status(200),
    );
    answer_challenge(&ada, &challenge, PASSWORD).await.assert_status(200);
    let link = find_mailed_token(&world, "ada@new.example", "new-address");
    ada.post_form("/new-address", &[("token", &link)]).await.assert_status(200);
    // More than fit into a page, so that those of both users are neighbors in some pages.
    for n in 0..40 {
        ada.create_habit(&format!("Learn poem {n}")).await;
    }
    let before = rows(&world.state.app.store).len();
    delete_account(&ada).await;
    assert!(rows(&world.state.app.store).len() < before);
    assert_erased(&world, &["ada@example.com", "ada@new.example", "Ada Lovelace", "Learn poem"]);
    bela.get("/api/habits").await.assert_status(200).assert_contains("Water the tomatoes");
}

#[tokio::test]
async fn erasing_changes_no_row_and_does_not_grow_the_file() {
    let world = World::new().await;
    let (ada, store) = (world.signed_in_user("ada").await, &world.state.app.store);
    for n in 0..60 {
        let habit = ada.create_habit(&format!("Habit {n}")).await;
        ada.set_completion(&habit, "2026-02-12", true).await.assert_status(200);
    }
    let (before, length) = (rows(store), fs::metadata(&world.settings.data_file).unwrap().len());
    for _ in 0..3 {
        assert!(store.has_deleted_rows());
        assert!(store.erase_deleted_rows().unwrap().is_complete);
        if !store.has_deleted_rows() {
            break;
        }
    }
    assert!(!store.has_deleted_rows(), "nothing was deleted since");
    assert_eq!(store.erase_deleted_rows().unwrap().erased, 0, "what was erased stays erased");
    assert!(rows(store) == before);
    assert_eq!(fs::metadata(&world.settings.data_file).unwrap().len(), length);

    // The same rows, in a file whose every page and row is sound.
    let copy = world.settings.data_file.with_file_name("copy.redb");
    let counted = store.copy_to(&copy, &mut |_, _| {}).unwrap();
    assert_eq!(verify(&copy, &Environment::development()).unwrap().rows, counted);
    let ada = world.restart().await;
    assert!(rows(&ada.state.app.store) == before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_that_a_long_read_uses_are_erased_once_it_has_ended() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let habit = ada.create_habit("Practice the viola").await;
    let store = world.state.app.store.clone();
    let ((began, has_begun), (end, may_end)) = (mpsc::channel(), mpsc::channel::<()>());
    let reader = std::thread::spawn(move || {
        store.read(|txn| {
            began.send(()).unwrap();
            may_end.recv().unwrap();
            txn.count(schema::HABITS.name())
        })
    });
    has_begun.recv().unwrap();
    change_habit(&ada, &habit, "Practice the cello", "").await;
    let store = &world.state.app.store;
    store.erase_deleted_rows().unwrap();
    assert_eq!(texts_in_file(&world, &["Practice the viola"]).len(), 1, "the reader still needs it");
    assert!(store.has_deleted_rows(), "a second pass is due");
    end.send(()).unwrap();
    assert_eq!(reader.join().unwrap().unwrap(), 1);
    assert_erased(&world, &["Practice the viola"]);
}

#[tokio::test]
async fn deleted_data_is_erased_while_a_snapshot_is_taken() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let habit = ada.create_habit("Practice the viola").await;
    change_habit(&ada, &habit, "Practice the cello", "").await;
    let (store, copy) = (&world.state.app.store, world.settings.data_file.with_file_name("copy.redb"));
    let mut erased = None;
    let counted = store.copy_to(&copy, &mut |_, _| erased = Some(store.erase_deleted_rows().unwrap())).unwrap();
    assert!(erased.unwrap().is_complete);
    assert_eq!(texts_in_file(&world, &["Practice the viola"]), [""; 0]);
    assert_eq!(verify(&copy, &Environment::development()).unwrap().rows, counted);
}

#[tokio::test]
async fn addresses_deleted_together_leave_nothing_beside_and_above_those_that_stay() {
    let world = World::new().await;
    let store = &world.state.app.store;
    // Enough for many pages. redb keeps the beginning of some of them in the pages above.
    let addresses: Vec<String> = (1_000..3_000).map(|n| format!("sam@{n}.example")).collect();
    let change = |addresses: Vec<String>, account: Option<AccountId>| async move {
        let write = move |txn: &mut WriteTxn<'_, '_>| {
            for address in addresses {
                let address = Email::parse(&address).unwrap();
                match &account {
                    Some(account) => txn.put(&schema::EMAILS, &address, account),
                    None => txn.remove(&schema::EMAILS, &address),
                }
            }
            Ok::<_, Error>(())
        };
        store.write(write).await.unwrap();
    };
    let account = AccountId::generate(jiff::Timestamp::UNIX_EPOCH, [7; 10]);
    change(addresses.clone(), Some(account)).await;
    let (deleted, kept): (Vec<_>, Vec<_>) = addresses.iter().enumerate().partition(|(n, _)| n % 5 < 2);
    change(deleted.iter().map(|(_, address)| (*address).clone()).collect(), None).await;
    assert!(store.erase_deleted_rows().unwrap().is_complete);

    let stem = |(_, address): &(usize, &String)| address.trim_end_matches(".example").to_owned();
    let (deleted, kept): (Vec<_>, Vec<_>) = (deleted.iter().map(stem).collect(), kept.iter().map(stem).collect());
    let bytes = fs::read(&world.settings.data_file).unwrap();
    let found: HashSet<&[u8]> = bytes.windows("sam@1000".len()).filter(|window| window.starts_with(b"sam@")).collect();
    let is_found = |stem: &&String| found.contains(stem.as_bytes());
    assert_eq!(deleted.iter().filter(is_found).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(kept.iter().filter(is_found).count(), kept.len());
}

/// The number of a row whose key alone takes most of a page.
fn long_key(number: u64) -> String {
    format!("{number:08}{}", "practice the viola ".repeat(80))
}

async fn put_counts(store: &Store, numbers: std::ops::Range<u64>) {
    let put = move |txn: &mut WriteTxn<'_, '_>| {
        numbers.for_each(|number| txn.put(&schema::COUNTS, &long_key(number), &number));
        Ok::<_, Error>(())
    };
    store.write(put).await.unwrap();
}

async fn remove_counts(store: &Store, numbers: std::ops::Range<u64>) {
    let remove = move |txn: &mut WriteTxn<'_, '_>| {
        numbers.for_each(|number| txn.remove(&schema::COUNTS, &long_key(number)));
        Ok::<_, Error>(())
    };
    store.write(remove).await.unwrap();
}

/// Writes rows into the free pages until `erasing` ends. Returns how many, and the longest time that one took.
async fn put_counts_during(store: &Store, erasing: impl Future<Output = ErasedPages>) -> (ErasedPages, u64, Duration) {
    let (mut erasing, mut rows, mut longest) = (std::pin::pin!(erasing), 0, Duration::ZERO);
    loop {
        let began = Instant::now();
        tokio::select! {
            biased;
            erased = &mut erasing => return (erased, rows, longest),
            () = put_counts(store, rows..rows + 1) => {}
        }
        rows += 1;
        longest = longest.max(began.elapsed());
    }
}

/// Prints how long writers wait while most of a large file is free and erased: of 24 megabytes, or 400 in a long run.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[allow(clippy::print_stdout, reason = "shown with --nocapture")]
async fn a_large_file_that_is_mostly_free_is_erased_while_rows_are_written() {
    let megabytes = if long_tests_enabled() { 400 } else { 24 };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("atlas.redb");
    let identity = (FileId::generate(jiff::Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], jiff::Timestamp::UNIX_EPOCH);
    let store = Store::open_or_create(&path, &Environment::development(), Migrations::BUILT_IN, || identity);
    let store = store.unwrap().store;
    let mut rows = 0;
    while fs::metadata(&path).unwrap().len() < megabytes << 20 {
        put_counts(&store, rows..rows + 2_000).await;
        rows += 2_000;
    }
    for first in (0..rows).step_by(2_000) {
        remove_counts(&store, first..first + 2_000).await;
    }

    let (erasing, began) = (store.clone(), Instant::now());
    let erasing = async { tokio::task::spawn_blocking(move || erasing.erase_deleted_rows()).await.unwrap().unwrap() };
    let (erased, written, longest) = put_counts_during(&store, erasing).await;
    println!(
        "{megabytes} MB, {} free pages: erased in {:.1?}, during {written} writes, the longest {longest:.1?}",
        erased.free,
        began.elapsed()
    );
    assert!(erased.is_complete && erased.free > megabytes << 7 && written > 0, "{erased:?}");

    // A write may have been in progress at the end.
    let found = store.read(|txn| txn.scan_prefix(&schema::COUNTS, &[], usize::MAX)).unwrap();
    assert!((written..=written + 1).contains(&(found.len() as u64)), "{} rows of {written}", found.len());
    assert!(found.iter().zip(0..).all(|((key, count), number)| *count == number && *key == long_key(number)));
    remove_counts(&store, 0..written + 1).await;
    assert!(store.erase_deleted_rows().unwrap().is_complete);
    assert!(!fs::read(&path).unwrap().windows(18).any(|window| window == b"practice the viola"));
    let copy = folder.path().join("copy.redb");
    let counted = store.copy_to(&copy, &mut |_, _| {}).unwrap();
    assert_eq!(verify(&copy, &Environment::development()).unwrap().rows, counted);
}
