//! Colors of other programs, and which of Atlas's comes nearest.

use crate::domain::HabitColor;

/// Red, green and blue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

impl Rgb {
    /// Reads `#RRGGBB`, in any case, also without the sign.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.trim().trim_start_matches('#');
        let number = u32::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 6 && !digits.starts_with('+'))?;
        let [_, rgb @ ..] = number.to_be_bytes();
        Some(Self(rgb))
    }

    /// The color of Atlas that comes nearest; none for a gray one.
    pub fn nearest(self) -> Option<HabitColor> {
        let brightest = self.0.iter().max()?;
        let spread = brightest - self.0.iter().min()?;
        if u32::from(spread) * 8 < u32::from(*brightest).max(64) {
            return None;
        }
        HabitColor::ALL.into_iter().min_by_key(|color| self.distance(Self(sample(*color))))
    }

    /// How far apart two colors look, by a weighting of the channels that is common for this.
    fn distance(self, other: Self) -> u32 {
        let channels = self.0.into_iter().zip(other.0).zip([2_u32, 4, 3]);
        channels.map(|((one, other), weight)| weight * u32::from(one.abs_diff(other)).pow(2)).sum()
    }
}

/// What each color is in other programs: the shades of Google's palette for apps, which most of them use.
pub fn sample(color: HabitColor) -> [u8; 3] {
    match color {
        HabitColor::Red => [0xd3, 0x2f, 0x2f],
        HabitColor::Orange => [0xf5, 0x7c, 0x00],
        HabitColor::Amber => [0xf9, 0xa8, 0x25],
        HabitColor::Lime => [0xaf, 0xb4, 0x2b],
        HabitColor::Green => [0x38, 0x8e, 0x3c],
        HabitColor::Teal => [0x00, 0x89, 0x7b],
        HabitColor::Cyan => [0x00, 0xac, 0xc1],
        HabitColor::Blue => [0x19, 0x76, 0xd2],
        HabitColor::Indigo => [0x30, 0x3f, 0x9f],
        HabitColor::Violet => [0x8e, 0x24, 0xaa],
        HabitColor::Pink => [0xd8, 0x1b, 0x60],
        HabitColor::Brown => [0x5d, 0x40, 0x37],
    }
}

/// The palette of Loop Habit Tracker.
pub const LOOP_PALETTE: [[u8; 3]; 20] = [
    [0xd3, 0x2f, 0x2f],
    [0xe6, 0x4a, 0x19],
    [0xf5, 0x7c, 0x00],
    [0xff, 0x8f, 0x00],
    [0xf9, 0xa8, 0x25],
    [0xaf, 0xb4, 0x2b],
    [0x7c, 0xb3, 0x42],
    [0x38, 0x8e, 0x3c],
    [0x00, 0x89, 0x7b],
    [0x00, 0xac, 0xc1],
    [0x03, 0x9b, 0xe5],
    [0x19, 0x76, 0xd2],
    [0x30, 0x3f, 0x9f],
    [0x5e, 0x35, 0xb1],
    [0x8e, 0x24, 0xaa],
    [0xd8, 0x1b, 0x60],
    [0x5d, 0x40, 0x37],
    [0x30, 0x30, 0x30],
    [0x75, 0x75, 0x75],
    [0xaa, 0xaa, 0xaa],
];

/// The place of a color in [`LOOP_PALETTE`]; without one, gray.
pub fn loop_index(color: Option<Rgb>) -> usize {
    const GRAY: usize = 18;
    let Some(color) = color else { return GRAY };
    let distances = LOOP_PALETTE.iter().enumerate().map(|(at, known)| (color.distance(Rgb(*known)), at));
    distances.min().map_or(GRAY, |(_, at)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_color_of_atlas_comes_back_from_its_sample() {
        for color in HabitColor::ALL {
            let rgb = Rgb(sample(color));
            assert_eq!(rgb.nearest(), Some(color));
            assert_eq!(Rgb(LOOP_PALETTE[loop_index(Some(rgb))]).nearest(), Some(color), "by way of Loop");
        }
    }

    #[test]
    fn a_gray_color_is_none_and_others_become_the_nearest() {
        for (text, expected) in [
            ("#757575", None),
            ("#AAAAAA", None),
            ("#303030", None),
            ("7cb342", Some(HabitColor::Lime)),
            ("#039BE5", Some(HabitColor::Cyan)),
            ("#E64A19", Some(HabitColor::Red)),
        ] {
            assert_eq!(Rgb::parse(text).unwrap().nearest(), expected, "{text}");
        }
        for bad in ["", "#12", "#gggggg", "+12345", "#1234567"] {
            assert_eq!(Rgb::parse(bad), None, "{bad}");
        }
    }
}
