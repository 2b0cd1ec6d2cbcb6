//! What a list of habits can be sorted by.

use std::cmp::Ordering;

use crate::domain::habits::streak_runs::StreakUnit;
use crate::domain::habits::strength::Strength;

/// The order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ListSort {
    /// As the user arranged it.
    #[default]
    Manual,
    Name,
    /// The longest current streak first.
    Streak,
    /// The strongest habit first.
    Strength,
}

impl ListSort {
    /// Every order, in that of the options.
    pub const ALL: [Self; 4] = [Self::Manual, Self::Name, Self::Streak, Self::Strength];

    /// The order with that name; an unknown name is the user's own order.
    pub fn parse(name: &str) -> Self {
        Self::ALL.into_iter().find(|sort| sort.as_str() == name).unwrap_or_default()
    }

    /// The name in addresses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "",
            Self::Name => "name",
            Self::Streak => "streak",
            Self::Strength => "strength",
        }
    }

    /// The label on pages.
    pub fn label(self) -> &'static str {
        match self {
            Self::Manual => "My order",
            Self::Name => "Name",
            Self::Streak => "Streak",
            Self::Strength => "Strength",
        }
    }

    /// Whether each habit has a [`SortFigure`].
    pub fn has_figures(self) -> bool {
        matches!(self, Self::Streak | Self::Strength)
    }
}

/// The figure that a habit is sorted by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SortFigure {
    /// The length of the current streak.
    Streak(u32, StreakUnit),
    Strength(Strength),
}

impl SortFigure {
    /// Compares two figures of the same kind.
    pub fn compare(one: Option<&Self>, other: Option<&Self>) -> Ordering {
        match (one, other) {
            (Some(Self::Streak(one, unit)), Some(Self::Streak(other, other_unit))) => {
                (one * unit.days()).cmp(&(other * other_unit.days()))
            }
            (Some(Self::Strength(one)), Some(Self::Strength(other))) => one.value().total_cmp(&other.value()),
            _ => Ordering::Equal,
        }
    }
}
