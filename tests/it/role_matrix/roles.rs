//! The roles that send requests, each with data that no response to another role may contain.

use std::collections::BTreeMap;

use atlas::app::identity::keys::Purpose;
use atlas::domain::accounts::session::Session;
use atlas::domain::habits::import_record::{ImportRecord, RecordedHabit};
use atlas::domain::{Account, Client, Email, HabitId, ImportId};
use atlas::store::tables::{accounts, imports, sessions};
use atlas::web::{Access, Route};
use serde_json::json;

use crate::test_user::{TestResponse, TestUser};
use crate::two_factor;
use crate::world::{PASSWORD, World, WorldOptions};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Nobody,
    /// Signed up without confirming the address, with a session injected into the file.
    Unverified,
    /// Disabled, with a session injected into the file.
    Disabled,
    /// The member who owns the habit, session and email that the ids in paths name.
    Owner,
    /// Another member.
    Other,
    /// An admin without the required second factor.
    Unenrolled,
    /// An admin with a second factor. The last role, because an admin's requests end other users' sessions.
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

    pub fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|role| role.name() == name).unwrap_or_else(|| panic!("unknown role “{name}”"))
    }
}

/// Staging has rate limits, an audit trail and a required second factor for admins.
pub fn staging() -> WorldOptions {
    let mut options = two_factor::staging_options();
    options.variables.retain(|(name, _)| *name != "ADMIN_OWNER_EMAIL");
    options.variables.extend(development().variables);
    options.variables.push(("ATLAS_OPERATOR_TOKEN", "a-token-that-operators-alone-hold".to_owned()));
    options
}

pub fn development() -> WorldOptions {
    let variables = vec![
        ("ADMIN_OWNER_EMAIL", "admin@example.com".to_owned()),
        ("ADMIN_EMAIL_ALLOWLIST", "unenrolled@example.com".to_owned()),
        ("ATLAS_TRUSTED_PROXIES", "127.0.0.1".to_owned()),
    ];
    WorldOptions { variables, ..WorldOptions::default() }
}

const LINK_TOKEN: &str = "the token of a link";

/// A role's user and data.
struct CastMember {
    role: Role,
    user: TestUser,
    account: Option<Account>,
    /// Data that no other role may read.
    private: Vec<String>,
}

pub struct Cast {
    members: Vec<CastMember>,
    /// The id of a habit of the owner.
    habit: String,
    /// The id of an email to the owner.
    mail: String,
    session_cookie: String,
    /// Description and text of what no role may read.
    secrets: Vec<(&'static str, String)>,
}

fn find_account(world: &World, user: &TestUser) -> Account {
    let email = Email::parse(&user.email()).unwrap();
    world.state.app.store.read(|view| accounts::find_by_email(view, &email)).unwrap().unwrap()
}

impl Cast {
    /// Signs up a user for every role.
    pub async fn sign_up(world: &World) -> Self {
        let kind = world.state.app.store.stamp().environment.to_string();
        let host = world.state.app.app_url.authority().to_owned();
        let mut secrets = vec![("a password hash", "$argon2".to_owned())];
        let (mut members, mut habit) = (Vec::new(), String::new());
        for (n, role) in Role::ALL.into_iter().enumerate() {
            let mut user = TestUser::new(role.name(), world).with_forwarded_for(&format!("198.51.100.{}", n + 1));
            user.host.clone_from(&host);
            let mut private = Vec::new();
            if role != Role::Nobody {
                private = vec![user.email(), format!("Canary {}", role.name()), format!("Habit of {}", role.name())];
                let body =
                    json!({ "email": private[0], "password": PASSWORD, "displayName": private[1], "timeZone": "UTC" });
                let signed_up = user.send_json("POST", "/api/auth/signup", &body).await;
                assert!(signed_up.status < 300, "{}", signed_up.text());
                let mut account = find_account(world, &user);
                let mail = world.newest_mail(&user.email()).unwrap();
                secrets.push((LINK_TOKEN, two_factor::text_between(&mail, "token=", "\n").trim().to_owned()));
                account.verified_at = Some(world.clock.now());
                world.state.app.store.write(move |draft| accounts::put(draft, &account)).await.unwrap();
                let body = json!({ "email": private[0], "password": PASSWORD });
                user.send_json("POST", "/api/auth/sign-in", &body).await.assert_status(200);
                let created = user.create_habit(&private[2]).await;
                if role == Role::Owner {
                    habit = created;
                    store_imports(world, &find_account(world, &user)).await;
                }
            }
            if role == Role::Admin {
                let setup =
                    user.send_json("POST", "/api/account/2fa/setup", &json!({})).await.assert_status(200).data();
                let app = crate::authenticator::Authenticator::new(setup["secret"].as_str().unwrap());
                secrets.push(("the key of a second factor", setup["secret"].as_str().unwrap().to_owned()));
                let body = json!({ "code": two_factor::current_code(&app, world) });
                let enabled = user.send_json("POST", "/api/account/2fa/enable", &body).await.assert_status(200).data();
                let codes = enabled["recoveryCodes"].as_array().unwrap();
                secrets.extend(codes.iter().map(|code| ("a recovery code", code.as_str().unwrap().to_owned())));
            }
            let mut account = (role != Role::Nobody).then(|| find_account(world, &user));
            if let Some(account) = &mut account {
                let hash = serde_json::to_value(&account.credentials.password).unwrap();
                secrets.push(("the hash of a password", hash.as_str().unwrap().to_owned()));
                match role {
                    Role::Unverified => account.verified_at = None,
                    Role::Disabled => account.disabled_at = Some(world.clock.now()),
                    _ => {}
                }
            }
            members.push(CastMember { role, user, account, private });
        }
        for (what, name) in [
            ("the secret", "NEXTAUTH_SECRET"),
            ("a key of the mail relay", "RESEND_API_KEY"),
            ("the operator token", "ATLAS_OPERATOR_TOKEN"),
        ] {
            let variables = staging().variables;
            secrets.extend(variables.into_iter().filter(|(known, _)| *known == name).map(|(_, value)| (what, value)));
        }
        let mails = atlas::app::mail::outbox::list_newest(&world.state.app, usize::MAX).unwrap();
        let mail = mails.iter().find(|mail| mail.to.as_str() == "owner@example.com").unwrap().id.to_string();
        Self { members, habit, mail, session_cookie: format!("atlas-{kind}"), secrets }
    }

