//! The user list and the page of a user. They show what admins need to help people, and no habits.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::app::admin::queries::UserDetail;
use crate::domain::{Account, AccountId};
use crate::web::admin::view::{
    AdminNotice, AdminPage, PageLinks, facts, format_number, page, pagination, search_form, show_notice,
};
use crate::web::ui::date::utc_time;
use crate::web::ui::layout::Frame;

/// The list of users who match `query`. `total` counts all users.
pub fn users_page(frame: &Frame<'_>, query: &str, users: &[Account], total: u64, links: &PageLinks) -> Markup {
    let main = html! {
        h1 { "Users" }
        p.lead { (format_number(total)) " total, newest first." }
        (search_form("/admin/users", query, "Name or email contains", None))
        (user_list(users))
        (pagination(links, users.is_empty()))
        p { a.more href="/api/admin/exports/users?for=spreadsheet" { "Download all as CSV" } }
    };
    page(frame, AdminPage::Users, "Users", &main)
}

/// Users, one per line.
pub fn user_list(users: &[Account]) -> Markup {
    html! {
        ul.records {
            @for user in users {
                li {
                    a href={ "/admin/users/" (user.id) } dir="auto" { (user.name()) }
                    span { (user.email) }
                    @if user.disabled_at.is_some() { strong.badge { "Disabled" } }
                    @if user.verified_at.is_none() { strong.badge { "Not confirmed" } }
                    span.hint { "Joined " (utc_time(user.created_at)) }
                }
            }
        }
    }
}

/// The page of a user. `is_own` says that it is the admin's own account.
pub fn user_page(frame: &Frame<'_>, user: &UserDetail, is_own: bool, notice: AdminNotice<'_>) -> Markup {
    let account = &user.account;
    let time = |at: Option<Timestamp>| html! { @if let Some(at) = at { (utc_time(at)) } @else { "–" } };
    let main = html! {
        h1 dir="auto" { (account.name()) }
        p.lead { (account.email) }
        (show_notice(notice))
        (facts(&[
            ("Email confirmed", time(account.verified_at)),
            ("Disabled", time(account.disabled_at)),
            ("Joined", utc_time(account.created_at)),
            ("Last seen", time(user.seen_at)),
            ("Signed in on", html! { (user.sessions) @if user.sessions == 1 { " device" } @else { " devices" } }),
            ("Habits", html! { (user.active) " active, " (user.archived) " archived" }),
            ("Time zone", html! { (account.zone().name()) }),
            ("Admin", html! { @if user.is_admin { "Yes, set in the configuration" } @else { "No" } }),
            ("ID", html! { code { (account.id) } }),
        ]))
        div.actions { (buttons(account, is_own)) }
        p.links {
            a.more href={ "/admin/audit?person=" (account.id) } { "Audit trail" }
            a.more href={ "/admin/habits?search=" (account.email) "&status=all" } { "Habits" }
        }
    };
    page(frame, AdminPage::Users, account.name(), &main)
}

fn buttons(account: &Account, is_own: bool) -> Markup {
    html! {
        @if account.disabled_at.is_some() {
            (button(account.id, "enable", "Enable"))
        } @else if !is_own {
            (button(account.id, "disable", "Disable"))
        }
        (button(account.id, "sign-out", "Sign out all devices"))
        @if account.verified_at.is_none() { (button(account.id, "resend", "Resend email")) }
    }
}

fn button(id: AccountId, action: &str, label: &str) -> Markup {
    html! {
        form method="post" action={ "/admin/users/" (id) "/" (action) } { button.button.plain type="submit" { (label) } }
    }
}
