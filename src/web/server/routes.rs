//! All routes as one table: method, path, access, handler, compression, caching and limit. A path that is not here does not exist.
//!
//! Every row states its access; there is no default. Dispatch answers 404 and 405 from the table, logs name routes by it, and the
//! tests walk it.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use matchit::Router;
use warp::http::Method;

use crate::domain::Refusal;
use crate::domain::accounts::attempts::AttemptLimit;
use crate::web::http::error::HttpError;
use crate::web::http::format::Format;
use crate::web::http::rate_limit::{LimitScope, RateLimit};
use crate::web::http::request::{PathParams, Request};
use crate::web::http::response::Response;
use crate::web::{
    account, admin, assets, auth, calendar, data_export, dev, email_links, entries, first_habit, habits, health,
    insights, landing, notes, offline, operator, security, sentry_tunnel, step_up, today, two_factor,
};

/// What a handler returns.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Result<Response, HttpError>> + Send>>;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone, even without the environment's shared credentials. Only health.
    Probe,
    Anyone,
    /// Signed-in users.
    Member,
    /// Signed-in users on the list of admins.
    Admin,
    /// A program with the environment's operator token. For anyone else the path does not exist, regardless of the method.
    Operator,
}

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Route {
    /// A route for GET answers HEAD as well.
    pub method: &'static Method,
    /// The path, with `{name}` for a parameter.
    pub path: &'static str,
    pub access: Access,
    pub handler: fn(Request) -> HandlerFuture,
    /// Whether its responses may be compressed.
    ///
    /// SECURITY: only where no response ever contains a secret, such as a link's token or a two-factor key. If a response contains
    /// a secret next to text that an attacker chose, the length of the compressed response reveals the secret piece by piece
    /// (BREACH, CVE-2013-3587).
    pub gzip: bool,
    /// Whether its pages are cached for the user they were rendered for; [`crate::web::http::page_cache`] says what such a page
    /// may show.
    pub cached: bool,
    pub limit: Option<RateLimit>,
    /// Responds to calls above the limit, in place of an error page: the form with its input.
    pub on_limit: Option<fn(Request, Refusal) -> HandlerFuture>,
}

impl Route {
    /// Whether it needs an admin who signed in or confirmed their identity within the last minutes: changes and exports do,
    /// reading doesn't.
    pub fn needs_recent_proof(&self) -> bool {
        self.access == Access::Admin && (!self.method.is_safe() || self.path.starts_with(admin::api::EXPORTS))
    }

    /// The format of its responses.
    pub fn format(&self) -> Format {
        Format::from_path(self.path)
    }
}

macro_rules! routes {
    (@gzip) => { false };
    (@gzip gzip) => { true };
    (@cached) => { false };
    (@cached cached) => { true };
    (@limit) => { None };
    (@limit $limit:path) => { Some($limit) };
    (@on_limit) => { None };
    (@on_limit $on_limit:path) => { Some(|request, refusal| Box::pin($on_limit(request, refusal))) };
    ($(
        $method:ident $path:literal $access:ident $handler:path
        $(, $gzip:ident $(, $cached:ident)?)?
        $([$limit:path $(, $on_limit:path)?])?
    ;)*) => {
        &[$(Route {
            method: &Method::$method,
            path: $path,
            access: Access::$access,
            handler: |request| Box::pin($handler(request)),
            gzip: routes!(@gzip $($gzip)?),
            cached: routes!(@cached $($($cached)?)?),
            limit: routes!(@limit $($limit)?),
            on_limit: routes!(@on_limit $($($on_limit)?)?),
        },)*]
    };
}

// A form and the JSON route that does the same share a limit. A link that is used proves that the call that requested it was
// honest.
const SIGN_UP: RateLimit = RateLimit::per_client("sign-up");
const SIGN_IN: RateLimit = RateLimit::per_client("sign-in").giving_back(&["sign-in"]);
const SIGN_IN_CODE: RateLimit =
    per_client("sign-in-code", AttemptLimit::from_minutes(5, 5, 10)).giving_back(&["sign-in-code"]);
