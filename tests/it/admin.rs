//! Admins: who is one, what they see, what they may do, and that each deed is noted.

use std::collections::BTreeSet;

use atlas::app::{admin, audit};
use atlas::domain::audit::{Actor, Deed, Line};
use atlas::domain::{AccountId, AuditId, Email};
use atlas::store::schema::COUNTS;
use atlas::store::{Read, Turn, accounts, audit as trails};
use serde_json::{Value, json};

use crate::person::Person;
use crate::two_factor;
use crate::world::{PASSWORD, Wishes, World};

/// An environment whose owner is Olga and whose list has Lin, in odd spellings.
async fn world() -> World {
    let variables = vec![
        ("ADMIN_OWNER_EMAIL", " Olga@Example.COM ".to_owned()),
        ("ADMIN_EMAIL_ALLOWLIST", "LIN@example.com, uma@example.com".to_owned()),
    ];
    World::with(Wishes { variables, ..Wishes::default() }).await
}

fn id_of(world: &World, person: &Person) -> AccountId {
    admin::find(&world.site.app, &person.email()).unwrap()
}

fn trail(world: &World) -> Vec<(Deed, Actor, Option<AccountId>)> {
    let page = admin::trail(&world.site.app, None, None, None, 1_000).unwrap();
    page.rows.into_iter().map(|line| (line.deed, line.actor, line.whom)).collect()
}

async fn is_admin(person: &Person) -> bool {
    let session = person.get("/api/auth/session").await.is(200).json();
    let says = session["user"]["isAdmin"].as_bool().unwrap();
    let linked = person.get("/today").await.is(200).text().contains("href=\"/admin\"");
    let enters = person.get("/admin").await.status == 200;
    let reads = person.get("/api/admin/users").await.status == 200;
    assert_eq!((says, linked, enters, reads), (says, says, says, says), "{}", person.name);
    says
}

#[tokio::test]
async fn whoever_stands_on_the_list_is_an_admin_in_any_case_of_letters() {
    let world = world().await;
    for name in ["olga", "lin", "uma"] {
        assert!(is_admin(&world.signed_up(name).await).await, "{name}");
    }
    for name in ["ada", "olga2", "xolga"] {
        assert!(!is_admin(&world.signed_up(name).await).await, "{name}");
    }
}

#[tokio::test]
async fn look_alikes_are_nobody() {
    let world = world().await;
    let person = world.stranger();
    for email in [
        "оlga@example.com",
        "olga@example.com.",
        "ｏlga@example.com",
        "olga@exampl\u{0435}.com",
        "ol\u{212A}a@example.com",
    ] {
        let fields = [
            ("displayName", "Olga"),
            ("email", email),
            ("password", PASSWORD),
            ("confirmPassword", PASSWORD),
            ("timeZone", "UTC"),
        ];
        person.posts("/sign-up", &fields).await.is(422);
    }
    // Headers that some proxies believe do nothing.
    let ada = world.signed_up("ada").await;
    for (name, value) in
        [("remote-user", "olga@example.com"), ("x-original-url", "/admin"), ("x-rewrite-url", "/admin")]
    {
        ada.asks("GET", "/admin", &[(name, value)], b"").await.is(307).leads_to("/today");
        ada.asks("GET", "/api/admin/users", &[(name, value)], b"").await.is_refused(403, "forbidden");
    }
}

#[tokio::test]
async fn an_address_that_is_not_confirmed_is_no_admins() {
    let world = world().await;
    let olga = world.signed_up("olga").await;
    // Only somebody else's hand in the file could bring this about; it must not matter.
    let email = Email::parse(&olga.email()).unwrap();
    let mut account = world.site.app.store.read(|view| accounts::with_email(view, &email)).unwrap().unwrap();
    account.verified_at = None;
    world.site.app.store.write(move |draft| accounts::put(draft, &account)).await.unwrap();
    olga.get("/admin").await.is(307).leads_to("/sign-in?from=%2Fadmin");
    olga.get("/api/admin/users").await.is_refused(401, "unauthorized");
}

