//! QR codes as pictures: SVG made on the server, so that what they say is told to no script and no other site.

use std::fmt::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};

/// White around the code, in modules, as scanners need it (ISO/IEC 18004 §9.1).
const QUIET: i32 = 4;

/// A QR code of `text` that screen readers call `name`; nothing when the text is too long for one.
///
/// It is black on white in every theme, for not every scanner reads the reverse.
pub fn svg(text: &str, name: &str) -> Markup {
    let Ok(code) = QrCode::encode_text(text, QrCodeEcc::Medium) else { return html! {} };
    let side = code.size() + 2 * QUIET;
    html! {
        svg.qr xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (side) " " (side) } role="img" aria-label=(name) shape-rendering="crispEdges" {
            rect width=(side) height=(side) fill="#fff" {}
            path d=(dark(&code)) fill="#000" {}
        }
    }
}

/// The same as an address that an `img` may have.
pub fn data_url(text: &str) -> String {
    format!("data:image/svg+xml;base64,{}", STANDARD.encode(svg(text, "QR code").into_string()))
}

/// The dark modules, one stroke per run.
fn dark(code: &QrCode) -> String {
    let mut path = String::new();
    for y in 0..code.size() {
        let mut x = 0;
        while x < code.size() {
            let length = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
            let length = i32::try_from(length).unwrap_or(0);
            if length > 0 {
                // Writing into a string does not fail.
                let _ = write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET);
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
    fn every_dark_module_is_drawn_and_no_other() {
        let code = QrCode::encode_text("otpauth://totp/Atlas:ada", QrCodeEcc::Medium).unwrap();
        let count = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
        let count = count.filter(|(x, y)| code.get_module(*x, *y)).count();
        let path = dark(&code);
        let runs = path.split('M').skip(1).map(|run| run.split(['h', 'v']).nth(1).unwrap().parse::<usize>().unwrap());
        assert_eq!(runs.sum::<usize>(), count);
        let page = svg("otpauth://totp/Atlas:ada", "QR code").into_string();
        assert!(page.starts_with("<svg class=\"qr\"") && page.contains("aria-label=\"QR code\""));
        assert_eq!(svg(&"x".repeat(4_000), "QR code").into_string(), "");
    }
}
