// SPDX-License-Identifier: GPL-2.0

//! Where the time went, side by side.

use super::{Column, Named};
use crate::grid::{self, Cell, Grid};
use crate::output::{grouped, ratio, share};
use serde::Serialize;

/// One state in all snapshots; also the time preempted, which is a part of the others, and that
/// elapsed, which is their sum.
#[derive(Debug, Serialize)]
pub struct State {
    /// Its name.
    pub state: &'static str,
    /// Cycles, a figure per snapshot.
    pub cycles: Vec<u64>,
    /// Those in proportion to the snapshot's time elapsed.
    pub share: Vec<Option<f64>>,
}

/// The states in all of `snapshots`; `None` where one does not tell.
pub(super) fn states(snapshots: &[Named]) -> Option<Vec<State>> {
    let times = snapshots.iter().map(|(_, snapshot)| snapshot.time.as_ref());
    let times = times.collect::<Option<Vec<_>>>()?;
    let mut columns = times.iter().map(|time| {
        let states = time.cycles.each().into_iter();
        let all = [("preempted", time.preempted), ("elapsed", time.elapsed)];
        states.chain(all)
    });
    let names = columns.clone().next()?.map(|(name, _)| name);
    let mut states: Vec<_> = names
        .map(|state| State {
            state,
            cycles: Vec::new(),
            share: Vec::new(),
        })
        .collect();
    for (column, time) in columns.by_ref().zip(&times) {
        for (state, (_, cycles)) in states.iter_mut().zip(column) {
            state.cycles.push(cycles);
            state.share.push(ratio(cycles, time.elapsed));
        }
    }
    Some(states)
}

/// What to know of [`grid()`].
const NOTE: &str = "Where the time of the vCPUs went; preempted is a part of the other states:";

/// State by state.
pub fn grid(states: &[State], columns: &[Column]) -> Grid {
    let headings = || columns.iter().map(|c| &c.heading);
    let mut columns = vec![grid::Column::words("state")];
    columns.extend(grid::Column::each("cycles", headings()));
    columns.extend(grid::Column::each("share", headings()));
    let mut grid = Grid::new(columns);
    let elapsed = states.last().map(|state| state.cycles.as_slice());
    for state in states {
        let wholes = elapsed.unwrap_or_default();
        let mut cells = vec![Cell::words(state.state)];
        cells.extend(state.cycles.iter().map(|&cycles| Cell::count(cycles)));
        let parts = state.cycles.iter().zip(wholes);
        cells.extend(parts.map(|(&part, &whole)| Cell::share(part, whole)));
        grid.push(cells);
    }
    grid
}

/// For the eye, and what to know of it.
pub(super) fn text(states: &[State], columns: &[Column]) -> String {
    let table = grid(states, columns).text();
    format!("{NOTE}\n\n{table}\n{}\n", sentences(states, columns))
}

/// The same as Markdown.
pub(super) fn markdown(states: &[State], columns: &[Column]) -> String {
    let table = grid(states, columns).markdown();
    let sentences = grid::markdown_lines(&sentences(states, columns));
    format!("{NOTE}\n\n{table}\n{sentences}\n")
}

/// Whose the time was, a line per column.
pub fn sentences(states: &[State], columns: &[Column]) -> String {
    let columns = columns.iter().enumerate();
    columns
        .map(|(at, column)| sentence(states, at, &column.heading.to_string()) + "\n")
        .collect()
}

/// Whose the time of the column `at` was, in one line.
fn sentence(states: &[State], at: usize, heading: &str) -> String {
    let of = |names: &[&str]| {
        let wanted = states.iter().filter(|state| names.contains(&state.state));
        wanted.fold(0u64, |sum, state| {
            sum.saturating_add(state.cycles.get(at).copied().unwrap_or(0))
        })
    };
    let elapsed = of(&["elapsed"]);
    let part = |names: &[&str]| share(of(names), elapsed);
    format!(
        "{heading}: of {} cycles {} were the guest's, {} KVM's (exits {}, the way back in {}), \
         {} the VMM's; {} halted",
        grouped(elapsed),
        part(&["guest"]),
        part(&["exit", "entry"]),
        part(&["exit"]),
        part(&["entry"]),
        part(&["vmm"]),
        part(&["halted"]),
    )
}
