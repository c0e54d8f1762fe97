// SPDX-License-Identifier: GPL-2.0

//! Charts: what they have in common. Each is a `<figure>` whose caption says what it shows, drawn
//! as SVG; whatever is drawn says in `data-` attributes what it stands for.

pub mod columns;
pub mod ink;
pub mod plot;
pub mod rows;
pub mod scale;
mod svg;

use crate::name::Name;
use anyhow::Result;
use ink::Ink;
use maud::{html, Markup, PreEscaped};
use plot::Plot;
use scale::Scale;

/// A chart before it is drawn.
pub struct Chart {
    /// What it is called within the page.
    pub id: String,
    /// Its heading; none where that of its section says it.
    pub title: Option<String>,
    /// What is to be seen, in a sentence or two.
    pub caption: String,
    /// Which ink is what; empty where there is only one.
    pub legend: Vec<(Ink, String)>,
}

impl Chart {
    /// With `drawing` below its caption.
    pub fn figure(&self, drawing: Markup) -> Markup {
        html! {
            figure.chart id=(self.id) {
                figcaption {
                    @if let Some(title) = &self.title { h3 { (title) } }
                    p { (self.caption) }
                }
                @if !self.legend.is_empty() {
                    ul.legend {
                        @for (ink, name) in &self.legend {
                            li { (key(*ink)) (name) }
                        }
                    }
                }
                (drawing)
            }
        }
    }
}

/// A patch of `ink`, to recognize it by.
pub fn key(ink: Ink) -> Markup {
    html! { span class={ "key " (ink.class()) } {} }
}

/// Which ink is which of `snapshots`; nothing where there is only one.
pub fn legend(snapshots: &[Name]) -> Vec<(Ink, String)> {
    if snapshots.len() < 2 {
        return Vec::new();
    }
    let each = snapshots.iter().enumerate();
    each.map(|(n, name)| (Ink::of_series(n), name.to_string()))
        .collect()
}

/// The drawing of `plot`, of which `words` say the same.
pub fn svg(plot: &Plot, title: &str, words: &str) -> Result<Markup> {
    let drawn = PreEscaped(plot.draw()?);
    Ok(html! {
        svg role="img" width="100%" height=(plot.full_height()) {
            title { (title) }
            desc { (words) }
            (drawn)
        }
    })
}

/// As [`svg()`], of what only repeats words beside it.
pub fn svg_beside_words(plot: &Plot) -> Result<Markup> {
    let drawn = PreEscaped(plot.draw()?);
    Ok(html! {
        svg aria-hidden="true" width="100%" height=(plot.full_height()) { (drawn) }
    })
}

/// What to compute the figures back with, from what is drawn.
pub fn measure(scale: Scale) -> [(&'static str, String); 3] {
    let range = scale.range();
    [
        ("scale", scale.name().to_string()),
        ("from", range.start.to_string()),
        ("to", range.end.to_string()),
    ]
}
