// SPDX-License-Identifier: GPL-2.0

//! Columns from bottom to top, such as those of a histogram.

use super::ink::Ink;
use super::plot::{Bar, Label, Place, Plot};
use super::scale::Scale;
use super::svg;
use anyhow::Result;
use maud::{html, Markup};

/// Pixels from top to bottom, and for what is below.
const HEIGHT: u32 = 96;
const BELOW: u32 = 20;
/// How many figures of the scale there is room for.
const FIGURES: usize = 3;
/// How much of the room is between two columns.
const APART: f64 = 0.12;

/// Columns side by side on one scale.
pub struct Columns {
    /// By what they are measured.
    pub scale: Scale,
    /// Their colour.
    pub ink: Ink,
    /// What they are together.
    pub title: String,
    /// The same in a sentence.
    pub words: String,
    /// From left to right.
    pub columns: Vec<Column>,
}

/// One column.
pub struct Column {
    /// How high it is; nothing of 0 is drawn.
    pub value: f64,
    /// What is below its left edge; may be nothing.
    pub below: String,
    /// What it says of itself.
    pub data: Vec<(&'static str, String)>,
    /// The same in words.
    pub title: String,
}

impl Columns {
    /// All of them, the scale on the left.
    pub fn markup(&self) -> Result<Markup> {
        let range = self.scale.range();
        let across = Scale::Linear(self.columns.len().max(1) as f64);
        let mut plot = Plot {
            height: HEIGHT,
            x: Some((across, 0)),
            y: Some((self.scale, FIGURES)),
            below: BELOW,
            ..Plot::default()
        };
        for (n, column) in self.columns.iter().enumerate() {
            let left = n as f64;
            if column.value > 0.0 {
                plot.bars.push(Bar {
                    corners: [
                        (left + APART / 2.0, range.start),
                        (left + 1.0 - APART / 2.0, column.value),
                    ],
                    ink: self.ink,
                    data: column.data.clone(),
                    title: column.title.clone(),
                });
            }
            if !column.below.is_empty() {
                plot.labels.push(Label {
                    at: (left, range.start),
                    place: Place::Below,
                    text: column.below.clone(),
                });
            }
        }
        let drawn = svg(&plot, &self.title, &self.words)?;
        Ok(html! {
            div.columns data-scale=(self.scale.name()) data-from=(range.start) data-to=(range.end) {
                (drawn)
            }
        })
    }
}