const TWO_FACTOR: RateLimit = per_account("two-factor", AttemptLimit::from_minutes(10, 5, 10));
/// By account, because other users behind the same address must not keep anyone from signing out.
const SIGN_OUT: RateLimit = per_account("sign-out", AttemptLimit::from_minutes(10, 5, 10));
const VERIFY_EMAIL: RateLimit = RateLimit::per_client("verify-email").giving_back(&["verify-email", "sign-up"]);
const RESEND: RateLimit = RateLimit::per_client("resend-verification");
const FORGOT: RateLimit = RateLimit::per_client("forgot-password");
const RESET: RateLimit = RateLimit::per_client("reset-password").giving_back(&["reset-password", "forgot-password"]);
const NEW_ADDRESS: RateLimit = RateLimit::per_client("new-address").giving_back(&["new-address"]);
/// Attempts at the password of a signed-in user, and mail that a change of the address sends.
const STEP_UP: RateLimit = per_account("step-up", AttemptLimit::from_minutes(5, 5, 10));
/// Codes for a challenge that a program requested.
const CHALLENGE_CODE: RateLimit = per_account("challenge-code", AttemptLimit::from_minutes(5, 5, 10));
/// Challenges, and the new passwords that are checked and hashed before one.
const CHALLENGE: RateLimit = per_account("challenge", AttemptLimit::from_minutes(10, 5, 10));
/// Errors come in bursts, together with what the SDK reports about itself.
const TUNNEL: RateLimit = per_client("tunnel", AttemptLimit::from_minutes(60, 1, 1));
/// A checklist polls until its mail has been sent.
const OPERATOR: RateLimit = per_client("operator", AttemptLimit::from_minutes(600, 1, 1));
const EXPORT: RateLimit = per_account("export", AttemptLimit::from_minutes(3, 15, 15));

/// Previews count as well: a large file takes a second to read.
const IMPORT: RateLimit = per_account("import", AttemptLimit::from_minutes(20, 15, 15));

const fn per_client(name: &'static str, rule: AttemptLimit) -> RateLimit {
    RateLimit { name, rule, scope: LimitScope::Client, given_back: &[] }
}

const fn per_account(name: &'static str, rule: AttemptLimit) -> RateLimit {
    RateLimit { name, rule, scope: LimitScope::Account, given_back: &[] }
}

