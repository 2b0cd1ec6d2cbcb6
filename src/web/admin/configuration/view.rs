//! The page with the settings the server runs with.

use maud::{Markup, html};

use crate::config::report::SettingReport;
use crate::web::admin::list_query::ListQuery;
use crate::web::admin::view::{AdminPage, page};
use crate::web::ui::layout::Frame;
use crate::web::ui::page_head::page_head;
use crate::web::ui::table::{Column, TableRow, data_table};

/// The orders besides that of the handbook.
pub const BY_NAME: &str = "setting";
pub const BY_ORIGIN: &str = "origin";

/// Every setting with its origin. SECURITY: the report contains no secrets.
pub fn configuration_page(frame: &Frame<'_>, list: &ListQuery, settings: &[&SettingReport]) -> Markup {
    let columns = [list.column("Setting", BY_NAME), Column::new("Value"), list.column("Set by", BY_ORIGIN).labeled()];
    let row = |setting: &&SettingReport| TableRow {
        head: html! { code { (setting.key) } span.hint { (setting.about) } },
        cells: vec![
            html! { strong { (setting.value.as_deref().unwrap_or("–")) } },
            html! { (setting.origin.as_deref().unwrap_or("not set")) },
        ],
        ..TableRow::default()
    };
    let main = html! {
        (page_head("Configuration", &html! {}))
        p.lead { "The settings this server was started with. " code { "atlas check" } " prints them with any problems." }
        (data_table("Settings", &columns, &settings.iter().map(row).collect::<Vec<_>>()))
    };
    page(frame, AdminPage::Configuration, "Configuration", &main)
}
