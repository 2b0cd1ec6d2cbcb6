//! What happened: the last requests, and who did what.

use jiff::Timestamp;
use maud::{Markup, html};

use super::{Further, Room, further, moment, page};
use crate::domain::AccountId;
use crate::domain::audit::{Deed, Line};
use crate::pages::form::options;
use crate::pages::layout::Frame;

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct Request {
    /// When.
    pub at: Timestamp,
    /// Its number in the log.
    pub number: String,
    /// The method.
    pub method: String,
    /// The template of the route.
    pub route: &'static str,
    /// The status of the answer.
    pub status: u16,
    /// How long it took.
    pub millis: f64,
    /// The word of the error.
    pub code: Option<&'static str>,
}

/// The last requests.
pub fn requests(frame: &Frame<'_>, requests: &[Request]) -> Markup {
    let main = html! {
        h1 { "Activity" }
        p.lead { "The last requests since the server began, at most 200. The log has all of them." }
        (list(requests))
        @if requests.is_empty() { p.empty-line { "Nothing to show." } }
    };
    page(frame, Room::Activity, "Activity", &main)
}

/// Requests, one a line.
pub(super) fn list(requests: &[Request]) -> Markup {
    html! {
        ul.records.tight {
            @for request in requests {
                li {
                    code { (request.method) " " (request.route) }
                    @if request.status >= 400 { strong.mark { (request.status) } } @else { span { (request.status) } }
                    @if let Some(code) = request.code { span { (code) } }
                    span.hint { (format!("{:.1}", request.millis)) " ms · " (moment(request.at)) " · " (request.number) }
                }
            }
        }
    }
}

/// A line of the trail with the names of who it is about, where they are still known.
#[derive(Debug)]
pub struct Told<'a> {
    /// The line.
    pub line: &'a Line,
    /// Who did it.
    pub actor: Who<'a>,
    /// To whom.
    pub whom: Option<(AccountId, &'a str)>,
}

/// Who did something.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// This person.
    Person(AccountId, &'a str),
    /// Somebody not signed in.
    Stranger,
    /// Somebody in a terminal.
    Operator,
}

/// The audit trail, and what it was narrowed to.
pub fn trail(
    frame: &Frame<'_>,
    (deed, person): (Option<Deed>, &str),
    trouble: Option<&str>,
    lines: &[Told<'_>],
    way: &Further,
) -> Markup {
    let deeds = std::iter::once(("", "Everything")).chain(Deed::ALL.iter().map(|deed| (deed.word(), deed.word())));
    let main = html! {
        h1 { "Audit trail" }
        p.lead { "Who did what to whom, the newest first. A line is kept for 400 days, and nobody can change one." }
        form.search method="get" action="/admin/audit" role="search" {
            div.field {
                label for="deed" { "What" }
                select #deed name="deed" { (options(deeds, deed.map_or("", Deed::word))) }
            }
            div.field {
                label for="person" { "Address or id of a person" }
                input #person name="person" type="text" value=[(!person.is_empty()).then_some(person)] autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="254"
                    aria-describedby=[trouble.map(|_| "person-fault")] aria-invalid=[trouble.map(|_| "true")];
                @if let Some(trouble) = trouble { p.fault #person-fault role="alert" { (trouble) } }
            }
            button.button.plain type="submit" { "Show" }
        }
        ul.records.tight {
            @for told in lines {
                li {
                    code { (told.line.deed.word()) }
                    span {
                        @match told.actor {
                            Who::Person(id, name) => { "by " (person_link(id, name)) }
                            Who::Stranger => "by somebody not signed in",
                            Who::Operator => "by an operator",
                        }
                        @if let Some((id, name)) = told.whom { " · to " (person_link(id, name)) }
                    }
                    span.hint {
                        (moment(told.line.at))
                        @if let Some(address) = told.line.address { " · " (address) }
                        @if let Some(request) = &told.line.request { " · request " (request) }
                    }
                }
            }
        }
        (further(way, lines.is_empty()))
    };
    page(frame, Room::Trail, "Audit trail", &main)
}

/// A person by name; one who is gone has none any more.
fn person_link(id: AccountId, name: &str) -> Markup {
    html! {
        @if name.is_empty() { "somebody who is gone" } @else { a href={ "/admin/users/" (id) } { (name) } }
    }
}
