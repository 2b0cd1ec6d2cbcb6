//! Atlas on a phone's home screen, and without a connection.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::assets::{address, addresses, find};
use super::layout::{Frame, Here, document, icon};

/// What is shown in place of a page that cannot be reached.
pub fn page(frame: &Frame<'_>) -> Markup {
    document(
        frame,
        "Offline",
        Here::Elsewhere,
        &html! {
            div.narrow {
                h1 { "No connection" }
                p.lead { "This page needs a connection to Atlas. Your last list opens without one, and ticks wait on this device until they can be sent." }
                p.actions { a.button.plain href="/today" { "Open today" } }
            }
        },
    )
}

/// The web app manifest: what Atlas is called and how it looks once it is installed. An environment that is not production
/// says so in its name.
pub fn manifest(marked: Option<&str>) -> Value {
    let name = marked.map_or_else(|| "Atlas".to_owned(), |name| format!("Atlas ({name})"));
    let icons = [192, 512].into_iter().flat_map(|pixels| {
        let (source, sizes) = (address(&icon(marked, pixels)), format!("{pixels}x{pixels}"));
        // The sign lies within the middle that every platform's mask leaves.
        ["any", "maskable"]
            .map(|purpose| json!({ "src": source, "sizes": sizes, "type": "image/png", "purpose": purpose }))
    });
    json!({
        "id": "/",
        "name": name,
        "short_name": name,
        "description": "Habits with weekdays, ticked off day by day.",
        "start_url": "/today",
        "scope": "/",
        "display": "standalone",
        "background_color": "#ffffff",
        "theme_color": "#111111",
        "icons": icons.collect::<Vec<_>>(),
        "shortcuts": [
            { "name": "Calendar", "url": "/calendar" },
            { "name": "Habits", "url": "/habits" },
        ],
    })
}

/// The service worker: its script, told which assets this build has. A build with other assets is another script, so
/// browsers take it up.
pub fn worker() -> Option<String> {
    let is_needed = |name: &str| name != "sw.js" && matches!(name.rsplit_once('.'), Some((_, "js" | "css")));
    let assets: Vec<&String> =
        addresses().iter().filter(|(name, _)| is_needed(name)).map(|(_, address)| address).collect();
    let script = find("sw.js")?;
    let script = std::str::from_utf8(&script.plain).ok()?.to_owned();
    Some(format!("const ASSETS = {};\n{script}", json!(assets)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_icon_of_every_environment_is_there() {
        for marked in [None, Some("staging"), Some("development"), Some("preview/pr-7")] {
            let manifest = manifest(marked);
            let icons = manifest["icons"].as_array().unwrap();
            assert_eq!(icons.len(), 4);
            for icon in icons {
                let source = icon["src"].as_str().unwrap();
                assert!(addresses().values().any(|known| known == source), "{source} of {marked:?}");
            }
        }
    }

    #[test]
    fn the_service_worker_knows_the_scripts_and_the_style_sheet() {
        let worker = worker().unwrap();
        let first = worker.lines().next().unwrap();
        for name in ["app.css", "app.js", "queue.js"] {
            assert!(first.contains(address(name)), "{name} in {first}");
        }
        assert!(!first.contains("/sw."), "{first}");
    }
}
