//! The pictures in the README and in the web app manifest: Today, from the running product. `tests/update-screenshots` writes them.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::browser::Device;
use super::seeded::open_as_ines;

/// The repository to write the pictures to; without it they are taken and compared only.
const REPOSITORY_VARIABLE: &str = "ATLAS_SCREENSHOTS";

/// Small enough to be embedded in every binary.
const MAX_MANIFEST_PICTURE_BYTES: usize = 60 << 10;

/// A picture: its file, the screen, and the color scheme.
const PICTURES: [(&str, (u32, u32), &str); 4] = [
    (".github/images/today-light.png", (1280, 800), "light"),
    (".github/images/today-dark.png", (1280, 800), "dark"),
    ("assets/screenshot-wide.png", (1280, 800), "light"),
    ("assets/screenshot-narrow.png", (390, 844), "light"),
];

#[tokio::test]
async fn today_is_a_picture_on_every_screen_in_light_and_in_dark() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.wait_for_text("Stretch before coffee").await;
    ines.toggle_completion("Read 10 pages").await;
    ines.wait_for_done("Read 10 pages", true).await;
    ines.reload().await;
    let mut pictures = Vec::new();
    for (file, screen, color_scheme) in PICTURES {
        ines.browser.resize(screen).await;
        ines.browser
            .emulate_media(&[("prefers-color-scheme", color_scheme), ("prefers-reduced-motion", "reduce")])
            .await;
        let is_for_manifest = file.starts_with("assets/");
        if is_for_manifest {
            // People install production, which has no banner.
            ines.run_script("document.querySelector('.banner')?.remove(); return 1").await;
        }
        let picture = STANDARD.decode(ines.browser.screenshot(false).await).expect("a picture in base64");
        assert!(picture.starts_with(b"\x89PNG"), "{file} is no PNG");
        assert!(!is_for_manifest || picture.len() <= MAX_MANIFEST_PICTURE_BYTES, "{file} has {} bytes", picture.len());
        if let Some(repository) = std::env::var_os(REPOSITORY_VARIABLE) {
            let file = Path::new(&repository).join(file);
            std::fs::write(&file, &picture).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        }
        assert!(!pictures.contains(&picture), "{file} looks like another picture");
        pictures.push(picture);
    }
}
