//! The offline page, the web app manifest and the service worker.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::web::assets::embedded::{address, addresses, find};
use crate::web::ui::layout::{Frame, NavItem, document, icon_name, maskable_icon_name};

/// The page that the service worker shows in place of a page that it cannot load.
pub fn page(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Offline",
        NavItem::Other,
        &html! {
            div.narrow {
                h1 { "You're offline" }
                p.lead { "This page needs a connection. You can still open Today, and your changes will sync when you're back online." }
                p.actions { a.button.plain href="/today" { "Go to Today" } }
            }
        },
    )
}

/// The web app manifest. `label` names an environment that is not production; the name of the app contains it.
pub fn manifest(label: Option<&str>) -> Value {
    let name = label.map_or_else(|| "Atlas".to_owned(), |name| format!("Atlas ({name})"));
    let icons = [192, 512].into_iter().flat_map(|pixels| {
        let sizes = format!("{pixels}x{pixels}");
        [("any", icon_name(label, pixels)), ("maskable", maskable_icon_name(label, pixels))].map(
            |(purpose, name)| json!({ "src": address(&name), "sizes": sizes, "type": "image/png", "purpose": purpose }),
        )
    });
    json!({
        "id": "/",
        "name": name,
        "short_name": name,
        "description": "A habit tracker for the days you choose.",
        "start_url": "/today",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#111111",
        "icons": icons.collect::<Vec<_>>(),
        "shortcuts": [
            { "name": "Today", "url": "/today" },
            { "name": "New habit", "url": "/habits#title" },
            { "name": "Calendar", "url": "/calendar" },
        ],
        "screenshots": [
            screenshot("wide", "1280x800"),
            screenshot("narrow", "390x844"),
        ],
    })
}

/// A picture of Today that browsers show before Atlas is installed.
fn screenshot(form_factor: &str, sizes: &str) -> Value {
    let source = address(&format!("screenshot-{form_factor}.png"));
    json!({ "src": source, "sizes": sizes, "type": "image/png", "form_factor": form_factor, "label": "Today" })
}

/// The service worker with the list of this build's assets, and the functions of `answers.js`: not every browser lets a
/// service worker import modules. Other assets make another script, which makes browsers update the worker.
pub fn service_worker() -> Option<String> {
    let is_needed = |name: &str| name != "sw.js" && matches!(name.rsplit_once('.'), Some((_, "js" | "css")));
    let assets: Vec<&String> =
        addresses().iter().filter(|(name, _)| is_needed(name)).map(|(_, address)| address).collect();
    let read = |name| String::from_utf8(find(name)?.plain.into_owned()).ok();
    let (answers, script) = (read("answers.js")?.replace("\nexport ", "\n"), read("sw.js")?);
    Some(format!("const ASSETS = {};\n{answers}\n{script}", json!(assets)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_icons_and_pictures_of_every_environment_exist() {
        for label in [None, Some("staging"), Some("development"), Some("preview/pr-7")] {
            let manifest = manifest(label);
            let icons = manifest["icons"].as_array().unwrap();
            assert_eq!(icons.len(), 4);
            let screenshots = manifest["screenshots"].as_array().unwrap();
            for image in icons.iter().chain(screenshots) {
                let source = image["src"].as_str().unwrap();
                assert!(addresses().values().any(|known| known == source), "{source} of {label:?}");
            }
        }
    }

    #[test]
    fn the_service_worker_lists_the_scripts_and_the_style_sheet() {
        let worker = service_worker().unwrap();
        let first = worker.lines().next().unwrap();
        for name in ["app.css", "app.js", "queue.js"] {
            assert!(first.contains(address(name)), "{name} in {first}");
        }
        assert!(!first.contains("/sw."), "{first}");
        assert!(worker.contains("\nasync function readPageAnswer(") && !worker.contains("\nexport "), "{worker}");
    }
}
