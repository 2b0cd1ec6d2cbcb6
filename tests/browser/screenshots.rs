//! The pictures in the README: Today, light and dark, from the running product. `.github/update-screenshots` writes them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::browser::Device;
use super::seeded::open_as_ines;

/// The folder to write the pictures to; without it they are taken and compared only.
const FOLDER_VARIABLE: &str = "ATLAS_SCREENSHOTS";

#[tokio::test]
async fn today_is_a_picture_in_light_and_in_dark() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.wait_for_text("Stretch before coffee").await;
    ines.toggle_completion("Read 10 pages").await;
    ines.wait_for_done("Read 10 pages", true).await;
    ines.reload().await;
    ines.browser.resize((1280, 800)).await;
    let mut pictures = Vec::new();
    for color_scheme in ["light", "dark"] {
        ines.browser
            .emulate_media(&[("prefers-color-scheme", color_scheme), ("prefers-reduced-motion", "reduce")])
            .await;
        let picture = STANDARD.decode(ines.browser.screenshot(false).await).expect("a picture in base64");
        assert!(picture.starts_with(b"\x89PNG"), "{color_scheme} is no PNG");
        if let Some(folder) = std::env::var_os(FOLDER_VARIABLE) {
            let file = std::path::Path::new(&folder).join(format!("today-{color_scheme}.png"));
            std::fs::write(&file, &picture).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
        pictures.push(picture);
    }
    assert_ne!(pictures[0], pictures[1], "both schemes look the same");
}
