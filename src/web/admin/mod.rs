//! The admin pages. The table of routes lets only admins come here.

pub mod activity;
pub mod habits;
pub mod mail;
pub mod snapshots;
pub mod users;

use std::fmt::Display;
use std::str::FromStr;

use warp::http::StatusCode;

use super::body::Fields;
use super::failure::Failure;
use super::reply::{self, Answer};
use super::visit::Visit;
use crate::app::admin::{self, By};
use crate::app::{recovery, relaying};
use crate::domain::audit::Actor;
use crate::domain::{AccountId, HabitId};
use crate::pages::admin::Further;
use crate::pages::admin::configuration::{self, Setting};
use crate::pages::admin::overview::{self, Health, Overview};

/// Rows on one page.
const ROWS: usize = 50;
/// Rows of the dashboard.
const FEW: usize = 5;

/// `GET /admin`.
pub async fn show(visit: Visit) -> Result<Answer, Failure> {
    let app = &visit.site.app;
    let (people, habits) = (admin::count_people(app)?, admin::count_habits(app)?);
    let found = admin::health(app);
    let damaged = recovery::alert(app).map(str::to_owned);
    let alerts: Vec<String> = damaged.into_iter().chain(relaying::health(app).alert()).collect();
    let overview = Overview {
        alerts: &alerts,
        health: Health {
            environment: found.environment,
            file: found.file,
            made_at: found.made_at,
            bytes: found.bytes,
            schema: found.schema,
            works: found.works,
            uptime: visit.site.since.elapsed().as_secs(),
            version: env!("CARGO_PKG_VERSION"),
            waiting: found.waiting,
        },
        people: (people.total, people.verified, people.disabled),
        habits: (habits.total, habits.archived),
        newest: &admin::people(app, "", None, FEW)?.rows,
        requests: &activity::newest(&visit, FEW),
    };
    Ok(reply::page(StatusCode::OK, overview::show(&visit.frame(), &overview)))
}

/// `GET /admin/configuration`.
pub async fn configuration(visit: Visit) -> Result<Answer, Failure> {
    let settings: Vec<Setting<'_>> = visit
        .site
        .report
        .iter()
        .map(|row| Setting {
            key: row.key,
            about: row.about,
            value: row.value.as_deref(),
            origin: row.origin.as_deref(),
        })
        .collect();
    Ok(reply::page(StatusCode::OK, configuration::all(&visit.frame(), &settings)))
}

impl Visit {
    /// Who asks, for a deed of an admin.
    pub fn by(&self) -> Result<By, Failure> {
        Ok(By { actor: Actor::Person(self.member()?.id), client: self.client() })
    }
}

/// What a list was asked for: the text of a field, never longer than a search can be.
fn asked(query: &Fields, name: &str) -> String {
    query.get(name).trim().chars().take(200).collect()
}

/// Where a page begins, from `?before=`. What is none begins at the newest.
fn below<K: FromStr>(query: &Fields) -> Option<K> {
    query.get("before").parse().ok()
}

/// The ways from one page of the list at `path` to others, keeping what it was narrowed by.
fn ways(path: &str, query: &Fields, kept: &[(&str, &str)], next: Option<impl Display>) -> Further {
    let address = |before: Option<String>| {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.extend_pairs(kept.iter().filter(|(_, value)| !value.is_empty()));
        if let Some(before) = before {
            pairs.append_pair("before", &before);
        }
        let pairs = pairs.finish();
        if pairs.is_empty() { path.to_owned() } else { format!("{path}?{pairs}") }
    };
    Further {
        next: next.map(|next| address(Some(next.to_string()))),
        first: (!query.get("before").is_empty()).then(|| address(None)),
    }
}

/// Where a page of everybody's habits begins, as text: the owner, a dot, the habit.
pub struct HabitPlace(pub (AccountId, HabitId));

impl FromStr for HabitPlace {
    type Err = crate::domain::id::NotAnId;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (owner, habit) = text.split_once('.').ok_or(crate::domain::id::NotAnId)?;
        Ok(Self((owner.parse()?, habit.parse()?)))
    }
}

impl Display for HabitPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.0.0, self.0.1)
    }
}
