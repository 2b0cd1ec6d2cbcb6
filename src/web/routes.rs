//! The routes as one table: method, path, who may, handler. What is not here does not exist.
//!
//! Every route states who may call it; there is no default. The table also says how often, and whose answers may be
//! compressed; it answers 404 and 405, names routes in logs, and is walked by the tests.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use matchit::Router;
use warp::http::Method;

use super::face::Face;
use super::failure::Failure;
use super::limits::{By, Limit};
use super::reply::Answer;
use super::visit::{Parts, Visit};
use super::{
    account, accounts, admin, api, assets, calendar, dev, habits, insights, landing, mailed, offline, operator,
    portable, security, today, tunnel, two_factor,
};
use crate::domain::Refusal;
use crate::domain::attempts::Rule;

/// What a handler returns.
pub type Answering = Pin<Box<dyn Future<Output = Result<Answer, Failure>> + Send>>;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody, even without the environment's shared credentials. Only health.
    Probe,
    /// Anybody.
    Anyone,
    /// Somebody who is signed in.
    Member,
    /// Somebody who is signed in and stands on the list of admins.
    Admin,
    /// A program that holds the environment's operator token. For anybody else nothing exists at the path, whatever the
    /// method.
    Operator,
}

/// One route.
#[derive(Clone, Copy)]
pub struct Route {
    /// The method; HEAD follows GET.
    pub method: &'static Method,
    /// The path, with `{name}` for a part that varies.
    pub path: &'static str,
    /// Who may call it.
    pub who: Who,
    /// What answers.
    pub handler: fn(Visit) -> Answering,
    /// Whether its answers may be sent compressed.
    ///
    /// SECURITY: only where no answer ever holds a secret, such as a link's token or the key of a second factor. Beside
    /// text that somebody else chose, a secret can be guessed piece by piece from the length of what is compressed
    /// (BREACH, CVE-2013-3587). Whatever the table does not say this of is sent as it is.
    pub gzip: bool,
    /// Whether its pages are kept for whom they were rendered; see [`super::cache`] for what they may show.
    pub cached: bool,
    /// How often it may be called, where that is bounded.
    pub limit: Option<Limit>,
    /// What answers whoever calls it too often, in place of a page that only says so: the form, with what was typed.
    pub refused: Option<fn(Visit, Refusal) -> Answering>,
}

impl Route {
    /// In which form it talks.
    pub fn face(&self) -> Face {
        Face::of(self.path)
    }
}

macro_rules! routes {
    (@gzip) => { false };
    (@gzip gzip) => { true };
    (@cached) => { false };
    (@cached cached) => { true };
    (@limit) => { None };
    (@limit $limit:path) => { Some($limit) };
    (@refused) => { None };
    (@refused $refused:path) => { Some(|visit, why| Box::pin($refused(visit, why))) };
    ($($method:ident $path:literal $who:ident $handler:path $(, $gzip:ident $(, $cached:ident)?)? $([$limit:path $(, $refused:path)?])?;)*) => {
        &[$(Route {
            method: &Method::$method,
            path: $path,
            who: Who::$who,
            handler: |visit| Box::pin($handler(visit)),
            gzip: routes!(@gzip $($gzip)?),
            cached: routes!(@cached $($($cached)?)?),
            limit: routes!(@limit $($limit)?),
            refused: routes!(@refused $($($refused)?)?),
        },)*]
    };
}

