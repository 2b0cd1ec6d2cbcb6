//! Who asks: everybody there is, each with names and things that nobody else's answers may hold.

use atlas::app::keys::Purpose;
use atlas::domain::session::Session;
use atlas::domain::{Account, Client, Email};
use atlas::store::{accounts, sessions};
use atlas::web::{Route, Who};
use serde_json::json;

use crate::person::{Person, Reply};
use crate::two_factor;
use crate::world::{PASSWORD, Wishes, World};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Nobody,
    /// Has signed up and not confirmed the address, and holds a session that somebody else's hand put into the file.
    Unverified,
    /// Was switched off, and holds a session that should have ended.
    Disabled,
    /// A member: whose habit, session and mail the ids in paths name.
    Owner,
    /// Another member.
    Other,
    /// On the list of admins, without the second factor they must have.
    Unenrolled,
    /// On the list, with it. Last, for an admin ends other people's sessions.
    Admin,
}

impl Role {
    pub const ALL: [Self; 7] =
        [Self::Nobody, Self::Unverified, Self::Disabled, Self::Owner, Self::Other, Self::Unenrolled, Self::Admin];

    pub fn name(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Unverified => "unverified",
            Self::Disabled => "disabled",
            Self::Owner => "owner",
            Self::Other => "other",
            Self::Unenrolled => "unenrolled",
            Self::Admin => "admin",
        }
    }

    pub fn named(name: &str) -> Self {
        Self::ALL.into_iter().find(|role| role.name() == name).unwrap_or_else(|| panic!("nobody is called “{name}”"))
    }
}

/// What makes limits, an audit trail and a second factor for admins.
pub fn staging() -> Wishes {
    let mut wishes = two_factor::staging();
    wishes.variables.retain(|(name, _)| *name != "ADMIN_OWNER_EMAIL");
    wishes.variables.extend(development().variables);
    wishes.variables.push(("ATLAS_OPERATOR_TOKEN", "a-token-that-operators-alone-hold".to_owned()));
    wishes
}

pub fn development() -> Wishes {
    let variables = vec![
        ("ADMIN_OWNER_EMAIL", "admin@example.com".to_owned()),
        ("ADMIN_EMAIL_ALLOWLIST", "unenrolled@example.com".to_owned()),
        ("ATLAS_TRUSTED_PROXIES", "127.0.0.1".to_owned()),
    ];
    Wishes { variables, ..Wishes::default() }
}

const LINK: &str = "the token of a link";

/// What belongs to one of them.
struct Part {
    role: Role,
    person: Person,
    account: Option<Account>,
    /// What of theirs nobody else may read.
    own: Vec<String>,
}

pub struct Cast {
    parts: Vec<Part>,
    /// Ids of things of the owner.
    habit: String,
    mail: String,
    cookie: String,
    /// What nobody may read, and what it is.
    secrets: Vec<(&'static str, String)>,
}

fn account_of(world: &World, person: &Person) -> Account {
    let email = Email::parse(&person.email()).unwrap();
    world.site.app.store.read(|view| accounts::with_email(view, &email)).unwrap().unwrap()
}

impl Cast {
    /// Signs everybody up.
    pub async fn gather(world: &World) -> Self {
        let kind = world.site.app.store.stamp().environment.to_string();
        let host = world.site.app.app_url.authority().to_owned();
        let mut secrets = vec![("how passwords are kept", "$argon2".to_owned())];
        let (mut parts, mut habit) = (Vec::new(), String::new());
        for (n, role) in Role::ALL.into_iter().enumerate() {
            let mut person = Person::new(role.name(), world).from(&format!("198.51.100.{}", n + 1));
            person.host.clone_from(&host);
            let mut own = Vec::new();
            if role != Role::Nobody {
                own = vec![person.email(), format!("Canary {}", role.name()), format!("Habit of {}", role.name())];
                let body = json!({ "email": own[0], "password": PASSWORD, "displayName": own[1], "timeZone": "UTC" });
                let signed_up = person.sends("POST", "/api/auth/signup", &body).await;
                assert!(signed_up.status < 300, "{}", signed_up.text());
                let mut account = account_of(world, &person);
                let mail = world.newest_mail(&person.email()).unwrap();
                secrets.push((LINK, two_factor::between(&mail, "token=", "\n").trim().to_owned()));
                account.verified_at = Some(world.clock.now());
                world.site.app.store.write(move |draft| accounts::put(draft, &account)).await.unwrap();
                let body = json!({ "email": own[0], "password": PASSWORD });
                person.sends("POST", "/api/auth/sign-in", &body).await.is(200);
                let made = person.keeps(&own[2]).await;
                if role == Role::Owner {
                    habit = made;
                }
            }
            if role == Role::Admin {
                let shown = person.sends("POST", "/api/account/2fa/setup", &json!({})).await.is(200).data();
                let app = crate::authenticator::Authenticator::given(shown["secret"].as_str().unwrap());
                secrets.push(("the key of a second factor", shown["secret"].as_str().unwrap().to_owned()));
                let body = json!({ "code": two_factor::code(&app, world) });
                let on = person.sends("POST", "/api/account/2fa/enable", &body).await.is(200).data();
                let codes = on["recoveryCodes"].as_array().unwrap();
                secrets.extend(codes.iter().map(|code| ("a recovery code", code.as_str().unwrap().to_owned())));
            }
            let mut account = (role != Role::Nobody).then(|| account_of(world, &person));
            if let Some(account) = &mut account {
                let hash = serde_json::to_value(&account.credentials.password).unwrap();
                secrets.push(("the hash of a password", hash.as_str().unwrap().to_owned()));
                match role {
                    Role::Unverified => account.verified_at = None,
                    Role::Disabled => account.disabled_at = Some(world.clock.now()),
                    _ => {}
                }
            }
            parts.push(Part { role, person, account, own });
        }
        for (what, name) in [
            ("the secret", "NEXTAUTH_SECRET"),
            ("a key of the mail relay", "RESEND_API_KEY"),
            ("the operator token", "ATLAS_OPERATOR_TOKEN"),
        ] {
            let variables = staging().variables;
            secrets.extend(variables.into_iter().filter(|(known, _)| *known == name).map(|(_, value)| (what, value)));
        }
        let mails = atlas::app::outbox::newest(&world.site.app, usize::MAX).unwrap();
        let mail = mails.iter().find(|mail| mail.to.as_str() == "owner@example.com").unwrap().id.to_string();
        Self { parts, habit, mail, cookie: format!("atlas-{kind}"), secrets }
    }

