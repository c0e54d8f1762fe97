// SPDX-License-Identifier: GPL-2.0

//! Exits per second over time: what a recording has.

use super::chart::ink::{Ink, INKS};
use super::chart::plot::{Area, Label, Place, Plot};
use super::chart::scale::Scale;
use super::chart::{svg, Chart};
use super::{table, Section};
use crate::grid::{Cell, Column, Grid};
use crate::history::{History, Run, Step};
use crate::output::grouped;
use anyhow::Result;
use maud::{html, Markup};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Pixels from top to bottom, and for the time below.
const HEIGHT: u32 = 240;
const BELOW: u32 = 20;
/// How many figures there is room for upright, and across.
const FIGURES: (usize, usize) = (5, 6);

/// How many drawings there are at most, of a recording with long pauses.
const PARTS: usize = 6;

/// What is one area over another.
struct Layer {
    name: String,
    /// The reasons in it: one, or all that have no layer of their own.
    reasons: Vec<u32>,
    ink: Ink,
}

impl Layer {
    fn rate(&self, step: &Step) -> f64 {
        self.reasons.iter().map(|&reason| step.rate(reason)).sum()
    }

    fn count(&self, step: &Step) -> u64 {
        let counts = self
            .reasons
            .iter()
            .filter_map(|reason| step.counts.get(reason));
        counts.fold(0, |sum, &n| sum.saturating_add(n))
    }
}

/// The most frequent reasons, and the others as one; the first is the lowest.
fn layers(history: &History) -> Vec<Layer> {
    let mut reasons: Vec<_> = history
        .counts()
        .into_iter()
        .map(|(reason, _)| reason)
        .collect();
    // One alone may as well be called by its name.
    let own = if reasons.len() <= INKS {
        INKS
    } else {
        INKS - 1
    };
    let others = reasons.split_off(reasons.len().min(own));
    let name = |reason: u32| history.names.get(&reason).map(ToString::to_string);
    let each = reasons.into_iter().enumerate().map(|(n, reason)| Layer {
        name: name(reason).unwrap_or_default(),
        reasons: vec![reason],
        ink: Ink::Figure(n),
    });
    let mut layers: Vec<_> = each.collect();
    if !others.is_empty() {
        layers.push(Layer {
            name: format!("{} others", others.len()),
            reasons: others,
            ink: Ink::Figure(INKS - 1),
        });
    }
    layers
}

/// Seconds, minutes, hours or days: what `whole` is a handful of.
fn unit(whole: Duration) -> (f64, &'static str) {
    let seconds = whole.as_secs_f64();
    let units = [(86_400.0, "d"), (3_600.0, "h"), (60.0, "min")];
    let fits = units.into_iter().find(|(unit, _)| seconds >= 2.0 * unit);
    fits.unwrap_or((1.0, "s"))
}

/// The rates, and a table of them; nothing where there is no step.
pub fn section(id: &str, title: &str, history: &History) -> Result<Option<Section>> {
    let Some(figure) = figure(&format!("{id}-chart"), None, history)? else {
        return Ok(None);
    };
    let body = html! { (figure) (table::plain(&grid(history))) };
    Ok(Some(Section::new(id, title, body)))
}

/// The rates alone.
pub fn figure(id: &str, title: Option<String>, history: &History) -> Result<Option<Markup>> {
    let parts = history.parts(PARTS);
    if history.steps().next().is_none() {
        return Ok(None);
    }
    let layers = layers(history);
    let rate = |step: &Step| layers.iter().map(|layer| layer.rate(step)).sum::<f64>();
    let largest = history.steps().map(rate).fold(0.0, f64::max);
    let scale = Scale::Linear(if largest > 0.0 { largest } else { 1.0 });
    let drawings = parts.iter().map(|runs| {
        let drawing = drawing(runs, &layers, scale)?;
        let from = runs.first().map(|run| run.at).filter(|_| parts.len() > 1);
        Ok(html! {
            @if let Some(from) = from { p.part-of { "From " (clock(from)) } }
            (drawing)
        })
    });
    let drawings = drawings.collect::<Result<Vec<_>>>()?;
    let chart = Chart {
        id: id.to_string(),
        title,
        caption: caption(history),
        legend: layers
            .iter()
            .map(|layer| (layer.ink, layer.name.clone()))
            .collect(),
    };
    Ok(Some(
        chart.figure(html! { @for drawing in drawings { (drawing) } }),
    ))
}