#[tokio::test]
async fn who_is_taken_off_the_list_loses_power_at_the_next_request() {
    let mut world = world().await;
    let mut olga = world.signed_up("olga").await;
    let mut lin = world.signed_up("lin").await;
    assert!(is_admin(&olga).await && is_admin(&lin).await);
    world.serves_again(|settings| settings.admins.retain(|email| email.as_str() != "lin@example.com")).await;
    olga.follows(&world);
    lin.follows(&world);
    assert!(is_admin(&olga).await);
    assert!(!is_admin(&lin).await, "the session is still there, the power is not");
    lin.get("/today").await.is(200);
}

#[tokio::test]
async fn disabling_ends_every_session_at_once_and_lets_nobody_in() {
    let world = world().await;
    let (olga, ada) = (world.signed_up("olga").await, world.signed_up("ada").await);
    let elsewhere = Person::new("ada", &world);
    elsewhere.signs_in().await;
    let id = id_of(&world, &ada);
    let page = format!("/admin/users/{id}");
    olga.get(&page).await.is(200).says("2 devices").says("Switch off");
    olga.posts(&format!("{page}/disable"), &[]).await.is(303).leads_to(&format!("{page}?done=disable"));
    for device in [&ada, &elsewhere] {
        device.get("/today").await.is(307);
        device.get("/api/habits").await.is_refused(401, "unauthorized");
    }
    ada.tries_to_sign_in(PASSWORD).await.is(422).says("This account is switched off");
    ada.tries_to_sign_in("not this one").await.is(422).says("do not belong together").says_nothing_of("switched off");
    let body = json!({ "email": ada.email(), "password": PASSWORD });
    ada.sends("POST", "/api/auth/sign-in", &body).await.is_refused(403, "forbidden");
    olga.get(&format!("{page}?done=disable"))
        .await
        .is(200)
        .says("is switched off")
        .says("0 devices")
        .says("Switch on again");

    // Twice is once.
    olga.posts(&format!("{page}/disable"), &[]).await.is(303);
    olga.posts(&format!("{page}/enable"), &[]).await.is(303);
    ada.get("/today").await.is(307);
    ada.signs_in().await;
    let me = Actor::Person(id_of(&world, &olga));
    let deeds: Vec<_> = trail(&world).into_iter().filter(|line| line.2 == Some(id) && line.1 == me).collect();
    assert_eq!(deeds, [(Deed::AccountEnabled, me, Some(id)), (Deed::AccountDisabled, me, Some(id))]);
}

#[tokio::test]
async fn an_admin_can_switch_off_another_one_but_never_the_own_account() {
    let world = world().await;
    let (olga, lin) = (world.signed_up("olga").await, world.signed_up("lin").await);
    let (olgas, lins) = (id_of(&world, &olga), id_of(&world, &lin));
    olga.get(&format!("/admin/users/{olgas}")).await.is(200).says_nothing_of("Switch off<");
    olga.posts(&format!("/admin/users/{olgas}/disable"), &[])
        .await
        .is(422)
        .says("You cannot switch off your own account");
    assert!(is_admin(&olga).await);
    olga.posts(&format!("/admin/users/{lins}/disable"), &[]).await.is(303);
    lin.get("/admin").await.is(307);
    assert_eq!(admin::count_people(&world.site.app).unwrap().disabled, 1);
}

