//! The frame around every page: head, banner, navigation and toast.

use maud::{DOCTYPE, Markup, html};

use crate::domain::Account;
use crate::domain::accounts::preferences::{Accent, Theme};
use crate::web::assets::embedded::address;
use crate::web::ui::announcement::Announcement;
pub use crate::web::ui::navigation::NavItem;
use crate::web::ui::navigation::sidebar;
use crate::web::ui::render::Reserve;

/// What every page shows around its content.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The path of the page. Scripts take an answer for a page of Atlas only if it names its path.
    pub path: &'a str,
    /// The name of the environment, if pages must show that it is not production.
    pub label: Option<&'a str>,
    /// The person who is signed in.
    pub member: Option<&'a Account>,
    /// The theme that a visitor chose when they were last signed in.
    pub visitor_theme: Theme,
    /// What the toast says first.
    pub announcement: Option<Announcement>,
    /// Whether the navigation links to the admin pages.
    pub is_admin: bool,
    /// Whether captured mail can be read at `/dev/mail`.
    pub has_captured_mail: bool,
    /// How the browser reports errors, if it does.
    pub error_reporting: Option<BrowserReporting<'a>>,
}

/// What the browser sends with an error report.
#[derive(Debug, Clone, Copy)]
pub struct BrowserReporting<'a> {
    /// The public Sentry DSN.
    pub dsn: &'a str,
    /// The route template of the page. It contains no ids.
    pub route: &'static str,
    pub release: &'static str,
    pub environment: &'a str,
}

/// The description that search engines and link previews show.
const META_DESCRIPTION: &str =
    "Atlas is a habit tracker: choose the days for each habit, check off what you've done, and see how you're doing.";

/// Estimated size of a page without its content, in bytes.
const FRAME_BYTES: usize = 4_096;

/// A complete HTML document.
pub fn document(frame: &Frame<'_>, title: &str, current: NavItem, main: &Markup) -> Markup {
    let preferences = frame.member.map(|member| member.preferences);
    // Attributes of the document apply before the first paint and without JavaScript. Default values are omitted.
    let theme = preferences.map_or(frame.visitor_theme, |preferences| preferences.theme);
    let theme = (theme != Theme::System).then(|| theme.as_str());
    let accent =
        preferences.map(|preferences| preferences.accent).filter(|accent| *accent != Accent::Gold).map(Accent::as_str);
    let shortcuts = preferences.filter(|preferences| !preferences.shortcuts).map(|_| "off");
    html! {
        (Reserve(main.0.len() + FRAME_BYTES))
        (DOCTYPE)
        html lang="en" data-theme=[theme] data-accent=[accent] data-shortcuts=[shortcuts] {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover, interactive-widget=resizes-visual";
                meta name="color-scheme" content="light dark";
                (theme_color(theme))
                meta name="description" content=(META_DESCRIPTION);
                // Tells scripts that Atlas wrote this page, at which path, and for whom.
                meta name="atlas-page" content={ (frame.path) " " @if let Some(member) = frame.member { (member.id) } };
                title { (title) " · Atlas" @if let Some(label) = frame.label { " (" (label) ")" } }
                link rel="icon" type="image/svg+xml" href=(address(favicon_name(frame.label)));
                link rel="apple-touch-icon" href=(address(&icon_name(frame.label, 192)));
                // An environment behind basic auth answers only requests with credentials.
                link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials";
                link rel="stylesheet" href=(address("app.css"));
                // The first script, so that it reports errors of the others.
                @if let Some(reporting) = frame.error_reporting {
                    script type="module" src=(address("report.js")) data-dsn=(reporting.dsn) data-page=(reporting.route)
                        data-release=(reporting.release) data-environment=(reporting.environment) {}
                }
                script type="module" src=(address("app.js")) {}
            }
            body data-member=[frame.member.map(|member| member.id)] data-zone=[frame.member.map(|member| member.zone().name())]
                data-backfill=[preferences.map(|preferences| preferences.backfill.as_str())] {
                a.skip href="#main" { "Skip to content" }
                @if let Some(label) = frame.label { (banner(label, frame.has_captured_mail)) }
                @match frame.member {
                    Some(_) => div.shell { (sidebar(frame.is_admin, current)) main #main { (main) } },
                    None => { (masthead()) main #main.alone { (main) } },
                }
                (toast(frame.announcement))
            }
        }
    }
}

/// The favicon of an environment, which distinguishes its browser tabs from those of others. `label` is as in
/// [`Frame`].
pub fn favicon_name(label: Option<&str>) -> &'static str {
    match label {
        None => "favicon.svg",
        Some("staging") => "favicon-staging.svg",
        Some("development") => "favicon-development.svg",
        Some(_) => "favicon-preview.svg",
    }
}

/// The icon of an installed Atlas. Like the [favicon](favicon_name) it differs between environments.
pub fn icon_name(label: Option<&str>, pixels: u16) -> String {
    favicon_name(label).replace("favicon", "icon").replace(".svg", &format!("-{pixels}.png"))
}

/// The [icon](icon_name) for launchers that cut icons into a shape of theirs: the symbol is smaller.
pub fn maskable_icon_name(label: Option<&str>, pixels: u16) -> String {
    icon_name(label, pixels).replace("icon", "icon-maskable")
}

/// The color of the browser's own surfaces around the page: that of the page's background.
fn theme_color(theme: Option<&str>) -> Markup {
    const LIGHT: &str = "#ffffff";
    const DARK: &str = "#111111";
    html! {
        @match theme {
            Some("dark") => meta name="theme-color" content=(DARK);,
            Some(_) => meta name="theme-color" content=(LIGHT);,
            None => {
                meta name="theme-color" content=(LIGHT) media="(prefers-color-scheme: light)";
                meta name="theme-color" content=(DARK) media="(prefers-color-scheme: dark)";
            }
        }
    }
}

fn banner(label: &str, has_captured_mail: bool) -> Markup {
    html! {
        section.banner aria-label="Environment" {
            strong { (label) }
            span.banner-note { "(not production)" }
            @if has_captured_mail { span { "·" } a href="/dev/mail" { "View captured mail" } }
        }
    }
}

/// Without JavaScript, what was done is undone by a form. The script sends it when its own button is pressed.
fn toast(announcement: Option<Announcement>) -> Markup {
    html! {
        div.toast {
            p #announcer role="status" { @if let Some(announcement) = announcement { (announcement.message()) } }
            @if let Some(habit) = announcement.and_then(Announcement::archived_habit) {
                form method="post" action={ "/habits/" (habit) "/restore" } data-undo {
                    @let scope = if matches!(announcement, Some(Announcement::HabitsArchived(_))) { "together" } else { "archive" };
                    button.undo type="submit" name="undo" value=(scope) { "Undo" }
                }
            }
            button.undo #undo type="button" hidden { "Undo" }
        }
    }
}

fn masthead() -> Markup {
    html! {
        header.masthead { a.wordmark href="/" { "Atlas" } }
    }
}
