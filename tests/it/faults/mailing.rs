//! The disk fills between a mail that was taken by the relay and the line that says so.

use std::collections::BTreeMap;

use atlas::app::accounts::{self, SignUp};
use atlas::app::clock::Clock;
use atlas::app::{App, links, sending};
use atlas::config::{self, Flags};
use atlas::domain::{Client, FileId};
use atlas::mail::Relay;
use atlas::store::Store;
use jiff::Timestamp;

use super::disk::{Call, Disk, Trouble};
use crate::relay::ScriptedRelay;
use crate::routes::staging;
use crate::world::{NOON, PASSWORD, instant};

/// Staging on that disk, with a mail to its owner that waits for the relay.
async fn with_mail_that_waits(disk: &Disk, url: &str) -> (App, Relay) {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let flags =
        Flags { environment: Some("staging".to_owned()), config: Some(empty.path().to_owned()), ..Flags::default() };
    let mut variables: BTreeMap<String, String> =
        staging(&[]).variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    variables.insert("SMTP_URL".to_owned(), url.to_owned());
    let checked = config::check(&flags, &variables).unwrap();
    let settings = checked.settings.unwrap_or_else(|| panic!("{:?}", checked.problems));
    let born = (FileId::mint(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    let store = Store::open_on(disk.clone(), 64 << 20, &settings.environment, born).unwrap();
    let app_url = settings.app_url.clone().unwrap();
    let app = App::new(store, &settings, app_url, Clock::held_at(instant(NOON))).unwrap();
    let owner = settings.admins.first().expect("staging has an owner").clone();
    let owner = SignUp {
        email: owner.as_str().to_owned(),
        name: "Olga".to_owned(),
        password: PASSWORD.to_owned(),
        again: None,
        zone: None,
    };
    let email = owner.email.clone();
    accounts::plant(&app, owner, false).await.unwrap();
    links::resend(&app, &email, &Client::default()).await.unwrap();
    let relay = Relay::of(&settings.mail, &app.app_url, None).unwrap().expect("staging sends mail");
    (app, relay)
}

#[tokio::test]
async fn a_mail_that_cannot_be_marked_as_sent_is_not_sent_again_and_again() {
    let post = ScriptedRelay::kind().await;
    let disk = Disk::default();
    let (app, relay) = with_mail_that_waits(&disk, &post.url()).await;
    disk.fails_from_now_on(Call::Write, Trouble::Error(28));
    for _ in 0..5 {
        let sent = sending::send_due(&app, &relay).await;
        assert!(sent.is_err(), "nobody knows whether it was sent: {sent:?}");
    }
    assert_eq!(post.taken().len(), 1, "its reader is not written to for as long as the disk is full");
}
