//! The frame around every page: head, banner, navigation.

use maud::{DOCTYPE, Markup, html};

use super::assets::address;
use super::plain::Room;
use crate::domain::Account;
use crate::domain::preferences::{Accent, Theme};

/// Which entry of the navigation is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Here {
    /// `/today`.
    Today,
    /// `/calendar`.
    Calendar,
    /// `/habits`, and one of them.
    Habits,
    /// `/insights`.
    Insights,
    /// `/account`.
    Account,
    /// `/admin` and below.
    Admin,
    /// Anywhere else.
    Elsewhere,
}

/// What the frame says besides the page itself.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The environment, where pages must say that they are not production.
    pub marked: Option<&'a str>,
    /// The person signed in.
    pub member: Option<&'a Account>,
    /// Whether the person may open the admin pages.
    pub is_admin: bool,
    /// Whether captured mail can be read at `/dev/mail`.
    pub reads_mail: bool,
    /// How the browser reports errors, where it does.
    pub report: Option<Report<'a>>,
}

/// What the browser says of the page when it reports an error.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a> {
    /// The Sentry address that browsers may know.
    pub dsn: &'a str,
    /// The template of the page's route; it holds no ids.
    pub page: &'static str,
    /// What was built.
    pub release: &'static str,
    /// The environment.
    pub environment: &'a str,
}

/// What search engines and previews of links say of a page.
const ABOUT: &str =
    "Atlas keeps the habits you mean to have: what is due today, one tick each, and the streak beside it.";

/// About what the frame takes, in bytes.
const FRAME: usize = 4_096;

/// A whole document.
pub fn document(frame: &Frame<'_>, title: &str, here: Here, main: &Markup) -> Markup {
    let chosen = frame.member.map(|member| member.preferences);
    // As attributes of the document they count before the first paint, without a script.
    let theme = chosen.map(|chosen| chosen.theme).filter(|theme| *theme != Theme::System).map(Theme::word);
    let accent = chosen.map(|chosen| chosen.accent).filter(|accent| *accent != Accent::Gold).map(Accent::word);
    let shortcuts = chosen.filter(|chosen| !chosen.shortcuts).map(|_| "off");
    html! {
        (Room(main.0.len() + FRAME))
        (DOCTYPE)
        html lang="en" data-theme=[theme] data-accent=[accent] data-shortcuts=[shortcuts] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="description" content=(ABOUT);
                title { (title) " · Atlas" @if let Some(name) = frame.marked { " (" (name) ")" } }
                link rel="icon" type="image/svg+xml" href=(address(favicon(frame.marked)));
                link rel="apple-touch-icon" href=(address(&icon(frame.marked, 192)));
                // With credentials, because an environment behind shared ones shows nothing without them.
                link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials";
                link rel="stylesheet" href=(address("app.css"));
                // First, so that it hears of what the others do.
                @if let Some(report) = frame.report {
                    script type="module" src=(address("report.js")) data-dsn=(report.dsn) data-page=(report.page)
                        data-release=(report.release) data-environment=(report.environment) {}
                }
                script type="module" src=(address("app.js")) {}
            }
            body data-member=[frame.member.map(|member| member.id)] data-zone=[frame.member.map(|member| member.zone().name())]
                data-backfill=[chosen.map(|chosen| chosen.backfill.word())] {
                a.skip href="#main" { "Skip to content" }
                @if let Some(name) = frame.marked { (banner(name, frame.reads_mail)) }
                @match frame.member {
                    Some(member) => div.shell { (aside(member.name(), frame.is_admin, here)) main #main { (main) } },
                    None => { (masthead()) main #main.alone { (main) } },
                }
                div.toast {
                    p #announcer role="status" {}
                    button #undo type="button" hidden { "Undo" }
                }
            }
        }
    }
}

/// Which favicon tells this environment's tab from the others.
pub fn favicon(marked: Option<&str>) -> &'static str {
    match marked {
        None => "favicon.svg",
        Some("staging") => "favicon-staging.svg",
        Some("development") => "favicon-development.svg",
        Some(_) => "favicon-preview.svg",
    }
}

/// The icon of an installed Atlas, so many pixels wide, told from other environments' like the [`favicon`].
pub fn icon(marked: Option<&str>, pixels: u16) -> String {
    favicon(marked).replace("favicon", "icon").replace(".svg", &format!("-{pixels}.png"))
}

fn banner(name: &str, reads_mail: bool) -> Markup {
    html! {
        section.banner aria-label="Environment" {
            strong { (name) }
            " – not production"
            @if reads_mail { " · " a href="/dev/mail" { "captured mail" } }
        }
    }
}

fn masthead() -> Markup {
    html! {
        header.masthead { a.wordmark href="/" { "Atlas" } }
    }
}

fn aside(name: &str, is_admin: bool, here: Here) -> Markup {
    let entry = |to: &str, label: &str, is: Here| {
        html! { li { a href=(to) aria-current=[(here == is).then_some("page")] { (label) } } }
    };
    html! {
        aside.side {
            a.wordmark href="/today" { "Atlas" }
            nav aria-label="Main" {
                ul {
                    (entry("/today", "Today", Here::Today))
                    (entry("/calendar", "Calendar", Here::Calendar))
                    (entry("/habits", "Habits", Here::Habits))
                    (entry("/insights", "Insights", Here::Insights))
                    @if is_admin { (entry("/admin", "Admin", Here::Admin)) }
                }
            }
            form.leave method="post" action="/sign-out" {
                a.who href="/account" title=(name) aria-current=[(here == Here::Account).then_some("page")] { span { (name) } }
                button.quiet type="submit" { "Sign out" }
            }
        }
    }
}
