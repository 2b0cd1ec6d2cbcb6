//! The second factor: with it a password alone lets nobody in, and nobody is locked out by losing a phone or by a change
//! of the server's secret.

use atlas::app::keys::Purpose;
use atlas::domain::audit::Actor;
use atlas::domain::challenge::{Action, Challenge};
use atlas::domain::{Account, Client, Email};
use atlas::store::{self, accounts, challenges};
use serde_json::{Value, json};

use crate::authenticator::Authenticator;
use crate::person::{Person, Reply};
use crate::world::{PASSWORD, Wishes, World};

/// Half past eleven and so on, so many half minutes after noon.
pub fn later(world: &World, steps: i64) {
    let noon: jiff::Timestamp = crate::world::NOON.parse().unwrap();
    world.it_is(&(noon + jiff::SignedDuration::from_secs(30 * steps)).to_string());
}

pub fn code(app: &Authenticator, world: &World) -> String {
    app.shows_at(world.clock.now().as_second())
}

pub fn wrong(right: &str) -> String {
    format!("{:06}", (right.parse::<u32>().unwrap() + 1) % 1_000_000)
}

fn account(world: &World, person: &Person) -> Account {
    let email = Email::parse(&person.email()).unwrap();
    world.site.app.store.read(|view| accounts::with_email(view, &email)).unwrap().unwrap()
}

/// Sets the second factor up through the API; the clock stands one step later afterwards.
pub async fn enrols(world: &World, person: &Person) -> (Authenticator, Vec<String>) {
    let shown = person.sends("POST", "/api/account/2fa/setup", &json!({})).await.is(200).data();
    let app = Authenticator::given(shown["secret"].as_str().unwrap());
    let body = json!({ "code": code(&app, world) });
    let enabled = person.sends("POST", "/api/account/2fa/enable", &body).await.is(200).data();
    assert_eq!(enabled["enabled"], true);
    (app, texts(&enabled["recoveryCodes"]))
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|item| item.as_str().unwrap().to_owned()).collect()
}

/// Gets past the password and answers the challenge's token.
pub async fn begins(person: &Person) -> String {
    let body = json!({ "email": person.email(), "password": PASSWORD });
    let data = person.sends("POST", "/api/auth/sign-in", &body).await.is(200).data();
    assert_eq!((&data["requiresTwoFactor"], &data["methods"]), (&json!(true), &json!(["totp", "recovery_code"])));
    data["challengeToken"].as_str().unwrap().to_owned()
}

pub async fn answers(person: &Person, challenge: &str, method: &str, code: &str) -> Reply {
    let body = json!({ "challengeToken": challenge, "method": method, "code": code });
    person.sends("POST", "/api/auth/sign-in/2fa/verify", &body).await
}

pub fn between(page: &str, before: &str, after: &str) -> String {
    let (_, rest) = page.split_once(before).unwrap_or_else(|| panic!("“{before}” is not in:\n{page}"));
    rest.split(after).next().unwrap().to_owned()
}

