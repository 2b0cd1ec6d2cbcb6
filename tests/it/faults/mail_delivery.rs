//! The disk fills after the relay accepted an email and before Atlas records it as sent.

use std::collections::BTreeMap;

use atlas::app::App;
use atlas::app::clock::Clock;
use atlas::app::identity::accounts;
use atlas::app::identity::accounts::SignUpInput;
use atlas::app::identity::verification_email;
use atlas::app::mail::delivery;
use atlas::config::{self, Flags};
use atlas::domain::{Client, FileId};
use atlas::mail::Relay;
use atlas::store::Store;
use atlas::store::migrations::Migrations;
use jiff::Timestamp;

use super::faulty_disk::{DiskOp, FaultKind, FaultyDisk};
use crate::relay::ScriptedRelay;
use crate::routes::staging_options;
use crate::world::{NOON, PASSWORD, instant};

/// Staging on this disk, with a queued email to its owner.
async fn open_with_queued_mail(disk: &FaultyDisk, url: &str) -> (App, Relay) {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let flags =
        Flags { environment: Some("staging".to_owned()), config: Some(empty.path().to_owned()), ..Flags::default() };
    let mut variables: BTreeMap<String, String> =
        staging_options(&[]).variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    variables.insert("SMTP_URL".to_owned(), url.to_owned());
    let checked = config::check(&flags, &variables).unwrap();
    let settings = checked.settings.unwrap_or_else(|| panic!("{:?}", checked.problems));
    let identity = (FileId::generate(Timestamp::UNIX_EPOCH, [1; 10]), [2; 32], Timestamp::UNIX_EPOCH);
    let store =
        Store::open_storage(disk.clone(), 64 << 20, &settings.environment, Migrations::BUILT_IN, identity).unwrap();
    let app_url = settings.app_url.clone().unwrap();
    let app = App::new(store, &settings, app_url, Clock::fixed_at(instant(NOON))).unwrap();
    let owner = settings.admins.first().expect("staging has an owner").clone();
    let owner = SignUpInput {
        email: owner.as_str().to_owned(),
        name: "Olga".to_owned(),
        password: PASSWORD.to_owned(),
        confirmation: None,
        zone: None,
    };
    let email = owner.email.clone();
    accounts::seed_account(&app, owner, false).await.unwrap();
    verification_email::resend_verification(&app, &email, &Client::default()).await.unwrap();
    let relay = Relay::from_settings(&settings.mail, &app.app_url, None).unwrap().expect("staging sends mail");
    (app, relay)
}

#[tokio::test]
async fn an_email_that_cannot_be_marked_as_sent_is_not_sent_twice() {
    let disk = FaultyDisk::default();
    let failing = disk.clone();
    let smtp_server = ScriptedRelay::with_script(move |_, at, _| {
        if at == "." {
            failing.fail_from_now_on(DiskOp::Write, FaultKind::Error(28));
        }
        None
    })
    .await;
    let (app, relay) = open_with_queued_mail(&disk, &smtp_server.url()).await;
    for _ in 0..5 {
        let sent = delivery::deliver_due_mail(&app, &relay).await;
        assert!(sent.is_err(), "the email was reported as sent: {sent:?}");
    }
    assert_eq!(
        smtp_server.accepted_messages().len(),
        1,
        "the recipient got the email more than once while the disk was full"
    );
}

#[tokio::test]
async fn an_email_whose_attempt_cannot_be_recorded_is_not_sent() {
    let smtp_server = ScriptedRelay::accepting().await;
    let disk = FaultyDisk::default();
    let (app, relay) = open_with_queued_mail(&disk, &smtp_server.url()).await;
    disk.fail_from_now_on(DiskOp::Write, FaultKind::Error(28));
    assert!(delivery::deliver_due_mail(&app, &relay).await.is_err());
    assert_eq!(smtp_server.accepted_messages().len(), 0);
}
