//! The disposable person by itself: whom mail may go to meanwhile, who reads it, and that it goes when its time is over.

use atlas::app::{probes, sending};
use atlas::domain::Email;
use atlas::domain::mail::Standing;

use crate::mail::staging_with;
use crate::person::Person;
use crate::relay::ScriptedRelay;
use crate::world::{PASSWORD, World};

async fn signs_up(world: &World, email: &str) {
    let mut person = Person::new("checklist", world);
    person.host = "staging.example.com".to_owned();
    let body = serde_json::json!({ "displayName": "Checklist", "email": email, "password": PASSWORD });
    person.sends("POST", "/api/auth/signup", &body).await.is(201);
}

#[tokio::test]
async fn mail_to_it_leaves_and_is_readable_only_while_it_is_out_and_it_goes_when_its_time_is_over() {
    let post = ScriptedRelay::kind().await;
    let (world, relay) = staging_with(&post.url()).await;
    let app = &world.site.app;
    assert!(probes::mail(app).is_err(), "nobody reads mail when no checklist runs");

    let (email, _) = probes::begin(app).await.unwrap();
    assert!(probes::begin(app).await.is_err(), "one at a time");
    signs_up(&world, email.as_str()).await;
    let other = email.as_str().replace("atlas-verify-", "atlas-verify-f");
    signs_up(&world, &other).await;
    sending::send_due(app, &relay).await.unwrap();
    let (mail, text) = probes::mail(app).unwrap().unwrap();
    assert!(matches!(mail.standing, Standing::Sent { .. }) && mail.letter.is_none(), "{:?}", mail.standing);
    assert!(text.unwrap().contains("/verify-email?token="));
    assert_eq!(post.taken().len(), 1, "an address that only looks like it gets nothing");

    world.it_is("2026-02-12T12:09:59Z");
    assert!(!probes::end_if_over(app).await.unwrap());
    world.it_is("2026-02-12T12:10:00Z");
    assert!(probes::end_if_over(app).await.unwrap());
    assert!(probes::mail(app).is_err());
    let left = app.store.read(|view| atlas::store::accounts::with_email(view, &email)).unwrap();
    assert!(left.is_none());
    assert_eq!(world.mails(email.as_str()), 0);
    assert_eq!(world.mails(&other), 1, "nobody else is removed");

    signs_up(&world, email.as_str()).await;
    assert_eq!(world.mails(email.as_str()), 1);
    sending::send_due(app, &relay).await.unwrap();
    assert_eq!(post.taken().len(), 1, "its address is nothing special afterwards");
    assert!(probes::remove(app, Email::parse("ada@example.com").unwrap()).await.is_err());
}