#[tokio::test]
async fn ada_sets_it_up_signs_in_with_a_code_and_switches_it_off_with_pages_alone() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    ada.get("/account").await.says("Set up 2FA");
    ada.get("/account/two-factor").await.is(200).says("You need an authenticator app").says_nothing_of("manual-secret");
    ada.posts("/account/two-factor", &[("what", "set-up")]).await.is(303).leads_to("/account/two-factor");
    let page = ada.get("/account/two-factor").await.is(200).says("<svg class=\"qr\"");
    let secret = between(&page.text(), "id=\"manual-secret\"", ">");
    let secret = between(&secret, "value=\"", "\"");
    ada.get("/account/two-factor").await.says(&secret);
    page.says(&format!(
        "otpauth://totp/Atlas%20%28development%29:ada%40example%2Ecom?secret={secret}&amp;issuer=Atlas%20%28development%29"
    ));
    let app = Authenticator::given(&secret);
    let enable =
        |code: String| async { ada.posts("/account/two-factor", &[("what", "enable"), ("code", &{ code })]).await };
    enable(wrong(&code(&app, &world))).await.is(422).says("Check the clock of your phone").says(&secret);
    let page = enable(code(&app, &world)).await.is(200).says("I saved these codes").text();
    let codes: Vec<_> = page.split("<code>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 24), "{codes:?}");
    // They are shown once, and pressing again does no harm.
    enable(code(&app, &world)).await.is(303).leads_to("/account/two-factor");
    ada.get("/account/two-factor").await.says("10 recovery codes are left").says_nothing_of(codes[0]);
    assert!(world.newest_mail("ada@example.com").unwrap().contains("switched on"));

    ada.posts("/sign-out", &[]).await;
    later(&world, 1);
    let page =
        ada.tries_to_sign_in(PASSWORD).await.is(200).says("Verification code").says("autocomplete=\"one-time-code\"");
    assert!(ada.cookie("atlas-development").is_none(), "a password alone is no session");
    ada.get("/today").await.is(307);
    let challenge = between(&page.text(), "name=\"challenge\" value=\"", "\"");
    let typed = code(&app, &world);
    let verify = |code: &str| {
        let code = code.to_owned();
        let fields = [("challenge", challenge.clone()), ("from", "/habits".to_owned()), ("method", "totp".to_owned())];
        let fields = fields.into_iter().chain([("code", code)]).collect::<Vec<_>>();
        let ada = &ada;
        async move {
            let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
            ada.posts("/sign-in/verify", &fields).await
        }
    };
    verify(&wrong(&typed)).await.is(422).says("That code is not right").says(&challenge);
    verify(&format!("{} {}", &typed[..3], &typed[3..])).await.is(303).leads_to("/habits");
    ada.get("/today").await.is(200);
    verify(&typed).await.is(422).says("That sign-in is over");

    later(&world, 2);
    let disable = |password: &'static str, code: String| {
        let ada = &ada;
        async move {
            let fields = [("what", "disable"), ("currentPassword", password), ("code", &code)];
            ada.posts("/account/two-factor", &fields).await
        }
    };
    disable("not this one at all", code(&app, &world)).await.is(422).says("password or the code is not right");
    disable(PASSWORD, wrong(&code(&app, &world))).await.is(422).says("password or the code is not right");
    disable(PASSWORD, code(&app, &world)).await.is(303).leads_to("/account?two-factor=off#two-factor");
    ada.get("/account?two-factor=off").await.says("Two-factor sign-in is off.").says("Set up 2FA");
    assert!(world.newest_mail("ada@example.com").unwrap().contains("switched off"));
    ada.posts("/sign-out", &[]).await;
    ada.signs_in().await;
}

