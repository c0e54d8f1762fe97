// SPDX-License-Identifier: GPL-2.0

//! How many exits each reason had.

use super::chart::ink::Ink;
use super::chart::rows::{Line, Part, Row, Rows};
use super::chart::scale::Scale;
use super::chart::{legend, Chart};
use super::Subject;
use crate::output::grouped;
use anyhow::Result;
use maud::Markup;

/// A bar per reason and snapshot.
pub fn chart(subject: &Subject<'_>) -> Result<Markup> {
    let names = subject.names();
    let rows = &subject.comparison.rows;
    let drawing = Rows {
        scale: Scale::log(rows.iter().flat_map(|row| row.count.iter().copied())),
        rows: rows.iter().map(|row| row_of(subject, row)).collect(),
    };
    let chart = Chart {
        id: format!("{}counts-chart", subject.prefix),
        title: None,
        caption: "The scale is logarithmic: each line is ten times the one before.".to_string(),
        legend: legend(&names),
    };
    Ok(chart.figure(drawing.markup()?))
}

fn row_of(subject: &Subject<'_>, row: &crate::comparison::Row) -> Row {
    let names = subject.names();
    let lines = names.iter().zip(&row.count).enumerate();
    Row {
        name: row.name.to_string(),
        link: subject.link(row.reason),
        lines: lines
            .map(|(series, (snapshot, &count))| Line {
                parts: vec![part(
                    row.reason,
                    series,
                    count,
                    &format!("{}, {snapshot}: {} exits", row.name, grouped(count)),
                )],
                label: grouped(count),
            })
            .collect(),
    }
}

/// A bar of a count.
pub fn part(reason: Option<u32>, series: usize, count: u64, title: &str) -> Part {
    let mut data = vec![("series", series.to_string()), ("value", count.to_string())];
    data.extend(reason.map(|reason| ("reason", reason.to_string())));
    Part {
        value: count as f64,
        ink: Ink::of_series(series),
        data,
        title: title.to_string(),
    }
}
