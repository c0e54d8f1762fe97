// SPDX-License-Identifier: GPL-2.0

//! What is drawn with: names for the style sheet, which alone knows colours.

use plotters::style::RGBAColor;
use plotters_backend::BackendColor;

/// How many inks there are for figures; what has none of its own has the last.
pub const INKS: usize = 8;

/// A class of the style sheet, in the disguise of a colour where plotters hands it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Figures: that of a snapshot, a state or a reason, which are told apart by it.
    Figure(usize),
    /// The lines behind the figures.
    Line,
    /// Words and figures beside them.
    Text,
    /// Of the figures, a part.
    Part,
}

impl Ink {
    const OTHERS: [Self; 3] = [Self::Line, Self::Text, Self::Part];

    /// What the style sheet calls it.
    pub fn class(self) -> &'static str {
        const FIGURES: [&str; INKS] = ["f0", "f1", "f2", "f3", "f4", "f5", "f6", "f7"];
        match self {
            Self::Figure(n) => FIGURES[n.min(INKS - 1)],
            Self::Line => "line",
            Self::Text => "text",
            Self::Part => "part",
        }
    }

    /// That of the snapshot `n`: where there are more of them than inks, they begin again.
    pub fn of_series(n: usize) -> Self {
        Self::Figure(n % (INKS - 1))
    }

    /// As plotters takes it.
    pub fn color(self) -> RGBAColor {
        let others = || Self::OTHERS.iter().position(|&other| other == self);
        match self {
            Self::Figure(n) => RGBAColor(0, n as u8, 0, 1.0),
            _ => RGBAColor(1, others().unwrap_or(0) as u8, 0, 1.0),
        }
    }

    /// As plotters gives it back; nothing of what cannot be seen.
    pub fn of(color: BackendColor) -> Option<Self> {
        let (kind, n, _) = color.rgb;
        match kind {
            _ if color.alpha == 0.0 => None,
            0 => Some(Self::Figure(n.into())),
            _ => Self::OTHERS.get(usize::from(n)).copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use plotters::style::Color;

    #[test]
    fn plotters_hands_them_on() {
        let figures = (0..INKS).map(Ink::Figure);
        for ink in figures.chain(Ink::OTHERS) {
            assert_eq!(Ink::of(ink.color().to_backend_color()), Some(ink));
        }
        assert_eq!(
            Ink::of(plotters::style::TRANSPARENT.to_backend_color()),
            None
        );
    }
}