// A form and the JSON that does the same share one limit.
const SIGN_UP: Limit = Limit::for_strangers("sign-up");
const SIGN_IN: Limit = Limit::for_strangers("sign-in");
const SECOND_STEP: Limit = Limit { name: "second-step", rule: Rule::minutes(5, 5, 10), by: By::Client };
const FACTOR: Limit = Limit { name: "factor", rule: Rule::minutes(10, 5, 10), by: By::Account };
/// By who is signed in: neighbours behind one address must not keep anybody from leaving.
const SIGN_OUT: Limit = Limit { name: "sign-out", rule: Rule::minutes(10, 5, 10), by: By::Account };
const CONFIRM: Limit = Limit::for_strangers("verify-email");
const RESEND: Limit = Limit::for_strangers("resend-verification");
const FORGOT: Limit = Limit::for_strangers("forgot-password");
const RESET: Limit = Limit::for_strangers("reset-password");
const NEW_ADDRESS: Limit = Limit::for_strangers("new-address");
/// Guesses at the password of somebody who is signed in, and mails that asking for another address sends.
const PROOF: Limit = Limit { name: "proof", rule: Rule::minutes(5, 5, 10), by: By::Account };
/// Codes that answer a question which a program asked.
const CODE: Limit = Limit { name: "code", rule: Rule::minutes(5, 5, 10), by: By::Account };
/// Questions before what matters, and the new passwords that are judged and hashed for them.
const QUESTION: Limit = Limit { name: "question", rule: Rule::minutes(10, 5, 10), by: By::Account };
/// An error can come in bursts, and with it what an SDK tells of itself.
const TUNNEL: Limit = Limit { name: "tunnel", rule: Rule::minutes(60, 1, 1), by: By::Client };
/// A checklist looks often whether its mail has left.
const OPERATOR: Limit = Limit { name: "operator", rule: Rule::minutes(600, 1, 1), by: By::Client };
const EXPORT: Limit = Limit { name: "export", rule: Rule::minutes(3, 15, 15), by: By::Account };