    pub fn person(&self, role: Role) -> &Person {
        &self.parts.iter().find(|part| part.role == role).unwrap().person
    }

    /// Puts every account back as it was, gives everybody a session of their own, and lets every limit rest.
    pub async fn come_in(&self, world: &World) {
        world.clock.set(world.clock.now() + jiff::SignedDuration::from_mins(16));
        let now = world.clock.now();
        let mut given = Vec::new();
        for part in &self.parts {
            if let Some(account) = &part.account {
                let token = world.site.app.keys.mint(Purpose::Session).unwrap();
                part.person.takes_cookie(&self.cookie, &token.text);
                given.push((account.clone(), token.hash));
            }
        }
        let put = world.site.app.store.write(move |draft| {
            for (account, hash) in given {
                accounts::put(draft, &account)?;
                sessions::remove_all(draft, account.id, None)?;
                sessions::put(draft, &hash, &Session::new(account.id, Client::default(), now));
            }
            Ok::<_, atlas::store::Error>(())
        });
        put.await.unwrap();
    }

    /// The path of a route, about a thing of the owner. A new kind of id needs its owner here.
    pub async fn path(&self, route: &Route) -> String {
        let owner = self.parts.iter().find(|part| part.role == Role::Owner).unwrap();
        let id = match route.path {
            path if path.starts_with("/habits/{id}") || path.starts_with("/api/habits/{id}") => self.habit.clone(),
            path if path.starts_with("/admin/users/{id}") => owner.account.as_ref().unwrap().id.to_string(),
            path if path.starts_with("/admin/mail/{id}") => self.mail.clone(),
            "/api/account/sessions/{id}" => {
                let listed = owner.person.get("/api/account/sessions").await;
                if listed.status != 200 {
                    return "/api/account/sessions/gone".to_owned();
                }
                listed.data()["sessions"][0]["id"].as_str().unwrap().to_owned()
            }
            path => {
                assert!(!path.contains("{id}"), "whose is the id of {path}?");
                String::new()
            }
        };
        route.path.replace("{id}", &id).replace("{name}", "app.css").replace("{date}", "2026-02-12")
    }

    /// What an answer says that this person may not know.
    pub fn leaks(&self, route: &Route, role: Role, reply: &Reply) -> Vec<String> {
        // Captured mail is there to be read by whoever develops.
        if route.path == "/dev/mail" {
            return Vec::new();
        }
        let lines: Vec<&str> = reply.headers.iter().map(|(_, value)| value.as_str()).collect();
        let said = lines.join("\n") + &String::from_utf8_lossy(&reply.body);
        let may_look = role == Role::Admin && route.who == Who::Admin;
        // A captured mail is read where admins are; one that went to a relay has no text left there.
        let is_letter = may_look && route.path.starts_with("/admin/mail/{id}");
        let secrets = self.secrets.iter().filter(|(what, _)| !(is_letter && *what == LINK));
        let secret = secrets.filter(|(_, text)| said.contains(text)).map(|(what, _)| (*what).to_owned());
        let others = self.parts.iter().filter(|part| part.role != role && !may_look);
        let foreign = others.flat_map(|part| &part.own).filter(|text| said.contains(text.as_str())).cloned();
        let tokens = self.parts.iter().filter_map(|part| part.person.cookie(&self.cookie));
        let sessions =
            tokens.filter(|token| said.contains(token.as_str())).map(|_| "the token of a session".to_owned());
        secret.chain(foreign).chain(sessions).collect()
    }
}