/// The areas of `runs`, and where a generation began.
fn drawing(runs: &[Run], layers: &[Layer], scale: Scale) -> Result<Markup> {
    let from = runs.first().map_or(Duration::ZERO, |run| run.from);
    let elapsed = runs.last().map_or(from, Run::to).saturating_sub(from);
    let (unit, name) = unit(elapsed);
    let across = |at: Duration| at.saturating_sub(from).as_secs_f64() / unit;
    let mut plot = Plot {
        height: HEIGHT,
        x: Some((Scale::Unit(across(from + elapsed), name), FIGURES.1)),
        y: Some((scale, FIGURES.0)),
        below: BELOW,
        ..Plot::default()
    };
    for run in runs {
        plot.areas.extend(areas(run, layers, &across));
    }
    let range = scale.range();
    let begins = |pair: &&[Run]| pair[0].generation != pair[1].generation;
    for pair in runs.windows(2).filter(begins) {
        let at = pair[1].from;
        let is_early = 2 * at.saturating_sub(from) < elapsed;
        plot.marks.push(across(at));
        plot.labels.push(Label {
            at: (across(at), range.end),
            place: if is_early { Place::Right } else { Place::Left },
            text: format!("generation {}", pair[1].generation),
        });
    }
    let drawn = svg(
        &plot,
        "Exits per second",
        "The table below has the figures.",
    )?;
    Ok(html! {
        div.rates data-scale=(scale.name()) data-from=(range.start) data-to=(range.end)
            data-elapsed=(elapsed.as_secs_f64()) { (drawn) }
    })
}

/// The areas of one run: each begins where the one below it ends.
fn areas(run: &Run, layers: &[Layer], across: &impl Fn(Duration) -> f64) -> Vec<Area> {
    let mut below = vec![0.0; run.steps.len()];
    let mut areas = Vec::new();
    for layer in layers {
        let mut at = run.from;
        let (mut upper, mut lower) = (Vec::new(), Vec::new());
        for (step, below) in run.steps.iter().zip(&mut below) {
            let (from, to) = (across(at), across(at + step.elapsed));
            lower.extend([(from, *below), (to, *below)]);
            *below += layer.rate(step);
            upper.extend([(from, *below), (to, *below)]);
            at += step.elapsed;
        }
        let counts = run.steps.iter().map(|step| layer.count(step));
        let count = counts.fold(0, u64::saturating_add);
        // What never was there has no area.
        if count > 0 {
            upper.extend(lower.into_iter().rev());
            let reason = layer.reasons.first().filter(|_| layer.reasons.len() == 1);
            let mut data = vec![("value", count.to_string())];
            data.extend(reason.map(|reason| ("reason", reason.to_string())));
            areas.push(Area {
                corners: upper,
                ink: layer.ink,
                data,
                title: format!("{}: {} exits", layer.name, grouped(count)),
            });
        }
    }
    areas
}

fn caption(history: &History) -> String {
    let mut caption = "Exits per second, one reason over the other.".to_string();
    let longest = history.steps().map(|step| step.elapsed).max();
    if let Some(longest) = longest {
        caption += &format!(" A step is {:.1} s at most.", longest.as_secs_f64());
    }
    let pauses = history
        .runs
        .windows(2)
        .filter(|pair| pair[0].generation == pair[1].generation);
    if pauses.count() > 0 {
        caption += " Where there is nothing, the recorder paused.";
    }
    caption
}

/// Each reason's rates: the mean, and those of the steps that are drawn.
fn grid(history: &History) -> Grid {
    let figures = ["exits", "mean per s", "least per s", "most per s"].map(Column::figures);
    let mut grid = Grid::new([vec![Column::words("name")], figures.to_vec()].concat());
    let elapsed: Duration = history.steps().map(|step| step.elapsed).sum();
    let row = |name: String, count: u64, rates: &dyn Fn(&Step) -> f64| {
        let rates = || history.steps().map(rates);
        let mean = count as f64 / elapsed.as_secs_f64();
        let mut cells = vec![Cell::words(name), Cell::count(count)];
        let of = [
            mean,
            rates().fold(f64::INFINITY, f64::min),
            rates().fold(0.0, f64::max),
        ];
        cells.extend(of.map(|rate| Cell::figure(per_second(rate), Some(rate))));
        cells
    };
    let mut all = 0u64;
    for (reason, count) in history.counts() {
        all = all.saturating_add(count);
        let name = history.names.get(&reason).map(ToString::to_string);
        grid.push(row(name.unwrap_or_default(), count, &|step| {
            step.rate(reason)
        }));
    }
    let rate = |step: &Step| step.count() as f64 / step.elapsed.as_secs_f64();
    grid.push(row("all".to_string(), all, &rate));
    grid
}

/// To a tenth where it is below ten.
fn per_second(rate: f64) -> String {
    if rate > 0.0 && rate < 9.95 {
        format!("{rate:.1}")
    } else {
        grouped(rate.round() as u64)
    }
}

/// What the recording covers, for the head of a page.
pub fn period(history: &History) -> Option<String> {
    let (from, to) = history.period?;
    Some(match (clock(from), clock(to)) {
        (from, to) if from == to => to,
        (from, to) => format!("{from} to {to}"),
    })
}

/// "2026-11-22 10:05:00 UTC"
fn clock(at: SystemTime) -> String {
    // 2026-11-22T10:05:00Z; of a clock that says less than 1970 there is none.
    let text = humantime::format_rfc3339_seconds(at.max(UNIX_EPOCH)).to_string();
    text.replace('T', " ").replace('Z', " UTC")
}

/// The section of a page whose figures may be those of a recording.
pub(super) fn of_recording(history: &History) -> Result<Option<Section>> {
    section("rates", "Exits per second", history)
}