const ALWAYS: &[Route] = routes! {
    GET    "/"                                  Anyone landing::start;
    GET    "/landing"                           Anyone landing::show, gzip;
    GET    "/sign-up"                           Anyone accounts::sign_up_form, gzip;
    POST   "/sign-up"                           Anyone accounts::sign_up [SIGN_UP, accounts::sign_up_later];
    GET    "/verify-email"                      Anyone accounts::open_link;
    POST   "/verify-email"                      Anyone accounts::confirm [CONFIRM];
    POST   "/verify-email/resend"               Anyone accounts::resend [RESEND, accounts::resend_later];
    GET    "/forgot-password"                   Anyone mailed::forgot_form, gzip;
    POST   "/forgot-password"                   Anyone mailed::forgot [FORGOT];
    GET    "/reset-password"                    Anyone mailed::reset_form;
    POST   "/reset-password"                    Anyone mailed::reset [RESET];
    GET    "/new-address"                       Anyone mailed::new_address_form;
    POST   "/new-address"                       Anyone mailed::new_address [NEW_ADDRESS];
    GET    "/sign-in"                           Anyone accounts::sign_in_form, gzip;
    POST   "/sign-in"                           Anyone accounts::sign_in [SIGN_IN, accounts::sign_in_later];
    GET    "/sign-in/verify"                    Anyone accounts::sign_in_form;
    POST   "/sign-in/verify"                    Anyone two_factor::sign_in [SECOND_STEP];
    POST   "/sign-out"                          Anyone accounts::sign_out [SIGN_OUT];
    GET    "/today"                             Member today::show, gzip, cached;
    POST   "/today"                             Member today::tick, gzip;
    GET    "/calendar"                          Member calendar::show, gzip, cached;
    GET    "/calendar/{date}"                   Member calendar::show_day;
    GET    "/habits"                            Member habits::show, gzip, cached;
    POST   "/habits"                            Member habits::create, gzip;
    GET    "/habits/archive"                    Member habits::archived, gzip, cached;
    POST   "/habits/{id}"                       Member habits::change, gzip;
    POST   "/habits/{id}/move"                  Member habits::shift;
    POST   "/habits/{id}/archive"               Member habits::archive;
    POST   "/habits/{id}/restore"               Member habits::restore;
    POST   "/habits/{id}/delete"                Member habits::delete, gzip;
    GET    "/account"                           Member account::show;
    POST   "/account"                           Member account::save;
    POST   "/account/name"                      Member security::rename;
    POST   "/account/email"                     Member security::change_email [QUESTION];
    POST   "/account/password"                  Member security::change_password [QUESTION];
    POST   "/account/delete"                    Member security::delete [QUESTION];
    POST   "/account/verify"                    Member security::verify [PROOF];
    POST   "/account/sessions"                  Member security::end_sessions;
    GET    "/account/two-factor"                Member two_factor::show;
    POST   "/account/two-factor"                Member two_factor::change [FACTOR];
    GET    "/account/import"                    Member account::show;
    POST   "/account/import"                    Member portable::bring;
    GET    "/habits/{id}"                       Member insights::habit, gzip, cached;
    GET    "/insights"                          Member insights::show, gzip, cached;
    GET    "/admin"                             Admin  admin::show, gzip;
    GET    "/admin/users"                       Admin  admin::users::list, gzip;
    GET    "/admin/users/{id}"                  Admin  admin::users::show, gzip;
    POST   "/admin/users/{id}/disable"          Admin  admin::users::disable;
    POST   "/admin/users/{id}/enable"           Admin  admin::users::enable;
    POST   "/admin/users/{id}/sign-out"         Admin  admin::users::sign_out;
    POST   "/admin/users/{id}/resend"           Admin  admin::users::resend;
    GET    "/admin/habits"                      Admin  admin::habits::list, gzip;
    GET    "/admin/activity"                    Admin  admin::activity::requests, gzip;
    GET    "/admin/audit"                       Admin  admin::activity::trail, gzip;
    GET    "/admin/mail"                        Admin  admin::mail::list, gzip;
    GET    "/admin/mail/{id}"                   Admin  admin::mail::show;
    POST   "/admin/mail/{id}/retry"             Admin  admin::mail::retry;
    GET    "/admin/snapshots"                   Admin  admin::snapshots::list, gzip;
    POST   "/admin/snapshots"                   Admin  admin::snapshots::take;
    GET    "/admin/configuration"               Admin  admin::configuration, gzip;
    GET    "/assets/{name}"                     Anyone assets::send;
    GET    "/favicon.ico"                       Anyone assets::favicon;
    GET    "/manifest.webmanifest"              Anyone offline::manifest;
    GET    "/sw.js"                             Anyone offline::worker;
    GET    "/offline"                           Anyone offline::show, gzip;
    POST   "/monitoring"                        Anyone tunnel::forward [TUNNEL];
    POST   "/_obs"                              Anyone tunnel::forward [TUNNEL];
    GET    "/api/health"                        Probe  api::health::show;
    POST   "/api/auth/signup"                   Anyone api::auth::sign_up [SIGN_UP];
    POST   "/api/auth/sign-in"                  Anyone api::auth::sign_in [SIGN_IN];
    POST   "/api/auth/sign-in/2fa/verify"       Anyone api::auth::verify_sign_in [SECOND_STEP];
    POST   "/api/auth/2fa/challenge"            Member api::two_factor::ask [QUESTION];
    POST   "/api/auth/2fa/challenge/verify"     Member api::two_factor::verify [CODE];
    POST   "/api/auth/logout"                   Anyone api::auth::log_out [SIGN_OUT];
    POST   "/api/auth/verify-email"             Anyone api::auth::verify_email [CONFIRM];
    POST   "/api/auth/resend-verification"      Anyone api::auth::resend [RESEND];
    POST   "/api/auth/forgot-password"          Anyone api::security::forgot [FORGOT];
    POST   "/api/auth/reset-password"           Anyone api::security::reset [RESET];
    GET    "/api/auth/session"                  Anyone api::auth::session;
    PUT    "/api/account"                       Member api::account::change;
    GET    "/api/account/2fa"                   Member api::two_factor::show;
    POST   "/api/account/2fa/setup"             Member api::two_factor::set_up [FACTOR];
    POST   "/api/account/2fa/enable"            Member api::two_factor::enable [FACTOR];
    POST   "/api/account/2fa/disable"           Member api::two_factor::disable [FACTOR];
    POST   "/api/account/2fa/recovery/rotate"   Member api::two_factor::rotate [FACTOR];
    POST   "/api/account/step-up/challenge"     Member api::security::ask [QUESTION];
    POST   "/api/account/step-up/verify"        Member api::security::verify [PROOF];
    POST   "/api/account/delete-request"        Member api::security::delete;
    GET    "/api/account/sessions"              Member api::security::devices;
    DELETE "/api/account/sessions"              Member api::security::end_many;
    DELETE "/api/account/sessions/{id}"         Member api::security::end_one;
    GET    "/api/account/exports/self"          Member api::portable::take, gzip [EXPORT];
    POST   "/api/account/imports/self"          Member api::portable::bring;
    GET    "/api/habits"                        Member api::habits::list, gzip;
    POST   "/api/habits"                        Member api::habits::create;
    PUT    "/api/habits/order"                  Member api::habits::reorder;
    PUT    "/api/habits/{id}"                   Member api::habits::change;
    DELETE "/api/habits/{id}"                   Member api::habits::archive;
    GET    "/api/completions"                   Member api::completions::list, gzip;
    POST   "/api/completions"                   Member api::completions::set;
    GET    "/api/insights"                      Member api::insights::show, gzip;
    GET    "/api/admin/health"                  Admin  api::health::details;
    GET    "/api/admin/users"                   Admin  api::admin::users, gzip;
    GET    "/api/admin/habits"                  Admin  api::admin::habits, gzip;
    GET    "/api/admin/activity"                Admin  api::admin::activity, gzip;
    GET    "/api/admin/snapshots"               Admin  api::admin::snapshots, gzip;
    GET    "/api/admin/exports/users"           Admin  api::admin::export_users;
    GET    "/api/admin/exports/habits"          Admin  api::admin::export_habits;
    POST   "/api/operator/verify"               Operator operator::verify [OPERATOR];
};