#[tokio::test]
async fn an_admin_signs_somebody_out_and_sends_a_confirmation_again() {
    let world = world().await;
    let (olga, ada) = (world.signed_up("olga").await, world.signed_up("ada").await);
    let ben = Person::new("ben", &world);
    ben.signs_up("UTC").await;
    let (adas, bens) = (id_of(&world, &ada), id_of(&world, &ben));
    olga.posts(&format!("/admin/users/{adas}/sign-out"), &[]).await.is(303);
    ada.get("/today").await.is(307);
    ada.signs_in().await;
    olga.get(&format!("/admin/users/{bens}")).await.says("Send the confirmation again");
    let again = format!("/admin/users/{bens}/resend");
    olga.posts(&again, &[]).await.is(303).leads_to(&format!("/admin/users/{bens}?done=resend"));
    assert_eq!(world.mails("ben@example.com"), 2);
    ben.confirms().await;
    olga.posts(&again, &[]).await.is(303).leads_to(&format!("/admin/users/{bens}?done=nothing"));
    assert_eq!(world.mails("ben@example.com"), 2);
    let hers = Actor::Person(id_of(&world, &olga));
    let told = trail(&world).into_iter().filter(|line| line.1 == hers && line.2.is_some());
    let deeds: Vec<Deed> = told.map(|line| line.0).collect();
    assert_eq!(deeds, [Deed::VerificationResent, Deed::SessionsEnded]);
    let page = olga.get("/admin/audit?deed=admin.sessions_ended").await.is(200).says("by <a").says(">olga</a>");
    page.says(">ada</a>").says_nothing_of(">ben</a>");
    olga.get("/admin/audit?person=ben@example.com").await.is(200).says("admin.verification_resent");
    olga.get("/admin/audit?person=nobody@example.com").await.is(200).says("There is no such person");
}

#[tokio::test]
async fn an_id_of_nobody_and_an_id_that_is_none_are_not_found() {
    let world = world().await;
    let olga = world.signed_up("olga").await;
    for id in ["0190c7a0-0000-7000-8000-000000000000", "1", "..", "%00", "olga@example.com"] {
        olga.get(&format!("/admin/users/{id}")).await.is(404);
        olga.get(&format!("/admin/mail/{id}")).await.is(404);
        for deed in ["disable", "enable", "sign-out", "resend"] {
            olga.posts(&format!("/admin/users/{id}/{deed}"), &[]).await.is(404);
        }
    }
    let done = trail(&world).into_iter().filter(|line| line.2.is_some() && line.1 != Actor::Stranger);
    assert_eq!(done.count(), 0, "what is not done leaves no line");
}

