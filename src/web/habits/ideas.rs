//! Ideas to start from, each created with one tap.

use maud::{Markup, html};

use crate::domain::habits::preset::{Preset, PresetGroup};
use crate::domain::{Habit, Weekdays};

/// With fewer habits than this, the ideas are unfolded.
const FEW_HABITS: usize = 3;

/// The presets that aren't among `habits` yet, by group.
pub fn ideas(habits: &[Habit]) -> Markup {
    let is_offered = |preset: &&Preset| habits.iter().all(|habit| habit.title.as_str() != preset.title);
    let groups = PresetGroup::ALL.map(|group| (group, group.presets().filter(is_offered).collect::<Vec<_>>()));
    if groups.iter().all(|(_, presets)| presets.is_empty()) {
        return html! {};
    }
    html! {
        details.ideas open[habits.len() < FEW_HABITS] {
            summary { h2 { "Ideas to start from" } }
            form method="post" action="/habits" {
                @for (group, presets) in groups.iter().filter(|(_, presets)| !presets.is_empty()) {
                    div.idea-group {
                        h3 { (group.name()) }
                        ul { @for preset in presets { (idea(preset)) } }
                    }
                }
            }
        }
    }
}

/// The days are beside the button, not in its name, because scripts written for the predecessor find the buttons `Mon` to
/// `Sun` by a part of their names.
fn idea(preset: &Preset) -> Markup {
    let days = format!("idea-{}", preset.key);
    html! {
        li.idea data-color=(preset.color.as_str()) {
            span.habit-mark aria-hidden="true" { (preset.emoji) }
            button type="submit" name="preset" value=(preset.key) aria-describedby=(days) { (preset.title) }
            span.habit-days id=(days) { (preset.weekdays().map(Weekdays::summary).unwrap_or_default()) }
        }
    }
}