#[tokio::test]
async fn a_script_goes_the_same_way() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let elsewhere = Person::new("ada", &world);
    elsewhere.signs_in().await;
    let standing = |enabled: bool, has: bool, left: usize| json!({ "enabled": enabled, "hasTotpSecret": has, "recoveryCodesRemaining": left, "isAdmin": false, "adminEnrollmentRequired": false });
    assert_eq!(ada.get("/api/account/2fa").await.is(200).data(), standing(false, false, 0));
    let enable = |code: &str| json!({ "code": code });
    ada.sends("POST", "/api/account/2fa/enable", &enable("123456")).await.is_refused(401, "unauthorized");
    let first = ada.sends("POST", "/api/account/2fa/setup", &json!({})).await.is(200).data();
    assert!(first["qrDataUrl"].as_str().unwrap().starts_with("data:image/svg+xml;base64,"));
    assert_eq!(first["secret"].as_str().unwrap().len(), 32);
    assert_eq!(ada.get("/api/account/2fa").await.data(), standing(false, true, 0));
    let (app, codes) = enrols(&world, &ada).await;
    assert_ne!(first["secret"], data_encoding::BASE32_NOPAD.encode(app.bytes()), "each call makes a new secret");
    assert_eq!(ada.get("/api/account/2fa").await.data(), standing(true, true, 10));
    assert_eq!(ada.get("/api/auth/session").await.json()["user"]["twoFactorEnabled"], true);
    elsewhere.get("/api/habits").await.is_refused(401, "unauthorized");
    ada.sends("POST", "/api/account/2fa/setup", &json!({})).await.is_refused(400, "invalid_request");
    ada.sends("POST", "/api/account/2fa/enable", &enable("123456")).await.is_refused(400, "invalid_request");
    for odd in ["", "12345678901234567"] {
        ada.sends("POST", "/api/account/2fa/enable", &enable(odd)).await.is_refused(400, "invalid_request");
    }

    later(&world, 1);
    let challenge = begins(&elsewhere).await;
    let strict = json!({ "challengeToken": challenge, "method": "totp", "code": code(&app, &world), "extra": 1 });
    elsewhere.sends("POST", "/api/auth/sign-in/2fa/verify", &strict).await.is_refused(400, "invalid_request");
    answers(&elsewhere, &challenge, "sms", "123456").await.is_refused(400, "invalid_request");
    answers(&elsewhere, "nonsense", "totp", &code(&app, &world)).await.is_refused(401, "unauthorized");
    let signed_in = answers(&elsewhere, &challenge, "totp", &code(&app, &world)).await.is(200);
    assert_eq!(signed_in.data(), json!({ "ok": true }));
    elsewhere.get("/api/habits").await.is(200);

    later(&world, 2);
    let rotate = json!({ "method": "totp", "code": code(&app, &world) });
    let fresh = ada.sends("POST", "/api/account/2fa/recovery/rotate", &rotate).await.is(200).data();
    let fresh = texts(&fresh["recoveryCodes"]);
    assert_eq!((fresh.len(), fresh.iter().any(|code| codes.contains(code))), (10, false));
    let disable = |phrase: &str, password: &str, code: &str| json!({ "confirmation": phrase, "method": "recovery_code", "currentPassword": password, "code": code });
    for (phrase, password, code, status, error) in [
        ("disable", PASSWORD, &fresh[0], 400, "invalid_request"),
        ("DISABLE 2FA", "", &fresh[0], 400, "invalid_request"),
        ("DISABLE 2FA", "not this one at all", &fresh[0], 401, "unauthorized"),
        ("DISABLE 2FA", PASSWORD, &codes[0], 401, "unauthorized"),
    ] {
        let body = disable(phrase, password, code);
        ada.sends("POST", "/api/account/2fa/disable", &body).await.is_refused(status, error);
    }
    let body = disable(" disable 2fa ", PASSWORD, &fresh[0]);
    assert_eq!(ada.sends("POST", "/api/account/2fa/disable", &body).await.is(200).data(), json!({ "enabled": false }));
    assert_eq!(ada.get("/api/account/2fa").await.data(), standing(false, false, 0));
    ada.sends("POST", "/api/account/2fa/disable", &body).await.is_refused(400, "invalid_request");
    ada.sends("POST", "/api/account/2fa/recovery/rotate", &rotate).await.is_refused(400, "invalid_request");
}

#[tokio::test]
async fn a_code_counts_once_even_the_one_that_switched_it_on() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let (app, _) = enrols(&world, &ada).await;
    let challenge = begins(&ada).await;
    answers(&ada, &challenge, "totp", &code(&app, &world)).await.is_refused(401, "unauthorized");
    later(&world, 1);
    let typed = code(&app, &world);
    answers(&ada, &challenge, "totp", &typed).await.is(200);
    // Whoever looked over her shoulder is half a minute late.
    let mallory = Person::new("ada", &world);
    let challenge = begins(&mallory).await;
    answers(&mallory, &challenge, "totp", &typed).await.is_refused(401, "unauthorized");
    later(&world, 2);
    answers(&mallory, &challenge, "totp", &typed).await.is_refused(401, "unauthorized");
    answers(&mallory, &challenge, "totp", &code(&app, &world)).await.is(200);
}

#[tokio::test]
async fn a_recovery_code_lets_in_once_and_any_odd_text_is_simply_wrong() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let (_, codes) = enrols(&world, &ada).await;
    let phone = Person::new("ada", &world);
    for odd in ["-", "x", "💥", "0000-0000-0000-0000-0000", &"9".repeat(64), "123456", "\u{0}", &codes[0][..20]] {
        let challenge = begins(&phone).await;
        answers(&phone, &challenge, "recovery_code", odd).await.is_refused(401, "unauthorized");
    }
    let challenge = begins(&phone).await;
    answers(&phone, &challenge, "recovery_code", "").await.is_refused(400, "invalid_request");
    let typed = codes[0].to_lowercase().replace('-', " ");
    answers(&phone, &challenge, "recovery_code", &typed).await.is(200);
    assert_eq!(phone.get("/api/account/2fa").await.data()["recoveryCodesRemaining"], 9);
    phone.get("/account").await.says("9 recovery codes are left");
    assert!(
        world.newest_mail("ada@example.com").unwrap().contains("recovery codes of your Atlas account was just used")
    );
    let challenge = begins(&phone).await;
    answers(&phone, &challenge, "recovery_code", &codes[0]).await.is_refused(401, "unauthorized");
    // With pages: the step is asked for again, and takes the code.
    let page = phone.tries_to_sign_in(PASSWORD).await.is(200).says("Use a recovery code").text();
    let challenge = between(&page, "name=\"challenge\" value=\"", "\"");
    let fields = [("challenge", challenge.as_str()), ("from", "/today"), ("method", "recovery_code")];
    phone
        .posts("/sign-in/verify", &[&fields[..], &[("switch", "true")]].concat())
        .await
        .is(200)
        .says("Without your app");
    let verify = |code| [&fields[..], &[("code", code)]].concat();
    phone.posts("/sign-in/verify", &verify("💥")).await.is(422).says("none of the recovery codes");
    phone.posts("/sign-in/verify", &verify(&codes[1])).await.is(303).leads_to("/today");
}

