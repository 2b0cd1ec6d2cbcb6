//! The time zone field.
//!
//! It is a plain select, although there are about 600 time zones. Phones show it as a full-screen list, screen readers
//! support it, nothing can be mistyped, and it works without JavaScript. (The alternative, a text field with
//! suggestions, is missing on some phones and not announced by some screen readers.) Zones are grouped by region and
//! listed by city, so that typing "lis" finds Lisbon. This adds 29 KB to pages that are rarely opened.

use std::collections::BTreeMap;

use maud::{Markup, html};

use crate::domain::{FieldError, Zone};
use crate::web::ui::form::{options, select};

/// The field with `selected`, the name of a zone. Without a valid one it preselects nothing: a wrong guess would not be
/// noticed until a day ends at the wrong hour.
pub fn field(selected: &str, errors: &[FieldError]) -> Markup {
    let names = Zone::names();
    let mut regions: BTreeMap<&str, BTreeMap<String, &str>> = BTreeMap::new();
    let mut others = Vec::new();
    for name in &names {
        match region(name) {
            Some(region) => drop(regions.entry(region).or_default().insert(city(name), name)),
            None => others.push((name.as_str(), name.as_str())),
        }
    }
    // Names are parsed without regard to case; this is the spelling of the time zone database.
    let selected = Zone::parse(selected).ok();
    let selected = selected.as_ref().map_or("", Zone::name);
    let all = html! {
        @if selected.is_empty() { option value="" selected { "Choose…" } }
        @for (region, cities) in &regions {
            optgroup label=(region) { (options(cities.iter().map(|(city, name)| (*name, city.as_str())), selected)) }
        }
        optgroup label="Other" { (options(others, selected)) }
    };
    select("timeZone", "Time zone", &all, Some("Your days start and end in this time zone."), errors)
}

/// The region of a zone. Names without a region, or with that of a country, are legacy aliases.
fn region(name: &str) -> Option<&str> {
    const REGIONS: [&str; 10] =
        ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];
    name.split_once('/').map(|(region, _)| region).filter(|region| REGIONS.contains(region))
}

/// The city of a zone: `Salta, Argentina` for `America/Argentina/Salta`.
fn city(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').skip(1).collect();
    parts.reverse();
    parts.join(", ").replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_is_an_option_and_the_current_one_is_selected() {
        let markup = field("america/argentina/salta", &[]).into_string();
        assert!(markup.contains("<option value=\"America/Argentina/Salta\" selected>Salta, Argentina</option>"));
        assert_eq!(markup.matches(" selected").count(), 1);
        for name in Zone::names() {
            assert_eq!(markup.matches(&format!("value=\"{name}\"")).count(), 1, "{name}");
        }
        assert!(markup.len() < 40_000, "{} bytes", markup.len());
    }

    #[test]
    fn no_zone_is_preselected_without_a_valid_name() {
        for name in ["", "Mars/Olympus"] {
            let markup = field(name, &[]).into_string();
            assert!(markup.contains("<option value=\"\" selected>Choose…</option>"), "{name}");
            assert_eq!(markup.matches(" selected").count(), 1);
        }
    }
}