#[tokio::test]
async fn a_sign_up_and_each_pause_of_guesses_is_told_once_with_the_number_of_its_request() {
    let world = world().await;
    let (olga, ada, bob) = (world.signed_up("olga").await, world.signed_up("ada").await, world.signed_up("bob").await);
    let (adas, bobs) = (id_of(&world, &ada), id_of(&world, &bob));
    let told = async |deed: Deed| {
        world.site.app.store.flush().await.unwrap();
        admin::trail(&world.site.app, None, Some(deed), None, 100).unwrap().rows
    };
    let people: Vec<_> = told(Deed::SignedUp).await.into_iter().map(|line| (line.actor, line.whom)).collect();
    assert_eq!(people, [bobs, adas, id_of(&world, &olga)].map(|whom| (Actor::Stranger, Some(whom))));
    Person::new("ada", &world).signs_up("UTC").await;
    assert_eq!(told(Deed::SignedUp).await.len(), 3, "with a taken address nobody has signed up");

    let stranger = world.stranger();
    let tries = async |email: &str| {
        let body = json!({ "email": email, "password": "wrong wrong wrong" });
        let reply = stranger.sends("POST", "/api/auth/sign-in", &body).await.is(401);
        reply.header("x-request-id").unwrap().to_owned()
    };
    let mut numbers = Vec::new();
    for _ in 0..8 {
        numbers.push(tries("ada@example.com").await);
    }
    let paused = told(Deed::GuessesPaused).await;
    assert_eq!(paused.len(), 1, "{paused:?}");
    assert_eq!((paused[0].actor, paused[0].whom), (Actor::Stranger, Some(adas)));
    assert_eq!((paused[0].request.as_ref(), paused[0].at), (numbers.get(4), world.clock.now()));
    let missed: Vec<_> = told(Deed::SignInFailed).await.into_iter().rev().filter_map(|line| line.request).collect();
    assert_eq!(missed, numbers[..5], "while it lasts nothing more is written");
    let page = olga.get("/admin/audit?deed=guesses.paused").await.is(200).says(">ada</a>");
    page.says(&format!("request {}", numbers[4]));

    // An address nobody has; the next pause; a question; codes of the app; recovery codes; digits from a mail.
    for _ in 0..8 {
        tries("nobody@example.com").await;
    }
    world.it_is("2026-02-12T12:10:00Z");
    for _ in 0..8 {
        tries("ada@example.com").await;
    }
    let asked = crate::security::question(&bob.posts("/account/delete", &[("confirm", "delete")]).await.is(200));
    for _ in 0..6 {
        crate::security::answers(&bob, &asked, "wrong wrong wrong").await.is(422);
    }
    ada.signs_in().await;
    let (app, _) = two_factor::enrols(&world, &ada).await;
    for (method, code) in [("totp", two_factor::wrong(&two_factor::code(&app, &world))), ("recovery_code", "x".into())]
    {
        let challenge = two_factor::begins(&ada).await;
        for _ in 0..6 {
            assert!(two_factor::answers(&ada, &challenge, method, &code).await.status >= 400);
        }
    }
    Person::new("carol", &world).signs_up("UTC").await;
    let carol = Person::new("carol", &world);
    for _ in 0..12 {
        let digits = [("email", "carol@example.com"), ("digits", "no digits")];
        carol.posts("/verify-email", &digits).await.is(422);
    }
    let carols = id_of(&world, &carol);
    let mut paused: Vec<_> = told(Deed::GuessesPaused).await.iter().map(|line| (line.actor, line.whom)).collect();
    paused.pop();
    let stranger = |whom| (Actor::Stranger, whom);
    let hers = stranger(Some(adas));
    paused.reverse();
    let expected = [stranger(None), hers, (Actor::Person(bobs), None), hers, hers, stranger(Some(carols))];
    assert_eq!(paused, expected);
}

#[tokio::test]
async fn no_answer_for_admins_holds_a_hash_or_a_token() {
    let world = world().await;
    let (olga, ada) = (world.signed_up("olga").await, world.signed_up("ada").await);
    ada.keeps("Read").await;
    let id = id_of(&world, &ada);
    let account = world.site.app.store.read(|view| accounts::get(view, id)).unwrap().unwrap();
    let hash = serde_json::to_value(&account.credentials.password).unwrap();
    let hash = hash.as_str().unwrap().to_owned();
    let tokens = [olga.cookie("atlas-development").unwrap(), ada.cookie("atlas-development").unwrap()];
    for path in [
        "/admin".to_owned(),
        "/admin/users".to_owned(),
        format!("/admin/users/{id}"),
        "/admin/habits?status=all".to_owned(),
        "/admin/activity".to_owned(),
        "/admin/audit".to_owned(),
        "/admin/mail".to_owned(),
        "/admin/configuration".to_owned(),
        "/api/admin/health".to_owned(),
        "/api/admin/users".to_owned(),
        "/api/admin/habits".to_owned(),
        "/api/admin/activity".to_owned(),
        "/api/admin/exports/users".to_owned(),
        "/api/admin/exports/habits".to_owned(),
    ] {
        let text = olga.get(&path).await.is(200).text();
        assert!(!text.contains(&hash) && !text.contains("argon2") && !text.contains("$v="), "{path}");
        for token in &tokens {
            assert!(!text.contains(token.as_str()) && !text.contains("verify-email?token="), "{path}");
        }
    }
}

#[tokio::test]
async fn the_dashboard_has_each_heading_once_and_every_section() {
    let world = world().await;
    let olga = world.signed_up("olga").await;
    let page = olga.get("/admin").await.is(200).text().to_lowercase();
    let headings: Vec<&str> = page
        .split("<h")
        .skip(1)
        .filter(|part| part.starts_with(['1', '2', '3']))
        .map(|part| part.split("</h").next().unwrap())
        .collect();
    for words in ["admin dashboard", "health status", "users", "habits"] {
        assert_eq!(headings.iter().filter(|heading| heading.contains(words)).count(), 1, "{words}: {headings:?}");
    }
    for id in ["health", "users", "habits", "activity", "export"] {
        assert_eq!(page.matches(&format!("id=\"{id}\"")).count(), 1, "{id}");
    }
}

