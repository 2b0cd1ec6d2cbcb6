//! The style page: the shared components in their states, light and dark side by side. Developers look here before they draw
//! something new, and the tests of pages check contrast and markup of states that no other page shows.
//!
//! What belongs to one page, such as a row of Today or a day of the calendar, is on that page.

use maud::{Markup, html};

use crate::web::dev::style_samples::{charts, controls, texts};
use crate::web::ui::heatmap::mark_definitions;
use crate::web::ui::layout::{Frame, NavItem, document};
use crate::web::ui::page_head::page_head;

/// The page.
pub fn style_page(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Styles",
        NavItem::Other,
        &html! {
            (mark_definitions())
            div.styles {
                (page_head("Styles", &html! { p.hint { "Shared components in every state" } }))
                @for (title, component) in COMPONENTS {
                    section aria-label=(title) {
                        h2 { (title) }
                        div.styles-themes {
                            @for theme in ["light", "dark"] { div.styles-theme data-theme=(theme) { (component(theme)) } }
                        }
                    }
                }
            }
        },
    )
}

/// Draws a component. Its ids begin with the theme, since each is on the page twice.
type Component = fn(&str) -> Markup;

const COMPONENTS: [(&str, Component); 20] = [
    ("Text", texts::text),
    ("Buttons", controls::buttons),
    ("Fields", controls::fields),
    ("Choices", controls::choices),
    ("Days and looks", controls::days_and_looks),
    ("Links to parts", controls::part_links),
    ("Menus", controls::menu),
    ("Questions", controls::question),
    ("Notices", texts::notices),
    ("Toasts", texts::toasts),
    ("Empty lists", texts::empty_list),
    ("Icons", texts::icons),
    ("Progress", charts::progress_bars),
    ("Colors of habits", charts::habit_colors),
    ("Figures and charts", charts::bar_charts),
    ("Streaks and months", charts::streaks_and_months),
    ("Marks", charts::marks),
    ("Tables", texts::tables),
    ("Lists", texts::object_table),
    ("Messages", texts::message),
];
