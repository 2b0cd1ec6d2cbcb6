//! QR codes as SVG images.
//!
//! SECURITY: the server draws them, so no script and no other site gets to know their content.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};

/// Width of the white margin that scanners need (ISO/IEC 18004 §9.1), in modules.
const QUIET_ZONE_MODULES: i32 = 4;

/// A QR code of `text` with the accessible name `label`; empty if the text is too long for a QR code.
///
/// The code is black on white in every theme, because not every scanner reads inverted codes.
pub fn svg(text: &str, label: &str) -> Markup {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return html! {} };
    let side = code.size() + 2 * QUIET_ZONE_MODULES;
    html! {
        svg.qr xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (side) " " (side) } role="img" aria-label=(label) shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(dark_modules(&code)) fill="#000" {}
        }
    }
}

/// The QR code of `text` as a `data:` URL.
pub fn data_url(text: &str) -> String {
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg(text, "QR code").into_string()))
}

/// The SVG path of the dark modules, with one subpath per horizontal run.
fn dark_modules(code: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let length = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
            let length = i32::try_from(length).unwrap_or(0);
            if length > 0 {
                // Writing into a string cannot fail.
                let _ = write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET_ZONE_MODULES, y + QUIET_ZONE_MODULES);
            }
            x += length + 1;
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_dark_modules_are_drawn() {
        let code = QrCode::encode_text("otpauth://totp/Atlas:ada", QrCodeEcc::Medium).unwrap();
        let count = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let count = count.filter(|(x, y)| code.get_module(*x, *y)).count();
        let path = dark_modules(&code);
        let runs = path.split('M').skip(1).map(|run| run.split(['h', 'v']).nth(1).unwrap().parse::<usize>().unwrap());
        assert_eq!(runs.sum::<usize>(), count);
        let page = svg("otpauth://totp/Atlas:ada", "QR code").into_string();
        assert!(page.starts_with("<svg class=\"qr\"") && page.contains("aria-label=\"QR code\""));
        assert_eq!(svg(&"x".repeat(4_000), "QR code").into_string(), "");
    }
}