async fn all(olga: &Person, list: &str, path: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let data = olga.get(&format!("{path}&cursor={cursor}")).await.is(200).data();
        rows.extend(data[list].as_array().unwrap().clone());
        match data["nextCursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => return rows,
        }
    }
}

const MANY: [&str; 12] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "pa", "pb"];

#[tokio::test]
async fn paging_shows_everybody_once_and_searching_finds_them_in_any_case() {
    let world = world().await;
    let olga = world.signed_up("olga").await;
    for name in MANY {
        Person::new(name, &world).signs_up("UTC").await;
    }
    for limit in [1, 2, 5, 13, 100] {
        let users = all(&olga, "users", &format!("/api/admin/users?limit={limit}")).await;
        let emails: Vec<&str> = users.iter().map(|user| user["email"].as_str().unwrap()).collect();
        assert_eq!(emails.len(), 13);
        assert_eq!(emails.iter().collect::<BTreeSet<_>>().len(), 13);
        assert_eq!((emails[0], emails[12]), ("pb@example.com", "olga@example.com"), "newest first");
    }
    for (search, found) in
        [("OLGA", 1), ("%20Olga@Example.com", 1), ("p", 13), ("P0@EX", 1), ("%40example.com", 13), ("nobody", 0)]
    {
        assert_eq!(
            all(&olga, "users", &format!("/api/admin/users?limit=4&search={search}")).await.len(),
            found,
            "{search}"
        );
    }
    let data = olga.get("/api/admin/users?limit=0").await.is(200).data();
    assert_eq!(data["users"].as_array().unwrap().len(), 13, "a bad limit is the usual one");
    assert_eq!(data["counts"], json!({ "total": 13, "verified": 1, "unverified": 12, "disabled": 0 }));
    olga.get("/api/admin/users?cursor=nonsense").await.is_refused(400, "invalid_request");
    olga.get("/admin/users?search=P0").await.is(200).says(">p0<").says_nothing_of(">p1<");
    olga.get("/admin/users?search=nobody").await.is(200).says("Nothing to show");
    olga.get("/admin/users?search=%3Cscript%3E").await.is(200).says_nothing_of("<script>");
}

#[tokio::test]
async fn habits_of_everybody_are_listed_with_their_owners() {
    let world = world().await;
    let (olga, ada, ben) = (world.signed_up("olga").await, world.signed_up("ada").await, world.signed_up("ben").await);
    ada.keeps_on("Read", &[1, 3]).await;
    let away = ada.keeps("Swim").await;
    ben.keeps("Read aloud").await;
    ada.sends("DELETE", &format!("/api/habits/{away}"), &json!({})).await.is(200);
    let data = olga.get("/api/admin/habits").await.is(200).data();
    assert_eq!(data["counts"], json!({ "total": 3, "active": 2, "archived": 1 }));
    assert_eq!(data["habits"][0]["user"], json!({ "email": "ben@example.com", "displayName": "ben" }));
    assert_eq!(data["habits"][0]["scheduleSummary"], "Daily");
    assert_eq!(data["habits"][1]["scheduleSummary"], "Mon, Wed");
    for (query, found) in [
        ("status=all", 3),
        ("status=archived", 1),
        ("status=odd", 2),
        ("search=ALOUD", 1),
        ("search=ada@", 1),
        ("search=ada&status=all", 2),
    ] {
        for limit in [1, 20] {
            let habits = all(&olga, "habits", &format!("/api/admin/habits?limit={limit}&{query}")).await;
            assert_eq!(habits.len(), found, "{query}");
        }
    }
    olga.get("/admin/habits").await.is(200).says("Read aloud").says_nothing_of("Swim");
    olga.get("/admin/habits?status=archived").await.is(200).says("Swim").says_nothing_of("Read aloud");
    olga.get("/api/admin/habits?cursor=nonsense").await.is_refused(400, "invalid_request");
}

