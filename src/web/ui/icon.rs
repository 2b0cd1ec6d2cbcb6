//! Icons: strokes in a square of 24 units. `assets/css/icons.css` draws them in the color of the text beside them.

use maud::{Markup, html};

/// What an icon shows.
#[derive(Debug, Clone, Copy)]
pub enum Icon {
    Today,
    Calendar,
    Habits,
    Insights,
    More,
    Group,
    Account,
    Admin,
    SignOut,
}

impl Icon {
    /// The outline. A line of no length is a dot, because its ends are round.
    const fn path(self) -> &'static str {
        match self {
            Self::Today => "M4 12a8 8 0 0 0 16 0 8 8 0 0 0-16 0m4.5.5 2.5 2.5 5-5",
            Self::Calendar => "M4 6h16v14H4zm0 5h16M8 3v5m8-5v5",
            Self::Habits => "M10 6h10m-10 6h10m-10 6h10M5 6h0m0 6h0m0 6h0",
            Self::Insights => "M5 20v-7m7 7V4m7 16V9",
            Self::More => "M5 12h0m7 0h0m7 0h0",
            Self::Group => "M4 5h10M8 10h12M4 15h10M8 20h12",
            Self::Account => "M4 20a8 6 0 0 1 16 0M8 8a4 4 0 0 0 8 0 4 4 0 0 0-8 0",
            Self::Admin => "m12 3 7 3v5q0 7-7 10-7-3-7-10V6z",
            Self::SignOut => "M10 4H5v16h5m5-12 4 4-4 4m4-4h-9",
        }
    }
}

/// An icon beside its label. Assistive technology reads the label only.
pub fn icon(icon: Icon) -> Markup {
    html! { svg.icon viewBox="0 0 24 24" aria-hidden="true" { path d=(icon.path()) {} } }
}
