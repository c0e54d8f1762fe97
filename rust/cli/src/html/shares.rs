// SPDX-License-Identifier: GPL-2.0

//! Which reasons took the cycles.

use super::chart::ink::Ink;
use super::chart::rows::{Line, Part, Row, Rows};
use super::chart::scale::Scale;
use super::chart::{legend, Chart};
use super::Subject;
use crate::output::{ratio, share};
use anyhow::Result;
use maud::Markup;

/// How many reasons have a row; the others are one together.
const ROWS: usize = 9;

/// The cycles of one reason, or of several, a figure per snapshot.
struct Taken {
    name: String,
    reason: Option<u32>,
    cycles: Vec<u64>,
}

/// A bar per reason and snapshot, the largest share first.
pub fn chart(subject: &Subject<'_>) -> Result<Markup> {
    let wholes = &subject.comparison.total.cycles;
    let part_of = |taken: &Taken, n: usize| ratio(taken.cycles[n], wholes[n]).unwrap_or(0.0);
    let largest = |taken: &Taken| {
        (0..wholes.len())
            .map(|n| part_of(taken, n))
            .fold(0.0, f64::max)
    };
    let mut all: Vec<_> = subject
        .comparison
        .rows
        .iter()
        .map(|row| Taken {
            name: row.name.to_string(),
            reason: row.reason,
            cycles: row.cycles.clone(),
        })
        .collect();
    all.sort_by(|a, b| largest(b).total_cmp(&largest(a)));
    let others = all.split_off(all.len().min(ROWS));
    all.extend(together(&others));

    let names = subject.names();
    let rows = all.iter().map(|taken| {
        let line = |n: usize| {
            let shown = share(taken.cycles[n], wholes[n]);
            let mut data = vec![
                ("series", n.to_string()),
                ("value", part_of(taken, n).to_string()),
                ("cycles", taken.cycles[n].to_string()),
            ];
            data.extend(taken.reason.map(|reason| ("reason", reason.to_string())));
            Line {
                parts: vec![Part {
                    value: part_of(taken, n),
                    ink: Ink::of_series(n),
                    data,
                    title: format!("{}, {}: {shown} of the cycles", taken.name, names[n]),
                }],
                label: shown,
            }
        };
        Row {
            name: taken.name.clone(),
            link: subject.link(taken.reason),
            lines: (0..wholes.len()).map(line).collect(),
        }
    });
    let rows = rows.collect();
    let drawing = Rows {
        scale: Scale::share(all.iter().map(largest)),
        rows,
    };
    let chart = Chart {
        id: format!("{}shares-chart", subject.prefix),
        title: None,
        caption: "Of all cycles that exits took, in per cent.".to_string(),
        legend: legend(&names),
    };
    Ok(chart.figure(drawing.markup()?))
}

/// Those that have no row of their own.
fn together(others: &[Taken]) -> Option<Taken> {
    let mut cycles = others.first()?.cycles.clone();
    for other in &others[1..] {
        for (sum, &n) in cycles.iter_mut().zip(&other.cycles) {
            *sum = sum.saturating_add(n);
        }
    }
    Some(Taken {
        name: format!("{} others", others.len()),
        reason: None,
        cycles,
    })
}
