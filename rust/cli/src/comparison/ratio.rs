// SPDX-License-Identifier: GPL-2.0

//! One figure in proportion to another.

use serde::{Serialize, Serializer};

/// A count in proportion to the first snapshot's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ratio {
    /// Nothing to compare: the first column, or absent in both.
    None,
    /// That many times as many.
    Of(f64),
    /// Only here.
    New,
    /// Only in the first.
    Gone,
}

impl Ratio {
    pub(super) fn new(first: u64, here: u64) -> Self {
        match (first, here) {
            (0, 0) => Self::None,
            (0, _) => Self::New,
            (_, 0) => Self::Gone,
            _ => Self::Of(here as f64 / first as f64),
        }
    }

    /// How far from unchanged, up or down alike.
    pub(super) fn distance(self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::Of(ratio) => ratio.ln().abs(),
            Self::New | Self::Gone => f64::INFINITY,
        }
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Of(ratio) => serializer.serialize_f64(*ratio),
            Self::New => serializer.serialize_str("new"),
            Self::Gone => serializer.serialize_str("gone"),
        }
    }
}
