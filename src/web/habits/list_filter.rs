//! The filter above the list of habits: a part of the name, a tag, and the order.

use maud::{Markup, html};

use crate::domain::habits::sort::ListSort;
use crate::domain::{Habit, Tag};
use crate::web::ui::form::options;

/// What the list shows, and in which order.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListFilter<'a> {
    /// Only habits whose title contains this text are shown.
    pub text: &'a str,
    /// Only habits with this tag are shown, unless it is empty.
    pub tag: &'a str,
    pub sort: ListSort,
}

impl ListFilter<'_> {
    /// The script filters the same way.
    pub fn is_shown(&self, habit: &Habit) -> bool {
        let has_text = habit.title.as_str().to_lowercase().contains(&self.text.trim().to_lowercase());
        has_text && (self.tag.is_empty() || habit.tags.has(self.tag))
    }

    pub fn is_active(&self) -> bool {
        !self.text.trim().is_empty() || !self.tag.is_empty()
    }
}

/// The form, which leads to the page at `action`. `shown` of `total` habits match.
pub fn filter_form(action: &str, filter: &ListFilter<'_>, tags: &[&Tag], shown: usize, total: usize) -> Markup {
    let sorts = options(ListSort::ALL.iter().map(|sort| (sort.as_str(), sort.label())), filter.sort.as_str());
    html! {
        form.filter role="search" method="get" action=(action) data-filter {
            label.unseen for="filter" { "Filter by name" }
            input #filter type="search" name="q" value=(filter.text) placeholder="Filter by name" autocomplete="off" dir="auto";
            @if !tags.is_empty() {
                select name="tag" aria-label="Tag" {
                    option value="" { "All tags" }
                    @for tag in tags { option value=(tag) selected[tag.is_named(filter.tag)] { (tag) } }
                }
            }
            @if action == "/habits" { select name="sort" aria-label="Sort by" { (sorts) } }
            button.button.plain type="submit" { "Filter" }
            p.hint role="status" data-matches {
                @if filter.is_active() && shown == 0 { "No habit matches." } @else if filter.is_active() { (shown) " of " (total) " shown" }
            }
        }
    }
}
