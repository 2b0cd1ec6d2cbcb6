//! Every route of the table, asked by everybody there is, rightly, with a wrong method and from another site.
//!
//! Who gets past the door follows from the table's `Who`; what is answered behind it stands in `answers.txt`, one line a
//! route, and there once more whom it is for, so that nobody opens a door by a slip of one word. Nobody may read in an answer what belongs to somebody else, and nobody at all a secret.

mod roles;

use std::collections::BTreeMap;

use atlas::web::{Face, Route, Who, table};
use serde_json::json;

use crate::person::Reply;
use crate::routes::carries_the_security_headers;
use crate::world::World;
use roles::{Cast, Role};

const ANSWERS: &str = include_str!("answers.txt");

/// What a route answers those whom it is for: a status, and others for some of them.
struct Line {
    who: &'static str,
    usual: u16,
    others: BTreeMap<&'static str, u16>,
}

impl Line {
    fn of(&self, role: Role) -> u16 {
        self.others.get(role.name()).copied().unwrap_or(self.usual)
    }
}

/// `answers.txt`: method, path, whom it is for, status, then `role=status` for whoever is answered otherwise; `#` begins a remark.
fn answers() -> BTreeMap<(&'static str, &'static str), Line> {
    let lines = ANSWERS.lines().map(|line| line.split('#').next().unwrap()).filter(|line| !line.trim().is_empty());
    let mut known = BTreeMap::new();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [method, path, who, usual, others @ ..] = words.as_slice() else { panic!("answers.txt: {line}") };
        let others = others.iter().map(|word| word.split_once('=').unwrap());
        let others = others.map(|(role, status)| (Role::named(role).name(), status.parse().unwrap())).collect();
        let line = Line { who, usual: usual.parse().unwrap(), others };
        assert!(known.insert((*method, *path), line).is_none(), "{method} {path} stands in answers.txt twice");
    }
    known
}

/// The answer of a route's door to somebody it does not let through: status, and where a page leads.
fn at_the_door(route: &Route, role: Role) -> Option<(u16, Option<&'static str>)> {
    let away = if route.method == "GET" { 307 } else { 303 };
    match (route.who, role, route.face()) {
        (Who::Member | Who::Admin, Role::Nobody | Role::Unverified | Role::Disabled, Face::Page) => {
            Some((away, Some("/sign-in?from=")))
        }
        // Being signed in, and be it as an admin, is no token of an operator.
        (Who::Operator, ..) => Some((404, None)),
        (Who::Member | Who::Admin, Role::Nobody | Role::Unverified | Role::Disabled, Face::Api) => Some((401, None)),
        (Who::Admin, Role::Owner | Role::Other, Face::Page) => Some((away, Some("/today"))),
        (Who::Admin, Role::Unenrolled, Face::Page) => Some((303, Some("/account/two-factor"))),
        (Who::Admin, Role::Owner | Role::Other | Role::Unenrolled, Face::Api) => Some((403, None)),
        (Who::Probe | Who::Anyone | Who::Member, ..) | (Who::Admin, Role::Admin, _) => None,
    }
}

/// A request as our own pages send it, or as those of another site do.
async fn asks(cast: &Cast, role: Role, route: &Route, method: &str, site: &str) -> Reply {
    let media = match (route.path, route.face()) {
        ("/account/import", _) => "multipart/form-data; boundary=seam",
        (_, Face::Api) => "application/json",
        (_, Face::Page) => "application/x-www-form-urlencoded",
    };
    let person = cast.person(role);
    let ours = format!("http://{}", person.host);
    let origin = if site == "cross-site" { "https://evil.example" } else { ours.as_str() };
    let headers = [("content-type", media), ("sec-fetch-site", site), ("origin", origin)];
    // Enough to make and to change a habit; elsewhere, something that cannot be read as what is wanted.
    let title = format!("Habit of {}", role.name());
    let body = match (method, route.face()) {
        ("GET", _) => String::new(),
        (_, Face::Api) => json!({ "title": title, "weekdays": [1] }).to_string(),
        (_, Face::Page) => format!("title={}&weekdays=1&direction=up", title.replace(' ', "+")),
    };
    person.asks(method, &cast.path(route).await, &headers, body.as_bytes()).await
}

/// Walks a part of the table, and answers what was not as it should be, one line each.
async fn walk(world: &World, routes: &[Route], by: &str) -> Vec<String> {
    let known = answers();
    let cast = Cast::gather(world).await;
    let mut wrong = Vec::new();
    for route in routes {
        let name = format!("{:6} {}", route.method, route.path);
        let Some(line) = known.get(&(route.method.as_str(), route.path)) else {
            wrong.push(format!("{name} has no line in answers.txt"));
            continue;
        };
        if !line.who.eq_ignore_ascii_case(&format!("{:?}", route.who)) {
            wrong.push(format!("{name} is for {:?}, and answers.txt says {}", route.who, line.who));
        }
        cast.come_in(world).await;
        for role in Role::ALL {
            let mut judge = |what: &str, reply: &Reply, status: u16, place: Option<&str>| {
                carries_the_security_headers(reply, &format!("{name} {role:?} {what}"));
                let leads = place.is_none_or(|place| reply.header("location").is_some_and(|to| to.starts_with(place)));
                if reply.status != status || !leads {
                    let to = reply.header("location").unwrap_or("-");
                    wrong.push(format!("{name} {what} {role:?} by {by}: {} to {to}, not {status}", reply.status));
                }
                for what in cast.leaks(route, role, reply) {
                    wrong.push(format!("{name} tells {role:?} {what}"));
                }
            };
            let reply = asks(&cast, role, route, "PATCH", "same-origin").await;
            // Without the token nothing tells that there is a path.
            let is_hidden = route.who == Who::Operator;
            judge("with a wrong method", &reply, if is_hidden { 404 } else { 405 }, None);
            let door = at_the_door(route, role);
            let (status, place) = door.unwrap_or_else(|| (line.of(role), None));
            if !route.method.is_safe() {
                judge(
                    "from another site",
                    &asks(&cast, role, route, route.method.as_str(), "cross-site").await,
                    if is_hidden { 404 } else { 403 },
                    None,
                );
            }
            let reply = asks(&cast, role, route, route.method.as_str(), "same-origin").await;
            judge("rightly", &reply, status, place);
        }
    }
    wrong
}

#[tokio::test]
async fn every_route_answers_everybody_as_the_table_says_and_tells_nobody_what_is_not_theirs() {
    let everywhere = table(false, false);
    let staging = World::with(roles::staging()).await;
    let mut wrong = walk(&staging, &everywhere, "staging").await;
    // Routes of development alone; its admins need no second factor, but none of these is for admins.
    let more: Vec<Route> = table(true, true)
        .into_iter()
        .filter(|route| !everywhere.iter().any(|other| (other.method, other.path) == (route.method, route.path)))
        .collect();
    assert!(!more.is_empty() && more.iter().all(|route| route.who != Who::Admin));
    let development = World::with(roles::development()).await;
    wrong.extend(walk(&development, &more, "development").await);
    assert!(wrong.is_empty(), "{} of the matrix:\n{}", wrong.len(), wrong.join("\n"));
    for (method, path) in answers().keys() {
        let is_known = table(true, true).iter().any(|route| (route.method.as_str(), route.path) == (*method, *path));
        assert!(is_known, "answers.txt speaks of {method} {path}, which no longer exists");
    }
}
