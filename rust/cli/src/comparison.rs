// SPDX-License-Identifier: GPL-2.0

//! Setting snapshots side by side: the figures. How they are written is in `comparison/render.rs`.

pub mod keys;
mod ratio;
mod render;
pub mod time;
mod warnings;

use crate::name::Name;
use crate::output::note_on_cycles;
use crate::snapshot::{Counters, Isa, Paging, Scope, Snapshot};
use anyhow::{bail, Context, Result};
pub use ratio::Ratio;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file and what is in it.
pub type Named = (PathBuf, Snapshot);

/// Snapshots side by side. The first is what the others are measured against.
#[derive(Debug, Serialize)]
pub struct Comparison {
    /// Whose exit reasons these are.
    pub isa: Isa,
    /// What there is to know about each snapshot.
    pub columns: Vec<Column>,
    /// What the cycles are.
    pub cycles_note: String,
    /// How the rows are sorted.
    pub sorted_by: &'static str,
    /// What makes the snapshots hard to compare.
    pub warnings: Vec<String>,
    /// The reasons that occurred in any of them.
    pub rows: Vec<Row>,
    /// The totals.
    pub total: Row,
    /// Where the time went, where all snapshots tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Vec<time::State>>,
}

/// One snapshot's heading.
#[derive(Debug, Serialize)]
pub struct Column {
    /// What the column is called: its paging, or its file.
    pub heading: Name,
    /// The file.
    pub file: PathBuf,
    /// Its generation.
    pub generation: u64,
    /// Whose exits it holds.
    pub scope: Scope,
    /// How guest memory was translated.
    pub paging: Paging,
}

/// One reason in all snapshots.
#[derive(Debug, Serialize)]
pub struct Row {
    /// Its number; the totals have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<u32>,
    /// KVM's name for it.
    pub name: Name,
    /// Exits, a figure per snapshot.
    pub count: Vec<u64>,
    /// Cycles likewise.
    pub cycles: Vec<u64>,
    /// Of `count` those taken while L1 ran, where the snapshot tells.
    pub l1_count: Vec<Option<u64>>,
    /// Those taken while L2 ran, likewise.
    pub l2_count: Vec<Option<u64>>,
    /// Those of L2 that were handed to L1, likewise.
    pub l2_reflected: Vec<Option<u64>>,
    /// Those that led out to the VMM, likewise; empty where no snapshot does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub vmm_count: Vec<Option<u64>>,
    /// Mean cycles of an exit.
    pub cycles_per_exit: Vec<Option<f64>>,
    /// `count` in proportion to the first; of the first itself there is none.
    pub ratio: Vec<Ratio>,
}

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Sort {
    /// The largest change in count
    #[default]
    Change,
    /// The largest change in proportion, `new` and `gone` before all
    Ratio,
    /// The largest count
    Count,
    /// The lowest number
    Reason,
}

impl Sort {
    fn describe(self) -> &'static str {
        match self {
            Self::Change => "the change in count against the first column, largest first",
            Self::Ratio => "the ratio to the first column, farthest from 1 first",
            Self::Count => "the largest count in any column, largest first",
            Self::Reason => "the number of the exit reason",
        }
    }

    fn sort(self, rows: &mut [Row]) {
        let change = |row: &Row| {
            let difference = row.count.iter().map(|&n| n.abs_diff(row.count[0])).max();
            Reverse(difference.unwrap_or(0))
        };
        let distance = |row: &Row| row.ratio.iter().map(|r| r.distance()).fold(0.0, f64::max);
        // Equals stay in the order of their numbers: these sorts are stable.
        rows.sort_by_key(|row| row.reason);
        match self {
            Self::Change => rows.sort_by_key(change),
            Self::Ratio => {
                rows.sort_by_key(change);
                rows.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
            }
            Self::Count => rows.sort_by_key(|row| Reverse(row.count.iter().copied().max())),
            Self::Reason => {}
        }
    }
}

impl Comparison {
    /// Whether a guest had a guest of its own in any of the snapshots.
    pub fn is_nested(&self) -> bool {
        self.total.l2_count.iter().any(|&n| n.unwrap_or(0) > 0)
    }