#[tokio::test]
async fn exports_are_tables_without_formulas_and_are_noted() {
    let world = world().await;
    let olga = world.signed_up("olga").await;
    let eve = Person::new("eve", &world);
    let fields = [
        ("displayName", "=HYPERLINK(\"http://evil\",\"x\")"),
        ("email", "eve@example.com"),
        ("password", PASSWORD),
        ("confirmPassword", PASSWORD),
        ("timeZone", "UTC"),
    ];
    eve.posts("/sign-up", &fields).await.is(303);
    eve.confirms().await;
    eve.signs_in().await;
    eve.keeps_on("+cmd|' /C calc'!A0", &[6, 7]).await;
    let users = olga.get("/api/admin/exports/users").await.is(200);
    assert_eq!(users.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(users.header("content-disposition"), Some("attachment; filename=\"admin-users-2026-02-12.csv\""));
    assert_eq!(users.header("cache-control"), Some("no-store"));
    let noon = "2026-02-12T12:00:00.000Z";
    assert_eq!(
        users.text(),
        format!(
            "Email,Display name,Email verified at,Created at,Deleted at\n\
             eve@example.com,\"'=HYPERLINK(\"\"http://evil\"\",\"\"x\"\")\",{noon},{noon},\n\
             olga@example.com,olga,{noon},{noon},"
        )
    );
    let habits = olga.get("/api/admin/exports/habits").await.is(200);
    assert_eq!(habits.header("content-disposition"), Some("attachment; filename=\"admin-habits-2026-02-12.csv\""));
    let text = habits.text();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("Title,Description,Schedule,Archived at,Created at,Owner email,Owner name"));
    let row = lines.next().unwrap();
    assert!(row.starts_with("'+cmd|' /C calc'!A0,,\"Sat, Sun\",,"), "{row}");
    let noted = trail(&world).into_iter().filter(|line| line.0 == Deed::ListExported).count();
    assert_eq!(noted, 2);
}

#[tokio::test]
async fn activity_tells_of_requests_and_never_of_what_was_in_them() {
    let world = world().await;
    let (olga, ada) = (world.signed_up("olga").await, world.signed_up("ada").await);
    let habit = ada.keeps("Read").await;
    ada.get(&format!("/habits/{habit}")).await.is(200);
    ada.get("/verify-email?token=secret-in-a-link").await;
    ada.get("/nowhere/private-thing").await.is(404);
    let answer = olga.get("/api/admin/activity?limit=5").await.is(200);
    let text = answer.text();
    assert!(!text.contains("secret-in-a-link") && !text.contains("private-thing") && !text.contains(&habit), "{text}");
    let entries = answer.data()["entries"].as_array().unwrap().clone();
    assert_eq!(entries.len(), 5);
    assert_eq!(
        (&entries[0]["status"], &entries[0]["errorCode"], &entries[0]["level"]),
        (&json!(404), &json!("not_found"), &json!("warn"))
    );
    assert!(entries.iter().any(|entry| entry["route"] == "/habits/{id}"));
    for _ in 0..210 {
        world.stranger().get("/landing").await.is(200);
    }
    let entries = olga.get("/api/admin/activity?limit=200").await.data()["entries"].as_array().unwrap().len();
    assert_eq!(entries, 200);
    olga.get("/admin/activity").await.is(200).says("/landing");
}

