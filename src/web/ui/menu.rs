//! Menus: a button with three dots, and a popover with what can be done with the object beside it. They work without JavaScript.

use maud::{Markup, html};

use crate::web::ui::icon::{Icon, icon};

/// The id of the button of a menu, for the fragment of addresses that lead back to it.
pub fn menu_button_id(id: &str) -> String {
    format!("actions-{id}")
}

/// The menu of the object with this id and name. `items` are forms with buttons.
pub fn action_menu(id: &str, name: &str, items: &Markup) -> Markup {
    let label = format!("Actions for {name}");
    html! {
        button.menu-button id=(menu_button_id(id)) type="button" popovertarget={ "menu-" (id) } aria-label=(label) { (icon(Icon::More)) }
        div.menu id={ "menu-" (id) } popover role="group" aria-label=(label) { (items) }
    }
}
