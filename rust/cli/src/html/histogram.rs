// SPDX-License-Identifier: GPL-2.0

//! How long the exits of a reason took.

use super::chart::columns::{Column, Columns};
use super::chart::ink::Ink;
use super::chart::scale::{short, Scale};
use super::chart::Chart;
use super::Subject;
use crate::name::Name;
use crate::output::grouped;
use crate::percentile;
use crate::snapshot::ReasonRow;
use acct::histogram::{upper_bound, BUCKETS};
use anyhow::Result;
use maud::{html, Markup};

/// How many columns there are at least.
const FEWEST: usize = 6;

/// How many bounds can be written below the columns.
const BOUNDS: usize = 8;

/// The histogram of `row`, if there is anything in it.
pub fn buckets(row: &ReasonRow) -> Option<&[u64]> {
    let histogram = row.histogram.as_deref()?;
    // No module has more.
    let histogram = &histogram[..histogram.len().min(BUCKETS)];
    histogram.iter().any(|&n| n > 0).then_some(histogram)
}

/// The histograms of `reason`, one below the other; nothing where no snapshot has any.
pub fn chart(subject: &Subject<'_>, reason: u32) -> Result<Option<Markup>> {
    let names = subject.names();
    let each = subject.snapshots.iter().zip(&names).enumerate();
    let of = each.filter_map(|(series, ((_, snapshot), name))| {
        Some((series, name, buckets(snapshot.row(reason)?)?))
    });
    let of: Vec<_> = of.collect();
    let used = |histogram: &[u64]| {
        let first = histogram.iter().position(|&n| n > 0)?;
        Some((first, histogram.iter().rposition(|&n| n > 0)?))
    };
    let ranges = of.iter().filter_map(|(_, _, histogram)| used(histogram));
    let Some((first, last)) = ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else {
        return Ok(None);
    };
    // One alone would be as wide as all of them.
    let last = last.max(first + FEWEST - 1).min(BUCKETS - 1);
    let scale = Scale::log(
        of.iter()
            .flat_map(|(_, _, histogram)| histogram.iter().copied()),
    );
    let strips = of.iter().map(|&(series, name, histogram)| {
        let columns = Columns {
            scale,
            ink: Ink::of_series(series),
            title: format!("Cycles of an exit, {name}"),
            words: words(histogram),
            columns: columns(reason, series, histogram, first, last),
        };
        let is_one = subject.snapshots.len() == 1;
        Ok(strip(name, histogram, is_one, &columns.markup()?))
    });
    let strips = strips.collect::<Result<Vec<_>>>()?;
    let chart = Chart {
        id: subject.id("histogram", reason),
        title: Some("Cycles of an exit".to_string()),
        caption: "How many exits took how many cycles, by powers of two; upwards the scale is \
            logarithmic, too."
            .to_string(),
        legend: Vec::new(),
    };
    Ok(Some(
        chart.figure(html! { @for strip in strips { (strip) } }),
    ))
}

fn strip(name: &Name, histogram: &[u64], is_one: bool, drawing: &Markup) -> Markup {
    html! {
        div.strip {
            p { @if !is_one { b { (name) } ": " } (words(histogram)) }
            (drawing)
        }
    }
}

fn columns(
    reason: u32,
    series: usize,
    histogram: &[u64],
    first: usize,
    last: usize,
) -> Vec<Column> {
    let every = (last - first + 2).div_ceil(BOUNDS);
    let mut columns: Vec<_> = (first..=last)
        .map(|bucket| {
            let count = histogram.get(bucket).copied().unwrap_or(0);
            // The first one has 0, too.
            let from = if bucket == 0 { 0 } else { 1u64 << bucket };
            let to = upper_bound(bucket);
            Column {
                value: count as f64,
                below: label(bucket, first, every),
                data: vec![
                    ("reason", reason.to_string()),
                    ("series", series.to_string()),
                    ("bucket", bucket.to_string()),
                    ("value", count.to_string()),
                ],
                title: format!(
                    "{} to {} cycles: {} exits",
                    grouped(from),
                    grouped(to),
                    grouped(count)
                ),
            }
        })
        .collect();
    // The end of the last one.
    columns.push(Column {
        value: 0.0,
        below: label(last + 1, first, every),
        data: Vec::new(),
        title: String::new(),
    });
    columns
}

/// The cycles at the left edge of a column; of every so manieth.
fn label(bucket: usize, first: usize, every: usize) -> String {
    if (bucket - first) % every != 0 {
        return String::new();
    }
    let bound = 2f64.powi(bucket as i32);
    if bound < 1e3 {
        return short(bound);
    }
    // Two digits of it will do: 16k.
    let unit = 10f64.powi(bound.log10().floor() as i32 - 1);
    short((bound / unit).round() * unit)
}

/// "half of them took less than 1,024 cycles, …"
fn words(histogram: &[u64]) -> String {
    let below = |percent| {
        let bound = percentile::below(histogram, percent).unwrap_or(0);
        u64::try_from(bound).map_or_else(|_| "2^64".to_string(), grouped)
    };
    let [half, most, all] = [50, 99, 100].map(below);
    format!("half took less than {half} cycles, 99% less than {most}, all less than {all}")
}