#[tokio::test]
async fn wrong_codes_are_counted_across_challenges_and_the_owner_hears_of_it_and_still_gets_in() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let (app, codes) = enrols(&world, &ada).await;
    later(&world, 1);
    let mallory = Person::new("ada", &world);
    let mails = world.mails("ada@example.com");
    for _ in 0..5 {
        let challenge = begins(&mallory).await;
        answers(&mallory, &challenge, "totp", &wrong(&code(&app, &world))).await.is_refused(401, "unauthorized");
    }
    assert_eq!(world.mails("ada@example.com"), mails + 1);
    assert!(world.newest_mail("ada@example.com").unwrap().contains("somebody got past your password"));
    // The right code no longer helps, in a new challenge either, nor does a script that is signed in.
    let challenge = begins(&mallory).await;
    let reply = answers(&mallory, &challenge, "totp", &code(&app, &world)).await.is_refused(429, "rate_limited");
    assert_eq!(reply.header("retry-after"), Some("600"));
    let rotate = json!({ "method": "totp", "code": code(&app, &world) });
    ada.sends("POST", "/api/account/2fa/recovery/rotate", &rotate).await.is_refused(429, "rate_limited");
    // While codes are refused, a right password is not told from a wrong one.
    for password in ["not this one at all", PASSWORD] {
        let body = json!({ "confirmation": "DISABLE 2FA", "method": "recovery_code", "currentPassword": password, "code": "x" });
        ada.sends("POST", "/api/account/2fa/disable", &body).await.is_refused(429, "rate_limited");
    }
    // It outlives a restart.
    let world = world.served_again(Wishes { now: "2026-02-12T12:05:00Z", ..Wishes::default() }).await;
    let ada = Person::new("ada", &world);
    let challenge = begins(&ada).await;
    let page = ada.tries_to_sign_in(PASSWORD).await.text();
    let fields = [
        ("challenge", between(&page, "name=\"challenge\" value=\"", "\"")),
        ("method", "totp".to_owned()),
        ("code", code(&app, &world)),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let refused = ada.posts("/sign-in/verify", &fields).await.is(429).says("Try again in 6 minutes");
    assert!(refused.header("retry-after").is_some());
    answers(&ada, &challenge, "recovery_code", &codes[0]).await.is(200);
    world.it_is("2026-02-12T12:11:00Z");
    let challenge = begins(&ada).await;
    answers(&ada, &challenge, "totp", &code(&app, &world)).await.is(200);
}

#[tokio::test]
async fn one_challenge_takes_five_wrong_answers_and_ten_minutes() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let (app, codes) = enrols(&world, &ada).await;
    later(&world, 1);
    let challenge = begins(&ada).await;
    for _ in 0..5 {
        answers(&ada, &challenge, "recovery_code", "0000-0000-0000-0000-0000").await.is_refused(401, "unauthorized");
    }
    let reply = answers(&ada, &challenge, "recovery_code", &codes[0]).await.is_refused(429, "rate_limited");
    assert_eq!(reply.header("retry-after"), Some("300"));
    world.it_is("2026-02-12T12:06:00Z");
    answers(&ada, &challenge, "totp", &wrong(&code(&app, &world))).await.is_refused(401, "unauthorized");
    world.it_is("2026-02-12T12:20:00Z");
    answers(&ada, &challenge, "totp", &code(&app, &world)).await.is_refused(401, "token_expired");
    let fields = [("challenge", challenge.as_str()), ("method", "totp"), ("code", "123456")];
    ada.posts("/sign-in/verify", &fields).await.is(422).says("That sign-in is over");
}

