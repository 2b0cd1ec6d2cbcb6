//! The probe account of a verify run: its mail, who can read that mail, and its removal when it expires.

use atlas::app::identity::probe;
use atlas::app::mail::delivery;
use atlas::domain::Email;
use atlas::domain::mail::DeliveryStatus;

use crate::mail::staging_with_relay;
use crate::relay::ScriptedRelay;
use crate::test_user::TestUser;
use crate::world::{PASSWORD, World};

async fn sign_up(world: &World, email: &str) {
    let mut user = TestUser::new("checklist", world);
    user.host = "staging.example.com".to_owned();
    let body = serde_json::json!({ "displayName": "Checklist", "email": email, "password": PASSWORD });
    user.send_json("POST", "/api/auth/signup", &body).await.assert_status(201);
}

#[tokio::test]
async fn a_probe_account_gets_readable_mail_while_it_is_active_and_is_removed_when_it_expires() {
    let smtp_server = ScriptedRelay::accepting().await;
    let (world, relay) = staging_with_relay(&smtp_server.url()).await;
    let app = &world.state.app;
    assert!(probe::newest_mail(app).is_err(), "mail cannot be read without an active verify run");

    let (email, _) = probe::start_probe(app).await.unwrap();
    assert!(probe::start_probe(app).await.is_err(), "only one probe at a time");
    sign_up(&world, email.as_str()).await;
    let other = email.as_str().replace("atlas-verify-", "atlas-verify-f");
    sign_up(&world, &other).await;
    delivery::deliver_due_mail(app, &relay).await.unwrap();
    let (mail, text) = probe::newest_mail(app).unwrap().unwrap();
    assert!(matches!(mail.status, DeliveryStatus::Sent { .. }) && mail.body.is_none(), "{:?}", mail.status);
    assert!(text.unwrap().contains("/verify-email?token="));
    assert_eq!(smtp_server.accepted_messages().len(), 1, "an address that merely resembles it gets no mail");

    world.set_time("2026-02-12T12:09:59Z");
    assert!(!probe::end_expired_probe(app).await.unwrap());
    world.set_time("2026-02-12T12:10:00Z");
    assert!(probe::end_expired_probe(app).await.unwrap());
    assert!(probe::newest_mail(app).is_err());
    let left = app.store.read(|txn| atlas::store::tables::accounts::find_by_email(txn, &email)).unwrap();
    assert!(left.is_none());
    assert_eq!(world.mail_count(email.as_str()), 0);
    assert_eq!(world.mail_count(&other), 1, "no other account is removed");

    sign_up(&world, email.as_str()).await;
    assert_eq!(world.mail_count(email.as_str()), 1);
    delivery::deliver_due_mail(app, &relay).await.unwrap();
    assert_eq!(smtp_server.accepted_messages().len(), 1, "mail to its address is not sent after its removal");
    assert!(probe::remove_probe_account(app, Email::parse("ada@example.com").unwrap()).await.is_err());
}
