//! The main navigation: a bar at the bottom of phones, whose last button opens a menu with the rest, and a sidebar elsewhere.
//!
//! Both are the same elements. `assets/css/navigation.css` shows the menu as a part of the sidebar, without its button.

use maud::{Markup, html};

use crate::web::ui::icon::{Icon, icon};

/// The current entry of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NavItem {
    Today,
    Calendar,
    Habits,
    Insights,
    Account,
    Admin,
    /// A page without an entry.
    Other,
}

/// An entry: its page, path, label and icon.
type Entry = (NavItem, &'static str, &'static str, Icon);

/// The pages of the bar.
const MAIN_ENTRIES: [Entry; 4] = [
    (NavItem::Today, "/today", "Today", Icon::Today),
    (NavItem::Calendar, "/calendar", "Calendar", Icon::Calendar),
    (NavItem::Habits, "/habits", "Habits", Icon::Habits),
    (NavItem::Insights, "/insights", "Insights", Icon::Insights),
];

/// The pages of the menu.
const MENU_ENTRIES: [Entry; 1] = [(NavItem::Account, "/account", "Account", Icon::Account)];

/// The last page of the menu, for admins only.
const ADMIN_ENTRY: Entry = (NavItem::Admin, "/admin", "Admin", Icon::Admin);

/// The paths of the bar's pages.
pub fn main_paths() -> [&'static str; 4] {
    MAIN_ENTRIES.map(|(_, path, ..)| path)
}

/// The navigation of a signed-in user.
pub fn sidebar(is_admin: bool, current: NavItem) -> Markup {
    let menu = || MENU_ENTRIES.into_iter().chain(is_admin.then_some(ADMIN_ENTRY));
    let is_in_menu = menu().any(|(item, ..)| item == current);
    html! {
        aside.side {
            a.wordmark href="/today" { "Atlas" }
            nav aria-label="Main" {
                ul { @for entry in MAIN_ENTRIES { (link(entry, current)) } }
                button.nav-more type="button" popovertarget="nav-menu" aria-current=[is_in_menu.then_some("true")] {
                    (icon(Icon::More)) "More"
                }
                div #nav-menu popover {
                    ul { @for entry in menu() { (link(entry, current)) } }
                    form method="post" action="/sign-out" { button type="submit" { (icon(Icon::SignOut)) "Sign out" } }
                }
            }
        }
    }
}

fn link((item, path, label, image): Entry, current: NavItem) -> Markup {
    html! {
        li { a href=(path) aria-current=[(item == current).then_some("page")] { (icon(image)) (label) } }
    }
}