/// Only where mail is captured for reading and the file is somebody's own machine's.
const DEVELOPMENT: &[Route] = routes! {
    GET    "/dev/mail"                          Anyone dev::mail;
};

/// Only where both the flag and the kind of environment allow them.
const FOR_TESTS: &[Route] = routes! {
    GET    "/api/auth/debug/verification-token" Anyone api::debug::verification_token;
    POST   "/api/habits/debug/create"           Member api::debug::create_habit;
};

/// The routes that exist where captured mail can be read (`development`), and where browser tests may run (`for_tests`).
pub fn table(development: bool, for_tests: bool) -> Vec<Route> {
    let mut routes = ALWAYS.to_vec();
    if development {
        routes.extend_from_slice(DEVELOPMENT);
    }
    if for_tests {
        routes.extend_from_slice(FOR_TESTS);
    }
    routes
}

/// Two routes of the table contradict each other.
#[derive(Debug, thiserror::Error)]
#[error("route table: {0}")]
pub struct BadTable(#[from] matchit::InsertError);

/// The table, found by path.
pub struct Routes(Router<Vec<Route>>);

impl Routes {
    /// Sorts a table by path.
    ///
    /// # Errors
    /// [`BadTable`], a fault of the build.
    pub fn of(table: Vec<Route>) -> Result<Self, BadTable> {
        let mut by_path: BTreeMap<&'static str, Vec<Route>> = BTreeMap::new();
        for route in table {
            by_path.entry(route.path).or_default().push(route);
        }
        let mut router = Router::new();
        for (path, routes) in by_path {
            router.insert(path, routes)?;
        }
        Ok(Self(router))
    }

    /// The routes of a path, one per method, and what the path's varying parts are.
    pub fn at(&self, path: &str) -> Option<(&[Route], Parts)> {
        let found = self.0.at(path).ok()?;
        let parts = found.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Some((found.value, parts))
    }
}

/// The methods of a path for an `Allow` header, HEAD beside GET.
pub fn allowed(routes: &[Route]) -> String {
    let mut methods: Vec<&str> = routes.iter().map(|route| route.method.as_str()).collect();
    if routes.iter().any(|route| route.method == Method::GET) {
        methods.push("HEAD");
    }
    methods.join(", ")
}
