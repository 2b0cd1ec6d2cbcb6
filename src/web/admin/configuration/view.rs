//! The page with the settings the server runs with.

use maud::{Markup, html};

use crate::config::report::SettingReport;
use crate::web::admin::view::{AdminPage, page};
use crate::web::ui::layout::Frame;

/// Every setting with its origin. SECURITY: the report contains no secrets.
pub fn configuration_page(frame: &Frame<'_>, settings: &[SettingReport]) -> Markup {
    let main = html! {
        h1 { "Configuration" }
        p.lead { "The settings this server was started with. " code { "atlas check" } " prints them with any problems." }
        ul.records {
            @for setting in settings {
                li {
                    code { (setting.key) }
                    strong { (setting.value.as_deref().unwrap_or("–")) }
                    span.hint { (setting.origin.as_deref().unwrap_or("not set")) " · " (setting.about) }
                }
            }
        }
    };
    page(frame, AdminPage::Configuration, "Configuration", &main)
}