    pub fn user(&self, role: Role) -> &TestUser {
        &self.members.iter().find(|member| member.role == role).unwrap().user
    }

    /// Restores every account, gives every user a new session, and advances the clock past every rate limit.
    pub async fn reset_sessions(&self, world: &World) {
        world.clock.set(world.clock.now() + jiff::SignedDuration::from_mins(16));
        let now = world.clock.now();
        let mut sessions_to_store = Vec::new();
        for member in &self.members {
            if let Some(account) = &member.account {
                let token = world.state.app.keys.generate_token(Purpose::Session).unwrap();
                member.user.set_cookie(&self.session_cookie, &token.text);
                sessions_to_store.push((account.clone(), token.hash));
            }
        }
        let stored = world.state.app.store.write(move |draft| {
            for (account, hash) in sessions_to_store {
                accounts::put(draft, &account)?;
                sessions::remove_all(draft, account.id, None)?;
                sessions::put(draft, &hash, &Session::new(account.id, Client::default(), now));
            }
            Ok::<_, atlas::store::Error>(())
        });
        stored.await.unwrap();
    }

    /// The path of a route with ids of the owner's data. A route with a new kind of id needs a line here.
    pub async fn path(&self, route: &Route) -> String {
        let owner = self.members.iter().find(|member| member.role == Role::Owner).unwrap();
        let id = match route.path {
            path if path.starts_with("/habits/{id}") || path.starts_with("/api/habits/{id}") => self.habit.clone(),
            // Of the right form, but of no entry.
            path if path.starts_with("/api/entries/{id}") => self.habit.clone(),
            path if path.starts_with("/admin/users/{id}") => owner.account.as_ref().unwrap().id.to_string(),
            path if path.starts_with("/admin/mail/{id}") => self.mail.clone(),
            "/api/account/sessions/{id}" => {
                let listed = owner.user.get("/api/account/sessions").await;
                if listed.status != 200 {
                    return "/api/account/sessions/gone".to_owned();
                }
                listed.data()["sessions"][0]["id"].as_str().unwrap().to_owned()
            }
            "/account/imports/{id}/undo" => ImportId::from_bytes(IMPORTS[0]).to_string(),
            "/api/account/imports/{id}/undo" => ImportId::from_bytes(IMPORTS[1]).to_string(),
            path => {
                assert!(!path.contains("{id}"), "no id is known for {path}");
                String::new()
            }
        };
        route
            .path
            .replace("{id}", &id)
            .replace("{name}", "app.css")
            .replace("{date}", "2026-02-12")
            .replace("{topic}", "deploy")
    }

    /// Returns the secrets and private data of others in a response to a role.
    pub fn find_leaks(&self, route: &Route, role: Role, response: &TestResponse) -> Vec<String> {
        // The captured mail of development is public.
        if route.path == "/dev/mail" {
            return Vec::new();
        }
        let headers: Vec<&str> = response.headers.iter().map(|(_, value)| value.as_str()).collect();
        let text = headers.join("\n") + &String::from_utf8_lossy(&response.body);
        let is_admin_access = role == Role::Admin && route.access == Access::Admin;
        // Admins may read captured mail with its link; sent mail has no stored text.
        let is_captured_mail = is_admin_access && route.path.starts_with("/admin/mail/{id}");
        let secrets = self.secrets.iter().filter(|(what, _)| !(is_captured_mail && *what == LINK_TOKEN));
        let secret = secrets.filter(|(_, secret)| text.contains(secret)).map(|(what, _)| (*what).to_owned());
        let others = self.members.iter().filter(|member| member.role != role && !is_admin_access);
        let foreign =
            others.flat_map(|member| &member.private).filter(|private| text.contains(private.as_str())).cloned();
        let tokens = self.members.iter().filter_map(|member| member.user.cookie(&self.session_cookie));
        let sessions =
            tokens.filter(|token| text.contains(token.as_str())).map(|_| "the token of a session".to_owned());
        secret.chain(foreign).chain(sessions).collect()
    }
}

/// The imports of the owner that can be undone: one for the page, one for the API.
const IMPORTS: [[u8; 16]; 2] = [[1; 16], [2; 16]];

/// Stores the imports. The habit that each of them added was deleted since.
async fn store_imports(world: &World, owner: &Account) {
    let (me, now) = (owner.id, world.clock.now());
    let write = move |draft: &mut atlas::store::WriteTxn<'_, '_>| {
        for id in IMPORTS {
            let added = BTreeMap::from([(HabitId::from_bytes([3; 16]), RecordedHabit::default())]);
            let record = ImportRecord::new(ImportId::from_bytes(id), now, None, added, None).unwrap();
            imports::add(draft, me, &record)?;
        }
        Ok::<_, atlas::store::Error>(())
    };
    world.state.app.store.write(write).await.unwrap();
}