#[tokio::test]
async fn captured_mail_is_read_where_admins_are() {
    let world = world().await;
    let olga = world.signed_up("olga").await;
    let page = olga.get("/admin/mail?standing=captured").await.is(200).says("Confirm your address for Atlas").text();
    let address = page.split("href=\"/admin/mail/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let mail = olga.get(&format!("/admin/mail/{address}")).await.is(200);
    assert!(mail.header("vary").is_none());
    mail.says("/verify-email?token=").says("olga@example.com");
    olga.get("/admin/mail?standing=failed").await.is(200).says("Nothing to show");
}

#[tokio::test]
async fn the_configuration_is_shown_with_its_origins_and_without_its_secrets() {
    let secret = "0123456789abcdef0123456789abcdef";
    let variables = vec![("ADMIN_OWNER_EMAIL", "olga@example.com".to_owned()), ("NEXTAUTH_SECRET", secret.to_owned())];
    let world = World::with(Wishes { variables, ..Wishes::default() }).await;
    let olga = world.signed_up("olga").await;
    let page = olga.get("/admin/configuration").await.is(200).says("variable ADMIN_OWNER_EMAIL").says("(secret)");
    page.says_nothing_of(secret);
}

#[tokio::test]
async fn the_trail_forgets_after_four_hundred_days() {
    let world = world().await;
    let ada = world.signed_up("ada").await;
    world.it_is("2026-06-01T12:00:00Z");
    ada.signs_in().await;
    let before = trail(&world).len();
    world.it_is("2027-03-19T11:59:59Z");
    assert_eq!(audit::purge(&world.site.app).await.unwrap(), 0);
    world.it_is("2027-03-19T12:00:01Z");
    let gone = audit::purge(&world.site.app).await.unwrap();
    assert!(gone > 0 && gone < before);
    assert_eq!(trail(&world).len(), before - gone);
    let id = id_of(&world, &ada);
    let about = admin::trail(&world.site.app, Some(id), None, None, 100).unwrap().rows.len();
    assert_eq!(about, before - gone, "what leads to a line goes with it");
}

#[tokio::test]
async fn a_list_is_whole_however_little_is_looked_at_for_a_page() {
    let world = World::new().await;
    let id = |n: u8| AuditId::mint(world.clock.now(), [n; 10]);
    let whom = AccountId::mint(world.clock.now(), [9; 10]);
    let line = |n: u8| Line {
        id: id(n),
        at: world.clock.now(),
        actor: Actor::Operator,
        deed: if n.is_multiple_of(5) { Deed::AccountDisabled } else { Deed::AccountEnabled },
        whom: n.is_multiple_of(2).then_some(whom),
        address: None,
        request: None,
    };
    let lines: Vec<Line> = (0..40).map(line).collect();
    world
        .site
        .app
        .store
        .write(move |draft| {
            for line in &lines {
                trails::add(draft, line);
            }
            Ok::<_, atlas::store::Error>(())
        })
        .await
        .unwrap();
    for (about, deed, wanted) in [
        (None, None, 40),
        (None, Some(Deed::AccountDisabled), 8),
        (Some(whom), None, 20),
        (Some(whom), Some(Deed::AccountDisabled), 4),
    ] {
        for (most, effort) in [(1, 1), (3, 2), (3, 7), (100, 3), (8, 1_000), (100, 1_000)] {
            let (mut seen, mut below) = (Vec::new(), None);
            loop {
                let turn = Turn { below, most, effort };
                let page = world.site.app.store.read(|view| trails::page(view, about, deed, &turn)).unwrap();
                assert!(page.rows.len() <= most);
                seen.extend(page.rows.iter().map(|line| line.id));
                below = page.next;
                if below.is_none() {
                    break;
                }
                assert!(effort < 1_000 || !page.rows.is_empty(), "only a search that gave up has an empty page");
            }
            assert_eq!(seen.len(), wanted, "{most} {effort}");
            assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "newest first, each once");
        }
    }
}

