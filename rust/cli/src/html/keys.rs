// SPDX-License-Identifier: GPL-2.0

//! What the exits of a reason were about.

use super::chart::rows::{Line, Row, Rows};
use super::chart::scale::Scale;
use super::chart::{legend, Chart};
use super::{counts, Subject};
use crate::comparison::keys::Key;
use crate::output::grouped;
use anyhow::Result;
use maud::{html, Markup};

/// How many keys have a row.
const ROWS: usize = 12;

/// The keys of `reason`, the most frequent first; nothing where it has none.
pub fn chart(subject: &Subject<'_>, reason: u32) -> Result<Option<Markup>> {
    let reasons = subject.keys.iter().flat_map(|keys| &keys.reasons);
    let Some(of) = reasons.into_iter().find(|each| each.reason == reason) else {
        return Ok(None);
    };
    let names = subject.names();
    // What has no key comes last, however much it is.
    let keyed = of.keys.iter().filter(|key| key.key.is_some());
    let mut shown: Vec<_> = keyed.collect();
    let others = shown.split_off(shown.len().min(ROWS));
    shown.extend(of.keys.iter().filter(|key| key.key.is_none()));
    let row = |key: &Key| Row {
        name: key.name.to_string(),
        link: None,
        lines: names
            .iter()
            .zip(&key.count)
            .enumerate()
            .map(|(series, (snapshot, &count))| {
                let title = format!("{}, {snapshot}: {} exits", key.name, grouped(count));
                let mut part = counts::part(Some(reason), series, count, &title);
                part.data
                    .extend(key.key.iter().map(|key| ("key", key.to_string())));
                Line {
                    parts: vec![part],
                    label: grouped(count),
                }
            })
            .collect(),
    };
    let drawing = Rows {
        scale: Scale::log(shown.iter().flat_map(|key| key.count.iter().copied())),
        rows: shown.into_iter().map(row).collect(),
    };
    let chart = Chart {
        id: subject.id("keys", reason),
        title: Some("What they were about".to_string()),
        caption: "Exits by what they were about; the scale is logarithmic.".to_string(),
        legend: legend(&names),
    };
    let drawing = drawing.markup()?;
    Ok(Some(chart.figure(html! {
        (drawing)
        @if !others.is_empty() { p.more { (more(&others)) } }
    })))
}

fn more(others: &[&Key]) -> String {
    let counts = others.iter().flat_map(|key| &key.count);
    let largest = counts.copied().max().unwrap_or(0);
    format!(
        "{} more, with at most {} exits each: --by of compare and show has all of them.",
        others.len(),
        grouped(largest)
    )
}