    /// Compares `snapshots`, of which there are at least two.
    pub fn new(snapshots: &[Named], sort: Sort, cycles_note: Option<&str>) -> Result<Self> {
        let isa = isa(snapshots)?;
        let mut rows = rows(snapshots);
        sort.sort(&mut rows);
        let headings = headings(snapshots);
        let emulated = snapshots.iter().all(|(_, s)| s.is_emulated());
        Ok(Self {
            isa,
            warnings: warnings::find(snapshots, &headings),
            columns: snapshots
                .iter()
                .zip(headings)
                .map(|((file, s), heading)| Column {
                    heading,
                    file: file.clone(),
                    generation: s.generation,
                    scope: s.scope,
                    paging: s.paging,
                })
                .collect(),
            cycles_note: cycles_note.unwrap_or(note_on_cycles(emulated)).to_string(),
            sorted_by: sort.describe(),
            rows,
            total: row(
                None,
                "total".into(),
                snapshots.iter().map(|(_, s)| s.total).collect(),
            ),
            time: time::states(snapshots),
        })
    }
}

/// `here` in proportion to `first`, for the eye: "1.84x", "new", "gone".
pub fn proportion(first: u64, here: u64) -> String {
    render::ratio(Ratio::new(first, here))
}

/// Whose exit reasons these are: of one there is nothing that another has too.
fn isa(snapshots: &[Named]) -> Result<Isa> {
    let ((first_file, first), others) = snapshots.split_first().context("nothing to compare")?;
    for (file, other) in others {
        if other.isa != first.isa {
            bail!(
                "{} is of {:?}, {} of {:?}: their exit reasons have nothing in common",
                first_file.display(),
                first.isa,
                file.display(),
                other.isa,
            );
        }
    }
    Ok(first.isa)
}

fn rows(snapshots: &[Named]) -> Vec<Row> {
    let mut by_reason: BTreeMap<u32, (&Name, Vec<Counters>)> = BTreeMap::new();
    for (i, (_, snapshot)) in snapshots.iter().enumerate() {
        for r in snapshot.reasons.iter().filter(|r| r.counters.count > 0) {
            let entry = by_reason.entry(r.reason);
            let (_, cells) =
                entry.or_insert_with(|| (&r.name, snapshots.iter().map(none_of).collect()));
            cells[i] = r.counters;
        }
    }
    by_reason
        .into_iter()
        .map(|(reason, (name, cells))| row(Some(reason), name.clone(), cells))
        .collect()
}

/// The counters of a reason that did not occur: zero, in what the snapshot tells at all.
fn none_of((_, snapshot): &Named) -> Counters {
    let total = &snapshot.total;
    Counters {
        l2_count: total.l2_count.map(|_| 0),
        l2_cycles: total.l2_cycles.map(|_| 0),
        l2_reflected: total.l2_reflected.map(|_| 0),
        vmm_count: total.vmm_count.map(|_| 0),
        vmm_cycles: total.vmm_cycles.map(|_| 0),
        halted_cycles: total.halted_cycles.map(|_| 0),
        ..Counters::default()
    }
}

fn row(reason: Option<u32>, name: Name, cells: Vec<Counters>) -> Row {
    let ratio = |(i, c): (usize, &Counters)| match i {
        0 => Ratio::None,
        _ => Ratio::new(cells[0].count, c.count),
    };
    let mut vmm_count: Vec<_> = cells.iter().map(|c| c.vmm_count).collect();
    if vmm_count.iter().all(Option::is_none) {
        vmm_count.clear();
    }
    Row {
        reason,
        name,
        vmm_count,
        count: cells.iter().map(|c| c.count).collect(),
        cycles: cells.iter().map(|c| c.cycles).collect(),
        l1_count: cells
            .iter()
            .map(|c| c.count.checked_sub(c.l2_count?))
            .collect(),
        l2_count: cells.iter().map(|c| c.l2_count).collect(),
        l2_reflected: cells.iter().map(|c| c.l2_reflected).collect(),
        cycles_per_exit: cells.iter().map(Counters::cycles_per_exit).collect(),
        ratio: cells.iter().enumerate().map(ratio).collect(),
    }
}

/// The paging states, or, where those do not tell the columns apart, the files.
fn headings(snapshots: &[Named]) -> Vec<Name> {
    let distinct = |headings: &[String]| {
        let mut sorted: Vec<_> = headings.iter().collect();
        sorted.sort();
        sorted.windows(2).all(|pair| pair[0] != pair[1])
    };
    let of = |heading: &dyn Fn(&Named) -> String| snapshots.iter().map(heading).collect::<Vec<_>>();
    let stem = |path: &Path| path.file_stem().map(|s| s.to_string_lossy().into_owned());
    let paging = of(&|(_, s)| s.paging.heading(s.isa));
    let stems = of(&|(file, _)| stem(file).unwrap_or_default());
    let headings = if distinct(&paging) {
        paging
    } else if distinct(&stems) {
        stems
    } else {
        of(&|(file, _)| file.display().to_string())
    };
    headings.into_iter().map(Name::from).collect()
}

#[cfg(test)]
mod tests;
