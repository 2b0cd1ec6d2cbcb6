//! A group in the list of habits: its name, which folds its habits away, and a menu that moves it. The script remembers on each
//! device which groups are folded.

use maud::{Markup, html};

use crate::domain::GroupName;
use crate::web::ui::icon::{Icon, icon};

/// Where a group is among the others, if it can be moved.
#[derive(Debug, Clone, Copy)]
pub struct GroupPlace {
    /// Keeps the ids of the menus apart.
    pub index: usize,
    pub is_first: bool,
    pub is_last: bool,
}

impl GroupPlace {
    /// Whether there are other groups.
    fn is_movable(self) -> bool {
        !self.is_first || !self.is_last
    }
}

/// A group of `count` habits around the list of them. It is hidden while none of them is shown.
pub fn habit_group(
    name: &GroupName,
    count: usize,
    place: Option<GroupPlace>,
    is_hidden: bool,
    list: &Markup,
) -> Markup {
    html! {
        section.habit-group data-section=(name) hidden[is_hidden] {
            @if place.is_some_and(GroupPlace::is_movable) {
                // The script shows and explains it.
                button.handle type="button" data-handle hidden aria-label={ "Reorder " (name.as_str()) } {}
            }
            details open {
                summary.section-summary { h2 dir="auto" { (name) } span.section-count { (count) } }
                (list)
            }
            @if let Some(place) = place.filter(|place| place.is_movable()) { (menu(name, place)) }
        }
    }
}

fn menu(name: &GroupName, place: GroupPlace) -> Markup {
    let (id, label) = (format!("group-menu-{}", place.index), format!("Actions for {}", name.as_str()));
    html! {
        button.menu-button id={ "group-" (place.index) } type="button" popovertarget=(id) aria-label=(label) { (icon(Icon::More)) }
        div.menu id=(id) popover role="group" aria-label=(label) {
            form method="post" action="/habits/groups/move" data-move {
                input type="hidden" name="group" value=(name);
                button type="submit" name="direction" value="up" disabled[place.is_first] { "Move up" }
                button type="submit" name="direction" value="down" disabled[place.is_last] { "Move down" }
            }
        }
    }
}
