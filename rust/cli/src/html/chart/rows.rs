// SPDX-License-Identifier: GPL-2.0

//! Bars from left to right: a row for each thing, its name beside, or, where there is little room,
//! above them.

use super::ink::Ink;
use super::plot::{Bar, Label, Place, Plot};
use super::scale::Scale;
use super::svg_beside_words;
use anyhow::Result;
use maud::{html, Markup};

/// Pixels of a bar, and between two.
const THICK: u32 = 12;
const APART: u32 = 3;
/// Pixels above and below a row's bars.
const MARGIN: u32 = 6;
/// Pixels for the figures of the scale.
const SCALE: u32 = 20;
/// How many of them there is room for.
const FIGURES: usize = 7;

/// Rows of bars on one scale.
pub struct Rows {
    /// By what they are measured.
    pub scale: Scale,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

/// A name, and its bars.
pub struct Row {
    /// What they are of.
    pub name: String,
    /// Where the page tells more of it.
    pub link: Option<String>,
    /// From top to bottom.
    pub lines: Vec<Line>,
}

/// What is drawn in one line: parts, one behind the other, and a figure behind them.
pub struct Line {
    /// Mostly one.
    pub parts: Vec<Part>,
    /// Words and figures behind them.
    pub label: String,
}

/// A bar or a part of it.
pub struct Part {
    /// How long it is; nothing of 0 is drawn.
    pub value: f64,
    /// Its colour.
    pub ink: Ink,
    /// What it says of itself.
    pub data: Vec<(&'static str, String)>,
    /// The same in words.
    pub title: String,
}

impl Rows {
    /// All rows, and the scale below.
    pub fn markup(&self) -> Result<Markup> {
        let range = self.scale.range();
        let rows = self.rows.iter().map(|row| {
            Ok(html! {
                li {
                    span.name {
                        @match &row.link {
                            Some(link) => a href=(link) { (row.name) },
                            None => (row.name),
                        }
                    }
                    (svg_beside_words(&self.plot(row))?)
                    span.heard { (words(row)) }
                }
            })
        });
        let rows = rows.collect::<Result<Vec<_>>>()?;
        let below = Plot {
            x: Some((self.scale, FIGURES)),
            below: SCALE,
            height: 1,
            ..Plot::default()
        };
        let below = svg_beside_words(&below)?;
        Ok(html! {
            ul.bars data-scale=(self.scale.name()) data-from=(range.start) data-to=(range.end) {
                @for row in rows { (row) }
                li.scale aria-hidden="true" { span.name {} (below) }
            }
        })
    }

    fn plot(&self, row: &Row) -> Plot {
        let mut plot = Plot {
            height: 2 * MARGIN + row.lines.len() as u32 * (THICK + APART) - APART,
            x: Some((self.scale, FIGURES)),
            ..Plot::default()
        };
        for (n, line) in row.lines.iter().enumerate() {
            let top = f64::from(MARGIN + n as u32 * (THICK + APART));
            let bottom = top + f64::from(THICK);
            let mut from = self.scale.range().start;
            // A logarithm has no parts that could be one behind the other.
            for part in line.parts.iter().filter(|part| part.value > 0.0) {
                let to = match self.scale {
                    Scale::Log(_) => part.value,
                    _ => from + part.value,
                };
                plot.bars.push(Bar {
                    corners: [(from, top), (to, bottom)],
                    ink: part.ink,
                    data: part.data.clone(),
                    title: part.title.clone(),
                });
                from = to;
            }
            plot.labels.push(Label {
                at: (from, top + f64::from(THICK) / 2.0),
                place: Place::Behind,
                text: line.label.clone(),
            });
        }
        plot
    }
}

/// What the bars say, for who hears it.
fn words(row: &Row) -> String {
    let parts = row.lines.iter().flat_map(|line| &line.parts);
    let titles: Vec<_> = parts.map(|part| part.title.as_str()).collect();
    titles.join("; ")
}
