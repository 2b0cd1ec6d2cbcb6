//! No page has a fault that a program can find: none of accessibility, in light and dark, and none of HTML.

use super::axe;
use super::browser::Device;
use super::markup::Markup;
use super::tour::tour;

/// In which light pages are looked at: the colours that a device prefers.
const LIGHTS: [&str; 2] = ["light", "dark"];

const DESKTOP: (u32, u32) = (1280, 900);
const PHONE: (u32, u32) = (390, 844);
const TABLET: (u32, u32) = (768, 1024);
const NARROWEST: (u32, u32) = (320, 568);

#[tokio::test]
async fn no_page_has_a_fault_that_a_program_can_find() {
    let screens: &[_] = if takes_long() { &[DESKTOP, TABLET, PHONE, NARROWEST] } else { &[DESKTOP, PHONE] };
    let markup = Markup::new();
    let mut faults = Vec::new();
    tour(Device::DESKTOP, async |person, stop| {
        if let Some(page) = person.browser.served().await {
            markup.keep(stop.page, &page);
        }
        for screen in screens {
            person.browser.resizes(*screen).await;
            // The page's script has heard of it when the next frame is drawn.
            let width =
                "return new Promise((drawn) => requestAnimationFrame(() => setTimeout(() => drawn(innerWidth))))";
            assert_eq!(person.asks(width).await, screen.0, "{} is as wide as the screen", stop.page);
            for light in LIGHTS {
                // Colours on their way from one to another must not be measured.
                let features = [("prefers-color-scheme", light), ("prefers-reduced-motion", "reduce")];
                person.browser.prefers(&features).await;
                let findings = axe::findings(person).await;
                faults.extend(
                    findings.iter().map(|found| format!("{}, {} pixels, {light}: {found}", stop.page, screen.0)),
                );
            }
        }
        person.browser.resizes(DESKTOP).await;
    })
    .await;
    faults.extend(markup.findings());
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// Whether `ATLAS_TESTS=long` asks for what takes longer than every change can wait for.
fn takes_long() -> bool {
    std::env::vars_os().any(|(name, value)| name == "ATLAS_TESTS" && value == "long")
}