#[tokio::test]
async fn a_challenge_is_one_persons_and_for_one_thing() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let bob = world.signed_up("bob").await;
    let (_, hers) = enrols(&world, &ada).await;
    let (app, his) = enrols(&world, &bob).await;
    later(&world, 1);
    // Bob's codes do not answer what Ada was asked.
    let challenge = begins(&ada).await;
    answers(&bob, &challenge, "totp", &code(&app, &world)).await.is_refused(401, "unauthorized");
    answers(&bob, &challenge, "recovery_code", &his[0]).await.is_refused(401, "unauthorized");
    // A question before something else is not answered by signing in, and its token is no way in.
    let token = world.site.app.keys.mint(Purpose::Challenge).unwrap();
    let text = token.text.clone();
    let asked = Challenge::new(account(&world, &ada).id, Action::AccountDelete, None, world.clock.now());
    let put = move |draft: &mut store::Draft<'_, '_>| -> Result<(), store::Error> {
        challenges::put(draft, &token.hash, &asked);
        Ok(())
    };
    world.site.app.store.write(put).await.unwrap();
    let stranger = Person::new("ada", &world);
    answers(&stranger, &text, "recovery_code", &hers[0]).await.is_refused(401, "unauthorized");
    stranger.get("/api/habits").await.is_refused(401, "unauthorized");
    // It was not used up by that.
    answers(&stranger, &challenge, "recovery_code", &hers[0]).await.is(200);
}

#[tokio::test]
async fn a_planted_session_is_never_adopted_and_ends_with_the_second_step() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let mallory = world.signed_up("mallory").await;
    let (app, _) = enrols(&world, &ada).await;
    later(&world, 1);
    let planted = mallory.cookie("atlas-development").unwrap();
    let browser = Person::new("ada", &world);
    browser.takes_cookie("atlas-development", &planted);
    let challenge = begins(&browser).await;
    assert_eq!(browser.cookie("atlas-development").as_deref(), Some(planted.as_str()));
    answers(&browser, &challenge, "totp", &code(&app, &world)).await.is(200);
    assert_ne!(browser.cookie("atlas-development").unwrap(), planted);
    mallory.get("/today").await.is(307);
}

#[tokio::test]
async fn neither_secret_nor_recovery_codes_can_be_read_in_the_file() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let waiting = ada.sends("POST", "/api/account/2fa/setup", &json!({})).await.is(200).data();
    let waiting = Authenticator::given(waiting["secret"].as_str().unwrap());
    let (app, codes) = enrols(&world, &ada).await;
    let file = std::fs::read(&world.settings.data_file).unwrap();
    let holds = |needle: &[u8]| file.windows(needle.len()).any(|window| window == needle);
    assert!(holds(b"two_factor") && holds(b"ada@example.com"), "the file is the one that is read");
    for secret in [&waiting, &app] {
        let numbers = serde_json::to_string(secret.bytes()).unwrap();
        let base64 = data_encoding::BASE64_NOPAD.encode(secret.bytes());
        let base32 = data_encoding::BASE32_NOPAD.encode(secret.bytes());
        for form in [secret.bytes(), numbers.as_bytes(), base64.as_bytes(), base32.as_bytes()] {
            assert!(!holds(form));
        }
    }
    for code in codes {
        assert!(!holds(code.as_bytes()) && !holds(code.replace('-', "").as_bytes()));
    }
    // The mails about it hold nothing either, and the export leaves it out.
    let export = ada.get("/api/account/exports/self").await.is(200).text();
    assert!(!export.contains("two_factor") && !export.contains("recovery"), "{export}");
}

fn with_secret(now: &'static str, secrets: &[(&'static str, &str)]) -> Wishes {
    let variables = secrets.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Wishes { now, variables, ..Wishes::default() }
}

const FIRST: &str = "the first secret of this environment";
const SECOND: &str = "the second secret of this environment";

