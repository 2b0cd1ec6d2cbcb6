//! The colors of habits: whether people can see them and read what is written on them, computed from the style sheets.

use std::collections::BTreeMap;
use std::fs;

use atlas::domain::HabitColor;

/// WCAG 1.4.11: cells, bars and swatches against what is around them.
const MIN_GRAPHICS_CONTRAST: f64 = 3.0;
/// WCAG 1.4.3: marks and text.
const MIN_TEXT_CONTRAST: f64 = 4.5;

type Rgb = [f64; 3];

/// The colors that the style sheets declare as `--name: #hex`. Later sheets win.
fn declared_colors(sheets: &[&str]) -> BTreeMap<String, Rgb> {
    let mut colors = BTreeMap::new();
    for sheet in sheets {
        let css = fs::read_to_string(format!("assets/css/{sheet}.css")).unwrap();
        // Only the first rule has the theme's colors. In tokens.css, others follow for the accents.
        let (_, rule) = css.split_once(":root {").unwrap();
        for declaration in rule.split_once('}').unwrap().0.split(';') {
            if let Some((name, hex)) = declaration.trim().split_once(": #") {
                colors.insert(name.trim_start_matches("--").to_owned(), rgb(hex));
            }
        }
    }
    colors
}

fn rgb(hex: &str) -> Rgb {
    let digits: Vec<char> =
        if hex.len() == 3 { hex.chars().flat_map(|c| [c, c]).collect() } else { hex.chars().collect() };
    let channel = |at: usize| {
        let pair: String = digits[at..at + 2].iter().collect();
        f64::from(u8::from_str_radix(&pair, 16).unwrap()) / 255.0
    };
    [channel(0), channel(2), channel(4)]
}

/// `share` of one color in another one, like `color-mix(in srgb, …)`.
fn mix(color: Rgb, share: f64, other: Rgb) -> Rgb {
    [0, 1, 2].map(|at| color[at] * share + other[at] * (1.0 - share))
}

/// The contrast ratio of WCAG 2.2.
fn contrast(one: Rgb, other: Rgb) -> f64 {
    let luminance = |color: Rgb| {
        let [red, green, blue] = color.map(|c| if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    (one / other).max(other / one)
}

#[test]
fn every_color_can_be_seen_and_read_in_both_themes() {
    let css = fs::read_to_string("assets/css/habit-colors.css").unwrap();
    assert!(
        css.contains("--habit-soft: color-mix(in srgb, var(--habit) 16%, var(--background))"),
        "the tint below is another one"
    );
    assert!(css.contains("--on-habit: var(--background)"), "the text below is another one");
    for (theme, sheets) in [("light", &["tokens", "habit-colors"][..]), ("dark", &["tokens", "habit-colors", "dark"])] {
        let colors = declared_colors(sheets);
        let (background, surface, text) = (colors["background"], colors["surface"], colors["text"]);
        for color in HabitColor::ALL.map(HabitColor::as_str) {
            assert!(css.contains(&format!("[data-color=\"{color}\"] {{\n  --habit: var(--habit-{color});")), "{color}");
            let habit = colors[&format!("habit-{color}")];
            for (around, name) in [(background, "background"), (surface, "surface")] {
                let ratio = contrast(habit, around);
                assert!(ratio >= MIN_GRAPHICS_CONTRAST, "{theme}: {color} on {name} has {ratio:.2}");
            }
            let on_habit = contrast(background, habit);
            assert!(on_habit >= MIN_TEXT_CONTRAST, "{theme}: text on {color} has {on_habit:.2}");
            let on_soft = contrast(text, mix(habit, 0.16, background));
            assert!(on_soft >= MIN_TEXT_CONTRAST, "{theme}: text on the tint of {color} has {on_soft:.2}");
        }
    }
}

#[test]
fn each_theme_has_its_own_shade_of_every_color() {
    let (light, dark) = (declared_colors(&["habit-colors"]), declared_colors(&["dark"]));
    for color in HabitColor::ALL.map(|color| format!("habit-{}", color.as_str())) {
        assert!(contrast(light[&color], dark[&color]) > 1.0, "{color}");
    }
}

#[test]
fn contrast_is_computed_as_wcag_defines_it() {
    assert!((contrast(rgb("fff"), rgb("000")) - 21.0).abs() < 0.01);
    assert!((contrast(rgb("767676"), rgb("ffffff")) - 4.54).abs() < 0.01);
}
