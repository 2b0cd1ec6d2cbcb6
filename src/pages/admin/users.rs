//! People, as admins see them: what is needed to help them, and nothing of what they keep to themselves.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{Further, Room, facts, further, number, page, search, time};
use crate::domain::{Account, AccountId};
use crate::pages::form::{alert, status};
use crate::pages::layout::Frame;

/// The list: what was searched for, who was found, how many there are in all.
pub fn all(frame: &Frame<'_>, typed: &str, people: &[Account], total: u64, way: &Further) -> Markup {
    let main = html! {
        h1 { "Users" }
        p.lead { (number(total)) " in all, the newest first." }
        (search("/admin/users", typed, "Name or address contains", None))
        (list(people))
        (further(way, people.is_empty()))
        p { a.more href="/api/admin/exports/users" download { "All of them as CSV" } }
    };
    page(frame, Room::Users, "Users", &main)
}

/// People, one a line.
pub(super) fn list(people: &[Account]) -> Markup {
    html! {
        ul.records {
            @for person in people {
                li {
                    a href={ "/admin/users/" (person.id) } { (person.name()) }
                    span { (person.email) }
                    (standing(person))
                    span.hint { "since " (time(person.created_at)) }
                }
            }
        }
    }
}

fn standing(person: &Account) -> Markup {
    html! {
        @if person.disabled_at.is_some() { strong.mark { "Switched off" } }
        @if person.verified_at.is_none() { strong.mark { "Not confirmed" } }
    }
}

/// One person.
#[derive(Debug)]
pub struct One<'a> {
    /// The account.
    pub account: &'a Account,
    /// Whether the person is an admin.
    pub is_admin: bool,
    /// Whether it is who looks.
    pub is_me: bool,
    /// How many sessions are live.
    pub sessions: usize,
    /// When the person was last here.
    pub seen_at: Option<Timestamp>,
    /// Habits that are kept, and those that were put away.
    pub habits: (usize, usize),
}

/// What just happened on the page of one person.
#[derive(Debug, Clone, Copy)]
pub enum News<'a> {
    /// Nothing.
    Nothing,
    /// Something was done.
    Done(&'a str),
    /// Something was not.
    Refused(&'a str),
}

/// The page of one person.
pub fn one(frame: &Frame<'_>, one: &One<'_>, news: News<'_>) -> Markup {
    let account = one.account;
    let date = |at: Option<Timestamp>| html! { @if let Some(at) = at { (time(at)) } @else { "–" } };
    let main = html! {
        h1 { (account.name()) }
        p.lead { (account.email) }
        @match news {
            News::Nothing => {}
            News::Done(what) => (status(what)),
            News::Refused(why) => (alert(why)),
        }
        (facts(&[
            ("Address confirmed", date(account.verified_at)),
            ("Switched off", date(account.disabled_at)),
            ("Since", time(account.created_at)),
            ("Last here", date(one.seen_at)),
            ("Signed in on", html! { (one.sessions) @if one.sessions == 1 { " device" } @else { " devices" } }),
            ("Habits", html! { (one.habits.0) " kept, " (one.habits.1) " put away" }),
            ("Time zone", html! { (account.zone().name()) }),
            ("Admin", html! { @if one.is_admin { "Yes, by this environment’s configuration" } @else { "No" } }),
            ("Id", html! { code { (account.id) } }),
        ]))
        div.actions { (buttons(one)) }
        p.links {
            a.more href={ "/admin/audit?person=" (account.id) } { "What happened to this account" }
            a.more href={ "/admin/habits?search=" (account.email) "&status=all" } { "Habits" }
        }
    };
    page(frame, Room::Users, account.name(), &main)
}

fn buttons(one: &One<'_>) -> Markup {
    let account = one.account;
    html! {
        @if account.disabled_at.is_some() {
            (button(account.id, "enable", "Switch on again"))
        } @else if !one.is_me {
            (button(account.id, "disable", "Switch off"))
        }
        (button(account.id, "sign-out", "Sign out everywhere"))
        @if account.verified_at.is_none() { (button(account.id, "resend", "Send the confirmation again")) }
    }
}

fn button(id: AccountId, deed: &str, label: &str) -> Markup {
    html! {
        form method="post" action={ "/admin/users/" (id) "/" (deed) } { button.button.plain type="submit" { (label) } }
    }
}