const ALWAYS: &[Route] = routes! {
    GET    "/"                                  Anyone landing::html::start;
    GET    "/landing"                           Anyone landing::html::show, gzip;
    GET    "/sign-up"                           Anyone auth::sign_up_html::sign_up_form, gzip;
    POST   "/sign-up"                           Anyone auth::sign_up_html::sign_up [SIGN_UP, auth::sign_up_html::sign_up_over_limit];
    GET    "/verify-email"                      Anyone auth::confirm_html::verify_email_form;
    POST   "/verify-email"                      Anyone auth::confirm_html::verify_email [VERIFY_EMAIL, auth::confirm_html::verify_email_over_limit];
    POST   "/verify-email/resend"               Anyone auth::confirm_html::resend [RESEND, auth::confirm_html::resend_over_limit];
    GET    "/forgot-password"                   Anyone email_links::html::forgot_form, gzip;
    POST   "/forgot-password"                   Anyone email_links::html::forgot [FORGOT];
    GET    "/reset-password"                    Anyone email_links::html::reset_form;
    POST   "/reset-password"                    Anyone email_links::html::reset [RESET];
    GET    "/new-address"                       Anyone email_links::html::new_address_form;
    POST   "/new-address"                       Anyone email_links::html::new_address [NEW_ADDRESS];
    GET    "/sign-in"                           Anyone auth::html::sign_in_form, gzip;
    POST   "/sign-in"                           Anyone auth::html::sign_in [SIGN_IN, auth::html::sign_in_over_limit];
    GET    "/sign-in/verify"                    Anyone auth::html::sign_in_form;
    POST   "/sign-in/verify"                    Anyone two_factor::html::sign_in [SIGN_IN_CODE];
    POST   "/sign-out"                          Anyone auth::html::sign_out [SIGN_OUT];
    GET    "/first-habit"                       Member first_habit::html::show, gzip;
    POST   "/first-habit"                       Member first_habit::html::create, gzip;
    GET    "/today"                             Member today::html::show, gzip, cached;
    POST   "/today"                             Member today::html::complete, gzip;
    POST   "/today/grouping"                    Member today::html::group;
    GET    "/yesterday"                         Member today::html::show_yesterday, gzip, cached;
    GET    "/calendar"                          Member calendar::html::show, gzip, cached;
    GET    "/calendar/{date}"                   Member calendar::html::show_day;
    GET    "/habits"                            Member habits::html::show, gzip, cached;
    POST   "/habits"                            Member habits::html::create, gzip;
    GET    "/habits/archive"                    Member habits::html::show_archive, gzip, cached;
    POST   "/habits/{id}"                       Member habits::html::update, gzip;
    GET    "/habits/select"                     Member habits::select_html::show, gzip, cached;
    POST   "/habits/select"                     Member habits::select_html::apply, gzip;
    POST   "/habits/groups/move"                Member habits::html::move_group;
    POST   "/habits/{id}/move"                  Member habits::html::move_habit;
    POST   "/pauses"                            Member habits::pause_html::add, gzip;
    POST   "/pauses/remove"                     Member habits::pause_html::remove, gzip;
    POST   "/pauses/resume"                     Member habits::pause_html::resume, gzip;
    POST   "/habits/{id}/pauses"                Member habits::pause_html::add, gzip;
    POST   "/habits/{id}/pauses/remove"         Member habits::pause_html::remove, gzip;
    POST   "/habits/{id}/pauses/resume"         Member habits::pause_html::resume, gzip;
    POST   "/habits/{id}/archive"               Member habits::html::archive;
    POST   "/habits/{id}/restore"               Member habits::html::restore;
    POST   "/habits/{id}/delete"                Member habits::html::delete, gzip;
    GET    "/account"                           Member account::profile::html::show;
    POST   "/account/name"                      Member account::profile::html::rename;
    POST   "/account/email"                     Member account::profile::html::change_email [CHALLENGE];
    GET    "/account/preferences"               Member account::preferences::html::show, gzip;
    POST   "/account/preferences"               Member account::preferences::html::save;
    GET    "/account/security"                  Member security::html::show;
    POST   "/account/password"                  Member security::html::change_password [CHALLENGE];
    POST   "/account/sessions"                  Member security::html::end_sessions;
    GET    "/account/two-factor"                Member two_factor::html::show;
    POST   "/account/two-factor"                Member two_factor::html::change [TWO_FACTOR];
    GET    "/account/data"                      Member account::data::html::show;
    GET    "/account/import"                    Member account::data::html::show;
    POST   "/account/import"                    Member data_export::html::import [IMPORT, data_export::html::import_over_limit];
    POST   "/account/imports/{id}/undo"         Member data_export::html::undo;
    POST   "/account/delete"                    Member account::data::html::delete [CHALLENGE];
    POST   "/account/verify"                    Member step_up::html::verify [STEP_UP];
    GET    "/habits/{id}"                       Member insights::html::habit, gzip, cached;
    POST   "/habits/{id}/entries"               Member entries::html::change, gzip;
    GET    "/insights"                          Member insights::html::show, gzip, cached;
    // SECURITY: not compressed, because a page shows private text beside a search that a link of another site can set.
    GET    "/notes"                             Member notes::html::show;
    POST   "/notes"                             Member notes::html::save;
    GET    "/admin"                             Admin  admin::overview::html::show, gzip;
    GET    "/admin/users"                       Admin  admin::users::html::list, gzip;
    GET    "/admin/users/{id}"                  Admin  admin::users::html::show, gzip;
    POST   "/admin/users/{id}/disable"          Admin  admin::users::html::disable;
    POST   "/admin/users/{id}/enable"           Admin  admin::users::html::enable;
    POST   "/admin/users/{id}/sign-out"         Admin  admin::users::html::sign_out;
    POST   "/admin/users/{id}/resend"           Admin  admin::users::html::resend;
    GET    "/admin/confirm"                     Admin  admin::confirm::show [CHALLENGE];
    GET    "/admin/habits"                      Admin  admin::habits::html::list, gzip;
    GET    "/admin/activity"                    Admin  admin::activity::html::requests, gzip;
    GET    "/admin/audit"                       Admin  admin::activity::html::audit_trail, gzip;
    GET    "/admin/mail"                        Admin  admin::mail::html::list, gzip;
    GET    "/admin/mail/{id}"                   Admin  admin::mail::html::show;
    POST   "/admin/mail/{id}/retry"             Admin  admin::mail::html::retry;
    GET    "/admin/snapshots"                   Admin  admin::snapshots::html::list, gzip;
    POST   "/admin/snapshots"                   Admin  admin::snapshots::html::take_snapshot;
    GET    "/admin/configuration"               Admin  admin::configuration::html::show, gzip;
    GET    "/admin/handbook"                    Admin  admin::handbook::html::index, gzip;
    GET    "/admin/handbook/{topic}"            Admin  admin::handbook::html::topic, gzip;
    GET    "/assets/{name}"                     Anyone assets::html::serve;
    GET    "/favicon.ico"                       Anyone assets::html::favicon;
    GET    "/manifest.webmanifest"              Anyone offline::html::manifest;
    GET    "/speculation-rules.json"            Anyone assets::html::speculation_rules;
    GET    "/sw.js"                             Anyone offline::html::service_worker;
    GET    "/offline"                           Anyone offline::html::show, gzip;
    POST   "/monitoring"                        Anyone sentry_tunnel::forward [TUNNEL];
    POST   "/_obs"                              Anyone sentry_tunnel::forward [TUNNEL];
    GET    "/api/health"                        Probe  health::show;
    POST   "/api/auth/signup"                   Anyone auth::api::sign_up [SIGN_UP];
    POST   "/api/auth/sign-in"                  Anyone auth::api::sign_in [SIGN_IN];
    POST   "/api/auth/sign-in/2fa/verify"       Anyone auth::api::verify_sign_in [SIGN_IN_CODE];
    POST   "/api/auth/2fa/challenge"            Member two_factor::api::start_challenge [CHALLENGE];
    POST   "/api/auth/2fa/challenge/verify"     Member two_factor::api::verify_challenge [CHALLENGE_CODE];
    POST   "/api/auth/logout"                   Anyone auth::api::log_out [SIGN_OUT];
    POST   "/api/auth/verify-email"             Anyone auth::api::verify_email [VERIFY_EMAIL];
    POST   "/api/auth/resend-verification"      Anyone auth::api::resend [RESEND];
    POST   "/api/auth/forgot-password"          Anyone security::api::forgot [FORGOT];
    POST   "/api/auth/reset-password"           Anyone security::api::reset [RESET];
    GET    "/api/auth/session"                  Anyone auth::api::session;
    PUT    "/api/account"                       Member account::api::update;
    GET    "/api/account/2fa"                   Member two_factor::api::show;
    POST   "/api/account/2fa/setup"             Member two_factor::api::set_up [TWO_FACTOR];
    POST   "/api/account/2fa/enable"            Member two_factor::api::enable [TWO_FACTOR];
    POST   "/api/account/2fa/disable"           Member two_factor::api::disable [TWO_FACTOR];
    POST   "/api/account/2fa/recovery/rotate"   Member two_factor::api::rotate [TWO_FACTOR];
    POST   "/api/account/step-up/challenge"     Member security::api::start_step_up [CHALLENGE];
    POST   "/api/account/step-up/verify"        Member security::api::verify_step_up [STEP_UP];
    POST   "/api/account/delete-request"        Member security::api::delete;
    GET    "/api/account/sessions"              Member security::api::list_sessions;
    DELETE "/api/account/sessions"              Member security::api::end_sessions;
    DELETE "/api/account/sessions/{id}"         Member security::api::end_session;
    GET    "/api/account/exports/self"          Member data_export::api::export, gzip [EXPORT];
    POST   "/api/account/imports/self"          Member data_export::api::import [IMPORT];
    GET    "/api/account/imports"               Member data_export::api::list_imports;
    POST   "/api/account/imports/{id}/undo"     Member data_export::api::undo_import;
    GET    "/api/habits"                        Member habits::api::list, gzip;
    POST   "/api/habits"                        Member habits::api::create;
    PUT    "/api/habits/order"                  Member habits::api::reorder;
    GET    "/api/habits/{id}/pauses"            Member habits::pause_api::list, gzip;
    POST   "/api/habits/{id}/pauses"            Member habits::pause_api::add;
    DELETE "/api/habits/{id}/pauses"            Member habits::pause_api::remove;
    PUT    "/api/habits/{id}"                   Member habits::api::update;
    POST   "/api/habits/{id}/preview"           Member habits::api::preview;
    DELETE "/api/habits/{id}"                   Member habits::api::archive;
    GET    "/api/habits/{id}/figures"           Member insights::figures_api::show, gzip;
    GET    "/api/completions"                   Member today::api::list, gzip;
    POST   "/api/completions"                   Member today::api::set_completed;
    GET    "/api/pauses"                        Member habits::pause_api::list, gzip;
    POST   "/api/pauses"                        Member habits::pause_api::add;
    DELETE "/api/pauses"                        Member habits::pause_api::remove;
    GET    "/api/skips"                         Member today::api::list_skips, gzip;
    POST   "/api/skips"                         Member today::api::set_skipped;
    GET    "/api/entries"                       Member entries::api::list, gzip;
    POST   "/api/entries"                       Member entries::api::add;
    PUT    "/api/entries/{id}"                  Member entries::api::change;
    DELETE "/api/entries/{id}"                  Member entries::api::remove;
    GET    "/api/notes"                         Member notes::api::list, gzip;
    PUT    "/api/notes"                         Member notes::api::set;
    GET    "/api/insights"                      Member insights::api::show, gzip;
    GET    "/api/admin/health"                  Admin  health::show_details;
    GET    "/api/admin/users"                   Admin  admin::api::users, gzip;
    GET    "/api/admin/habits"                  Admin  admin::api::habits, gzip;
    GET    "/api/admin/activity"                Admin  admin::api::activity, gzip;
    GET    "/api/admin/snapshots"               Admin  admin::api::snapshots, gzip;
    GET    "/api/admin/exports/users"           Admin  admin::api::export_users;
    GET    "/api/admin/exports/habits"          Admin  admin::api::export_habits;
    POST   "/api/operator/verify"               Operator operator::verify [OPERATOR];
};

