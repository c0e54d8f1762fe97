// SPDX-License-Identifier: GPL-2.0

//! What figures are measured by, and how it is written beside them.

use plotters::coord::combinators::{IntoLogRange, LogCoord};
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::coord::types::RangedCoordf64;
use std::ops::Range;

/// Where a logarithmic scale begins: a single one is still to be seen.
const LOG_FROM: f64 = 0.5;

/// A scale from where a bar begins to the largest figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scale {
    /// Powers of ten, up to this figure.
    Log(f64),
    /// From 0 to this figure.
    Linear(f64),
    /// From 0 to this share of the whole, in per cent.
    Share(f64),
    /// From 0 to so many of this unit.
    Unit(f64, &'static str),
}

impl Scale {
    /// A logarithmic one up to the largest of `figures`.
    pub fn log(figures: impl Iterator<Item = u64>) -> Self {
        Self::Log(figures.fold(10.0, |max, n| (n as f64).max(max)))
    }

    /// One of shares up to the largest of `shares`, of which 1 is the whole.
    pub fn share(shares: impl Iterator<Item = f64>) -> Self {
        Self::Share(shares.fold(0.01, f64::max))
    }

    /// Its name, for who computes with what is drawn.
    pub fn name(self) -> &'static str {
        match self {
            Self::Log(_) => "log10",
            Self::Linear(_) | Self::Share(_) | Self::Unit(..) => "linear",
        }
    }

    /// From where to where it goes.
    pub fn range(self) -> Range<f64> {
        match self {
            Self::Log(to) => LOG_FROM..to,
            Self::Linear(to) | Self::Share(to) | Self::Unit(to, _) => 0.0..to,
        }
    }

    /// A figure of it, as short as can be: "10k", "25%".
    fn label(self, value: f64) -> String {
        match self {
            Self::Share(_) => format!("{}%", trimmed(value * 100.0)),
            // In the corner there is what begins the other scale.
            Self::Linear(_) if value == 0.0 => String::new(),
            Self::Log(_) | Self::Linear(_) => short(value),
            Self::Unit(_, unit) => format!("{} {unit}", trimmed(value)),
        }
    }
}

/// 1,500,000 as "1.5M".
pub fn short(value: f64) -> String {
    const UNITS: [(f64, &str); 5] = [(1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")];
    let unit = UNITS.iter().find(|(unit, _)| value >= *unit);
    unit.map_or_else(
        || trimmed(value),
        |(unit, name)| trimmed(value / unit) + name,
    )
}

/// To three digits behind the point, without zeros at the end.
fn trimmed(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_string()
}

/// A scale as plotters has them.
pub struct Axis {
    scale: Scale,
    from_above: bool,
    log: LogCoord<f64>,
    linear: RangedCoordf64,
}

impl Axis {
    /// One that goes to the right, or upwards; or downwards.
    pub fn new(scale: Scale, from_above: bool) -> Self {
        let log = match scale {
            Scale::Log(to) => LOG_FROM..to,
            _ => LOG_FROM..1.0,
        };
        Self {
            scale,
            from_above,
            log: log.log_scale().into(),
            linear: scale.range().into(),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let limit = if self.from_above {
            (to, from)
        } else {
            (from, to)
        };
        // A damaged snapshot has shares of more than the whole: plotters counts pixels in 32 bits.
        let Range { start, end } = self.scale.range();
        let value = &value.max(start).min(end);
        match self.scale {
            Scale::Log(_) => self.log.map(value, limit),
            _ => self.linear.map(value, limit),
        }
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match self.scale {
            Scale::Log(_) => self.log.key_points(hint),
            _ => self.linear.key_points(hint),
        }
    }

    fn range(&self) -> Range<f64> {
        self.scale.range()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        self.scale.label(*value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.5, "0.5"),
            (999.0, "999"),
            (1_000.0, "1k"),
            (2_500_000.0, "2.5M"),
            (1e18, "1000P"),
        ] {
            assert_eq!(short(value), text);
        }
        assert_eq!(Scale::Share(1.0).label(0.25), "25%");
    }

    #[test]
    fn there_is_always_a_scale() {
        assert_eq!(Scale::log([].into_iter()).range(), 0.5..10.0);
        assert_eq!(Scale::log([7, 42_566].into_iter()).range(), 0.5..42_566.0);
        assert_eq!(Scale::share([].into_iter()).range(), 0.0..0.01);
    }

    #[test]
    fn powers_of_ten_are_marked() {
        let axis = Axis::new(Scale::Log(42_566.0), false);
        assert_eq!(axis.key_points(6), [1.0, 10.0, 100.0, 1_000.0, 10_000.0]);
    }
}