#[tokio::test]
async fn when_the_servers_secret_changes_people_are_told_and_recovery_codes_still_let_them_in() {
    let world = World::with(with_secret("2026-02-12T12:00:00Z", &[("NEXTAUTH_SECRET", FIRST)])).await;
    let ada = world.signed_up("ada").await;
    let (app, codes) = enrols(&world, &ada).await;
    let world = world.served_again(with_secret("2026-02-12T12:10:00Z", &[("NEXTAUTH_SECRET", SECOND)])).await;
    let ada = Person::new("ada", &world);
    let challenge = begins(&ada).await;
    for _ in 0..6 {
        // Nobody is blamed for it, either.
        let reply = answers(&ada, &challenge, "totp", &code(&app, &world)).await.is_refused(401, "unauthorized");
        reply.says("since this server's secret was changed").says("recovery code");
    }
    answers(&ada, &challenge, "recovery_code", &codes[0]).await.is(200);
    ada.get("/account").await.says("no longer count since this server");
    let disable = json!({ "confirmation": "DISABLE 2FA", "method": "recovery_code", "currentPassword": PASSWORD, "code": codes[1] });
    ada.sends("POST", "/api/account/2fa/disable", &disable).await.is(200);
    enrols(&world, &ada).await;
    ada.get("/account").await.says_nothing_of("no longer count");
}

#[tokio::test]
async fn with_the_secret_before_it_at_hand_nobody_notices_a_change() {
    let world = World::with(with_secret("2026-02-12T12:00:00Z", &[("NEXTAUTH_SECRET", FIRST)])).await;
    let ada = world.signed_up("ada").await;
    let (app, _) = enrols(&world, &ada).await;
    let both = [("NEXTAUTH_SECRET", SECOND), ("NEXTAUTH_SECRET_PREVIOUS", FIRST)];
    let world = world.served_again(with_secret("2026-02-12T12:10:00Z", &both)).await;
    let ada = Person::new("ada", &world);
    let challenge = begins(&ada).await;
    answers(&ada, &challenge, "totp", &code(&app, &world)).await.is(200);
    // It was sealed anew, so the old secret may go.
    let world = world.served_again(with_secret("2026-02-12T12:20:00Z", &[("NEXTAUTH_SECRET", SECOND)])).await;
    let ada = Person::new("ada", &world);
    let challenge = begins(&ada).await;
    answers(&ada, &challenge, "totp", &code(&app, &world)).await.is(200);
}

#[tokio::test]
async fn an_operator_takes_it_away_from_somebody_who_lost_everything_and_the_owner_is_told() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    enrols(&world, &ada).await;
    let challenge = begins(&ada).await;
    let app = &world.site.app;
    let reset = async || {
        let client = Client::default();
        atlas::app::two_factor::reset(app, &account(&world, &ada), Actor::Operator, &client).await.unwrap()
    };
    assert!(reset().await);
    assert!(world.newest_mail("ada@example.com").unwrap().contains("took two-factor sign-in off"));
    answers(&ada, &challenge, "totp", "123456").await.is_refused(401, "unauthorized");
    ada.signs_in().await;
    let mails = world.mails("ada@example.com");
    assert!(!reset().await);
    assert_eq!(world.mails("ada@example.com"), mails);
}

/// What staging must be told; an address on this machine is good for a rehearsal.
pub fn staging() -> Wishes {
    let variables = [
        ("NEXTAUTH_SECRET", FIRST),
        ("RESEND_API_KEY", "re_staging"),
        ("RESEND_FROM_EMAIL", "Atlas <atlas@staging.example>"),
        ("ADMIN_OWNER_EMAIL", "ada@example.com"),
        ("SENTRY_ENABLED", "false"),
        ("NEXT_PUBLIC_SENTRY_ENABLED", "false"),
        ("APP_URL", "http://localhost:3999"),
    ];
    let variables = variables.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    Wishes { environment: "staging", variables, ..Wishes::default() }
}