#[tokio::test]
async fn a_decision_that_looks_from_the_newest_on_sees_its_own_changes() {
    let world = World::new().await;
    let store = &world.site.app.store;
    let put = |keys: &'static [&'static str]| {
        store.write(move |draft| {
            for key in keys {
                draft.put(&COUNTS, &(*key).to_owned(), &1);
            }
            Ok::<_, atlas::store::Error>(())
        })
    };
    put(&["x.a", "x.b", "x.c", "x.d", "y"]).await.unwrap();
    let seen = store
        .write(|draft| {
            draft.remove(&COUNTS, &"x.d".to_owned());
            draft.remove(&COUNTS, &"x.b".to_owned());
            draft.put(&COUNTS, &"x.e".to_owned(), &1);
            let names = |rows: Vec<(String, u64)>| rows.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
            let all = names(draft.newest(&COUNTS, b"x.", None, 10)?);
            let two = names(draft.newest(&COUNTS, b"x.", None, 2)?);
            let below = names(draft.newest(&COUNTS, b"x.", Some(&"x.c".to_owned()), 2)?);
            Ok::<_, atlas::store::Error>((all, two, below))
        })
        .await
        .unwrap();
    assert_eq!(seen.0, ["x.e", "x.c", "x.a"]);
    assert_eq!((seen.1, seen.2), (vec!["x.e".to_owned(), "x.c".to_owned()], vec!["x.a".to_owned()]));
}

#[tokio::test]
async fn health_tells_admins_what_runs_and_with_which_file() {
    let world = world().await;
    let olga = world.signed_up("olga").await;
    let (health, told) =
        (olga.get("/api/health").await.is(200).data(), olga.get("/api/admin/health").await.is(200).data());
    assert_eq!(told["instance"], health["instance"]);
    assert_eq!((&told["schema"], &told["alerts"]), (&json!(atlas::store::schema::VERSION), &json!([])));
    assert_eq!(told["fileId"], json!(world.site.app.store.stamp().file_id));
    assert_eq!(told["version"], env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn an_admin_takes_a_snapshot_sees_it_and_it_is_noted() {
    let world = world().await;
    let olga = world.signed_up("olga").await;
    olga.get("/admin").await.is(200).says("href=\"/admin/snapshots\"");
    olga.get("/admin/snapshots").await.is(200).says("There is none yet").says("Nothing ran here yet");
    olga.posts("/admin/snapshots", &[]).await.is(303).leads_to("/admin/snapshots?done=taken");
    let data = olga.get("/api/admin/snapshots").await.is(200).data();
    let taken = &data["snapshots"][0];
    assert_eq!((&taken["reason"], &taken["rows"]["accounts"]), (&json!("manual"), &json!(1)), "{data}");
    let page = olga.get("/admin/snapshots?done=taken").await.is(200).says("was taken and proven").says("asked for");
    page.says(taken["id"].as_str().unwrap())
        .says("taken less than a minute ago")
        .says("atlas rollback --env development");
    assert!(trail(&world).contains(&(Deed::SnapshotTaken, Actor::Person(id_of(&world, &olga)), None)));

    // What a verification found, by the names of what failed.
    atlas::app::releases::started(&world.site.app).unwrap();
    let verification = atlas::domain::release::Verification {
        at: world.clock.now(),
        passed: false,
        failed: vec!["health".to_owned(), "sign-in".to_owned()],
        ..atlas::domain::release::Verification::default()
    };
    atlas::app::releases::verified(&world.site.app, verification, &json!({}), &mut |_| ()).await.unwrap();
    let page = olga.get("/admin/snapshots").await.is(200).says("Runs now").says("health, sign-in, verified");
    page.says_nothing_of("Known-good");
    let data = olga.get("/api/admin/snapshots").await.is(200).data();
    assert_eq!((&data["releases"][0]["runsNow"], &data["releases"][0]["knownGood"]), (&json!(true), &json!(false)));

    let ada = world.signed_up("ada").await;
    assert_ne!(ada.get("/admin/snapshots").await.status, 200);
    ada.get("/api/admin/snapshots").await.is_refused(403, "forbidden");
    ada.posts("/admin/snapshots", &[]).await;
    assert_eq!(olga.get("/api/admin/snapshots").await.is(200).data()["snapshots"].as_array().unwrap().len(), 1);
}
