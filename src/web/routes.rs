//! The routes as one table: method, path, who may, handler. What is not here does not exist.
//!
//! Every route states who may call it; there is no default. The table also answers 404 and 405, names routes in logs,
//! and is walked by the tests.

use std::future::Future;
use std::pin::Pin;

use warp::http::Method;

use super::failure::Failure;
use super::reply::Answer;
use super::visit::Visit;
use super::{accounts, api, assets, dev, habits, landing, today};

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
}

/// In which form a route talks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// HTML.
    Page,
    /// JSON.
    Api,
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
}

impl Route {
    /// Paths below `/api/` talk JSON.
    pub fn face(&self) -> Face {
        face_of(self.path)
    }
}

/// The face of a path, known or not.
pub fn face_of(path: &str) -> Face {
    if path.starts_with("/api/") { Face::Api } else { Face::Page }
}

macro_rules! routes {
    ($($method:ident $path:literal $who:ident $handler:path;)*) => {
        &[$(Route { method: &Method::$method, path: $path, who: Who::$who, handler: |visit| Box::pin($handler(visit)) },)*]
    };
}

const ALWAYS: &[Route] = routes! {
    GET    "/"                                  Anyone landing::start;
    GET    "/landing"                           Anyone landing::show;
    GET    "/sign-up"                           Anyone accounts::sign_up_form;
    POST   "/sign-up"                           Anyone accounts::sign_up;
    GET    "/verify-email"                      Anyone accounts::open_link;
    POST   "/verify-email"                      Anyone accounts::confirm;
    POST   "/verify-email/resend"               Anyone accounts::resend;
    GET    "/sign-in"                           Anyone accounts::sign_in_form;
    POST   "/sign-in"                           Anyone accounts::sign_in;
    POST   "/sign-out"                          Anyone accounts::sign_out;
    GET    "/today"                             Member today::show;
    POST   "/today"                             Member today::tick;
    GET    "/habits"                            Member habits::show;
    POST   "/habits"                            Member habits::create;
    GET    "/assets/{name}"                     Anyone assets::send;
    GET    "/favicon.ico"                       Anyone assets::favicon;
    GET    "/api/health"                        Probe  api::health::show;
    POST   "/api/auth/signup"                   Anyone api::auth::sign_up;
    POST   "/api/auth/sign-in"                  Anyone api::auth::sign_in;
    POST   "/api/auth/logout"                   Anyone api::auth::log_out;
    POST   "/api/auth/verify-email"             Anyone api::auth::verify_email;
    POST   "/api/auth/resend-verification"      Anyone api::auth::resend;
    GET    "/api/auth/session"                  Anyone api::auth::session;
    GET    "/api/habits"                        Member api::habits::list;
    POST   "/api/habits"                        Member api::habits::create;
    PUT    "/api/habits/order"                  Member api::habits::reorder;
    PUT    "/api/habits/{id}"                   Member api::habits::change;
    DELETE "/api/habits/{id}"                   Member api::habits::archive;
    GET    "/api/completions"                   Member api::completions::list;
    POST   "/api/completions"                   Member api::completions::set;
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

/// The routes that exist in an environment.
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