/// Only in development.
const DEVELOPMENT: &[Route] = routes! {
    GET    "/dev/mail"                          Anyone dev::html::mail;
    GET    "/dev/styles"                        Anyone dev::html::show_styles, gzip;
};

/// Only where both the setting and the kind of environment allow them.
const FOR_TESTS: &[Route] = routes! {
    GET    "/api/auth/debug/verification-token" Anyone dev::api::verification_token;
    POST   "/api/habits/debug/create"           Member dev::api::create_habit;
};

/// The routes of an environment: `development` adds the pages of captured mail and of styles, `for_tests` the test endpoints.
pub fn route_table(development: bool, for_tests: bool) -> Vec<Route> {
    let mut routes = ALWAYS.to_vec();
    if development {
        routes.extend_from_slice(DEVELOPMENT);
    }
    if for_tests {
        routes.extend_from_slice(FOR_TESTS);
    }
    routes
}

/// Two rows of the table are in conflict.
#[derive(Debug, thiserror::Error)]
#[error("route table: {0}")]
pub struct InvalidRouteTable(#[from] matchit::InsertError);

/// The table, indexed by path.
pub struct Routes(Router<Vec<Route>>);

impl Routes {
    /// # Errors
    /// [`InvalidRouteTable`], a bug in the table.
    pub fn new(table: Vec<Route>) -> Result<Self, InvalidRouteTable> {
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

    /// The routes of a path, one for each method, and the path's parameters.
    pub fn find(&self, path: &str) -> Option<(&[Route], PathParams)> {
        let matched = self.0.at(path).ok()?;
        let params = matched.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Some((matched.value, params))
    }
}

/// The methods of a path for the `Allow` header.
pub fn allowed_methods(routes: &[Route]) -> String {
    let mut methods: Vec<&str> = routes.iter().map(|route| route.method.as_str()).collect();
    if routes.iter().any(|route| route.method == Method::GET) {
        methods.push("HEAD");
    }
    methods.join(", ")
}
