//! Choosing a time zone.
//!
//! A plain select, although there are some six hundred zones: phones show it as a list that fills the screen, screen
//! readers know it, nothing can be mistyped, and it needs no script. (Suggestions to a text field, the alternative, are
//! missing on some phones and unheard by some screen readers.) Zones are grouped by region and go by their city, so that
//! typing "lis" finds Lisbon. That costs 29 KB on two pages that are seldom opened.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::form::{options, select};
use crate::domain::{Fault, Zone};

/// The field. When nothing is `chosen` it says so: a wrong zone would go unnoticed until a day ends at the wrong hour.
pub fn field(chosen: &str, faults: &[Fault]) -> Markup {
    let names = Zone::names();
    let mut regions: BTreeMap<&str, BTreeMap<String, &str>> = BTreeMap::new();
    let mut others = Vec::new();
    for name in &names {
        match region(name) {
            Some(region) => drop(regions.entry(region).or_default().insert(city(name), name)),
            None => others.push((name.as_str(), name.as_str())),
        }
    }
    // As the database writes it: names are also understood in another case.
    let chosen = Zone::parse(chosen).ok();
    let chosen = chosen.as_ref().map_or("", Zone::name);
    let all = html! {
        @if chosen.is_empty() { option value="" selected { "Choose…" } }
        @for (region, cities) in &regions {
            optgroup label=(region) { (options(cities.iter().map(|(city, name)| (*name, city.as_str())), chosen)) }
        }
        optgroup label="Other" { (options(others, chosen)) }
    };
    select("timeZone", "Time zone", &all, Some("Your days begin and end there."), faults)
}

/// The part of the world a zone is named after. Short names, and those of countries, are old ones kept for machines.
fn region(name: &str) -> Option<&str> {
    const WORLD: [&str; 10] =
        ["Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific"];
    name.split_once('/').map(|(region, _)| region).filter(|region| WORLD.contains(region))
}

/// `Salta, Argentina` for `America/Argentina/Salta`.
fn city(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('/').skip(1).collect();
    parts.reverse();
    parts.join(", ").replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_can_be_chosen_and_the_chosen_one_is() {
        let markup = field("america/argentina/salta", &[]).into_string();
        assert!(markup.contains("<option value=\"America/Argentina/Salta\" selected>Salta, Argentina</option>"));
        assert_eq!(markup.matches(" selected").count(), 1);
        for name in Zone::names() {
            assert_eq!(markup.matches(&format!("value=\"{name}\"")).count(), 1, "{name}");
        }
        assert!(markup.len() < 40_000, "{} bytes", markup.len());
    }

    #[test]
    fn where_nothing_is_chosen_nothing_is_guessed() {
        for none in ["", "Mars/Olympus"] {
            let markup = field(none, &[]).into_string();
            assert!(markup.contains("<option value=\"\" selected>Choose…</option>"), "{none}");
            assert_eq!(markup.matches(" selected").count(), 1);
        }
    }
}