#[tokio::test]
async fn in_staging_an_admin_must_have_it_and_cannot_switch_it_off() {
    let world = World::with(staging()).await;
    for (name, is_admin) in [("ada", true), ("bob", false)] {
        let mut person = Person::new(name, &world);
        person.host = "localhost:3999".to_owned();
        person.signs_up("UTC").await;
        let mail = world.newest_mail(&person.email()).unwrap();
        let token = between(&mail, "/verify-email?token=", "\n");
        person.posts("/verify-email", &[("token", &token)]).await.is(200);
        let body = json!({ "email": person.email(), "password": PASSWORD });
        let data = person.sends("POST", "/api/auth/sign-in", &body).await.is(200).data();
        assert_eq!(data.get("requiresAdminTwoFactorEnrollment").is_some(), is_admin);
        let standing = person.get("/api/account/2fa").await.data();
        assert_eq!((&standing["isAdmin"], &standing["adminEnrollmentRequired"]), (&json!(is_admin), &json!(is_admin)));
        assert_eq!(atlas::app::two_factor::must_enrol(&world.site.app, &account(&world, &person)), is_admin);
        let gate = person.get("/admin").await;
        gate.leads_to(if is_admin { "/account/two-factor" } else { "/today" });
        person.get("/api/admin/users").await.is_refused(403, "forbidden");
        let (_, codes) = enrols(&world, &person).await;
        person.get("/admin").await.is(if is_admin { 200 } else { 307 });
        person.get("/api/admin/users").await.is(if is_admin { 200 } else { 403 });
        assert!(!atlas::app::two_factor::must_enrol(&world.site.app, &account(&world, &person)));
        assert_eq!(person.get("/api/account/2fa").await.data()["adminEnrollmentRequired"], false);
        let body = json!({ "confirmation": "DISABLE 2FA", "method": "recovery_code", "currentPassword": PASSWORD, "code": codes[0] });
        let reply = person.sends("POST", "/api/account/2fa/disable", &body).await;
        if is_admin {
            reply.is_refused(403, "forbidden");
            person.get("/account/two-factor").await.says("so it stays on").says_nothing_of("Disable 2FA");
        } else {
            reply.is(200);
        }
    }
}

#[tokio::test]
async fn with_a_second_factor_a_password_proves_nothing_by_itself() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let (app, codes) = enrols(&world, &ada).await;
    let new = "copper lantern meadow sixteen";
    let asked = ada.posts("/account/password", &[("password", new), ("confirmPassword", new)]).await.is(200);
    let page = asked.text();
    assert!(page.contains("Verification code") && !page.contains("Current password"));
    let token = between(&page, "name=\"challengeToken\" value=\"", "\"");
    let answers = async |method: &'static str, code: &str| {
        ada.posts("/account/verify", &[("challengeToken", &token), ("method", method), ("code", code)]).await
    };
    answers("password", PASSWORD).await.is(422).says("not right");
    answers("totp", &wrong(&code(&app, &world))).await.is(422).says("not right");
    later(&world, 1);
    answers("totp", &code(&app, &world)).await.is(303).leads_to("/account?saved");

    let body = json!({ "action": "account_delete" });
    let asked = ada.sends("POST", "/api/account/step-up/challenge", &body).await.is(200).data();
    assert_eq!(asked["methods"], json!(["totp", "recovery_code"]));
    let token = asked["challengeToken"].as_str().unwrap();
    let verify = |method: &str, code: &str| json!({ "challengeToken": token, "method": method, "code": code });
    let path = "/api/account/step-up/verify";
    ada.sends("POST", path, &verify("password", new)).await.is_refused(400, "invalid_request");
    ada.sends("POST", path, &verify("recovery_code", &codes[0])).await.is(200);
    ada.sends("POST", "/api/account/delete-request", &json!({ "stepUpChallengeToken": token })).await.is(200);
}

#[tokio::test]
async fn a_secret_is_shown_to_and_confirmed_by_nobody_but_the_session_that_asked_for_it() {
    let world = World::new().await;
    let ada = world.signed_up("ada").await;
    let thief = Person::new("ada", &world);
    thief.signs_in().await;
    let planted = thief.sends("POST", "/api/account/2fa/setup", &json!({})).await.is(200).data();
    let planted = planted["secret"].as_str().unwrap().to_owned();
    ada.get("/account/two-factor").await.is(200).says_nothing_of(&planted);
    assert_eq!(ada.get("/api/account/2fa").await.data()["hasTotpSecret"], false);
    let own = ada.sends("POST", "/api/account/2fa/setup", &json!({})).await.is(200).data();
    let own = own["secret"].as_str().unwrap().to_owned();
    thief.get("/account/two-factor").await.is(200).says_nothing_of(&own);
    let app = Authenticator::given(&own);
    let body = json!({ "code": code(&app, &world) });
    thief.sends("POST", "/api/account/2fa/enable", &body).await.is(401);
    ada.sends("POST", "/api/account/2fa/enable", &body).await.is(200);
}
