// SPDX-License-Identifier: GPL-2.0

//! Reason by reason: what there is of it beyond counts. One is open, the others are opened.

use super::{histogram, keys, Section, Subject};
use crate::output::grouped;
use anyhow::Result;
use maud::{html, Markup};

/// The reasons of which there is more to see; nothing where there is none.
pub fn section(subject: &Subject<'_>) -> Result<Option<Section>> {
    let mut reasons = Vec::new();
    for row in &subject.comparison.rows {
        let Some(reason) = row.reason else { continue };
        let charts = [
            histogram::chart(subject, reason)?,
            keys::chart(subject, reason)?,
        ];
        let charts: Vec<_> = charts.into_iter().flatten().collect();
        if !charts.is_empty() {
            let counts: Vec<_> = row.count.iter().map(|&n| grouped(n)).collect();
            let number = subject.comparison.isa.reason_number(reason);
            let title = html! {
                b { (row.name) } " " span.number { (number) } " "
                span.counts { (counts.join(" · ")) }
            };
            reasons.push((reason, title, charts));
        }
    }
    if reasons.is_empty() {
        return Ok(None);
    }
    let each = |(n, (reason, title, charts)): (usize, (u32, Markup, Vec<Markup>))| {
        html! {
            details name={ (subject.prefix) "closer" } open[n == 0] {
                summary { (title) }
                // A link to what is inside opens it.
                div.closer id=(subject.id("closer", reason)) {
                    @for chart in charts { (chart) }
                }
            }
        }
    };
    let body = html! {
        p { "Choose one to see how long its exits took and what they were about." }
        @for reason in reasons.into_iter().enumerate().map(each) { (reason) }
    };
    let id = format!("{}closer", subject.prefix);
    Ok(Some(Section::new(&id, "Reason by reason", body)))
}

/// Whether [`section()`] has more of `reason`.
pub fn has(subject: &Subject<'_>, reason: u32) -> bool {
    let rows = subject.snapshots.iter().filter_map(|(_, s)| s.row(reason));
    let keys = subject.keys.iter().flat_map(|keys| &keys.reasons);
    rows.filter_map(histogram::buckets).next().is_some()
        || keys.into_iter().any(|keys| keys.reason == reason)
}
