//! The user list and the page of a user. They show what admins need to help people, and no habits.

use jiff::Timestamp;
use maud::{Markup, html};

use super::actions::{UserAction, available_actions, page_buttons, row_dialog, row_menu};
use crate::app::admin::queries::UserDetail;
use crate::domain::{Account, AccountId};
use crate::web::admin::list_query::{ListQuery, PageLinks};
use crate::web::admin::view::{
    AdminNotice, AdminPage, facts, format_number, page, pagination, search_form, show_notice,
};
use crate::web::assets::embedded::address;
use crate::web::ui::date::{utc_date, utc_time};
use crate::web::ui::layout::Frame;
use crate::web::ui::page_head::page_head;
use crate::web::ui::table::{Column, TableRow, data_table};

/// By when they signed up.
pub const BY_JOINED: &str = "joined";
pub const BY_EMAIL: &str = "email";

/// What the list shows.
#[derive(Debug)]
pub struct UsersView<'a> {
    pub list: &'a ListQuery,
    pub search: &'a str,
    pub users: &'a [Account],
    /// All users.
    pub total: u64,
    /// The admin's own account.
    pub own_id: AccountId,
    /// The dialog that is open at a row.
    pub open: Option<(AccountId, UserAction)>,
    pub notice: AdminNotice<'a>,
}

/// The list of users who match the search.
pub fn users_page(frame: &Frame<'_>, view: &UsersView<'_>, links: &PageLinks) -> Markup {
    let columns = [
        Column::new("Name"),
        view.list.column("Email", BY_EMAIL),
        Column::new("Status"),
        view.list.column("Joined", BY_JOINED).labeled(),
    ];
    let row = |user: &Account| {
        let is_own = user.id == view.own_id;
        let open = view.open.filter(|(id, action)| *id == user.id && available_actions(user, is_own).contains(action));
        TableRow {
            menu: row_menu(user, is_own, view.list),
            dialog: html! { @if let Some((_, action)) = open { (row_dialog(user, action, view.list)) } },
            ..user_row(user)
        }
    };
    let main = html! {
        (page_head("Users", &html! { a.more href="/api/admin/exports/users?for=spreadsheet" { "Download all as CSV" } }))
        (show_notice(view.notice))
        p.lead { (format_number(view.total)) " total." }
        (search_form(view.list, view.search, "Name or email contains", None))
        (data_table("Users", &columns, &view.users.iter().map(row).collect::<Vec<_>>()))
        (pagination(links, view.users.is_empty()))
        script type="module" src=(address("admin.js")) {}
    };
    page(frame, AdminPage::Users, "Users", &main)
}

/// Users without menus.
pub fn user_table(caption: &str, users: &[Account]) -> Markup {
    let columns = [Column::new("Name"), Column::new("Email"), Column::new("Status"), Column::new("Joined").labeled()];
    data_table(caption, &columns, &users.iter().map(user_row).collect::<Vec<_>>())
}

fn user_row(user: &Account) -> TableRow {
    TableRow {
        head: html! { a href={ "/admin/users/" (user.id) } dir="auto" { (user.name()) } },
        cells: vec![
            html! { (user.email) },
            html! {
                @if user.disabled_at.is_some() { strong.badge { "Disabled" } }
                @if user.verified_at.is_none() { strong.badge { "Not confirmed" } }
            },
            utc_date(user.created_at),
        ],
        ..TableRow::default()
    }
}

/// The page of a user. `is_own` says that it is the admin's own account, and `open` which action is to be confirmed.
pub fn user_page(
    frame: &Frame<'_>,
    user: &UserDetail,
    is_own: bool,
    open: Option<UserAction>,
    notice: AdminNotice<'_>,
) -> Markup {
    let account = &user.account;
    let time = |at: Option<Timestamp>| html! { @if let Some(at) = at { (utc_time(at)) } @else { "–" } };
    let main = html! {
        (page_head(account.name(), &html! {}))
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
        (page_buttons(account, is_own, open))
        p.links {
            a.more href={ "/admin/audit?person=" (account.id) } { "Audit trail" }
            a.more href={ "/admin/habits?search=" (account.email) "&status=all" } { "Habits" }
        }
        script type="module" src=(address("admin.js")) {}
    };
    page(frame, AdminPage::Users, account.name(), &main)
}
