// SPDX-License-Identifier: GPL-2.0

//! What reasons' exits were about, side by side.

use super::{headings, isa, render, Named, Ratio};
use crate::by::By;
use crate::grid::{self, Cell, Column, Grid};
use crate::name::Name;
use crate::output;
use crate::sheet::{Field, Sheet};
use crate::snapshot::Isa;
use anyhow::{Context, Result};
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

/// Keys of all snapshots side by side.
#[derive(Debug, Serialize)]
pub struct Keys {
    /// Whose exit reasons these are.
    pub isa: Isa,
    /// What the columns are called, a snapshot each.
    pub columns: Vec<Name>,
    /// The reasons that occurred in any of them.
    pub reasons: Vec<Reason>,
}

/// One reason's keys.
#[derive(Debug, Serialize)]
pub struct Reason {
    /// Its number.
    pub reason: u32,
    /// KVM's name for it.
    pub name: Name,
    /// The largest counts first, what has no key last.
    pub keys: Vec<Key>,
    /// Where each of them is, until they are sorted.
    #[serde(skip)]
    places: HashMap<Option<Name>, usize>,
}

/// One key in all snapshots.
#[derive(Debug, Serialize)]
pub struct Key {
    /// As in the snapshots.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Name>,
    /// In words.
    pub name: Name,
    /// Exits, a figure per snapshot.
    pub count: Vec<u64>,
    /// Cycles likewise.
    pub cycles: Vec<u64>,
    /// `count` in proportion to the first; of the first itself there is none.
    pub ratio: Vec<Ratio>,
}

impl Keys {
    /// Compares the keys of `by` in `snapshots`, of which there are at least two.
    pub fn new(snapshots: &[Named], by: &By) -> Result<Self> {
        let isa = isa(snapshots)?;
        let mut reasons = BTreeMap::<u32, Reason>::new();
        for (column, (file, snapshot)) in snapshots.iter().enumerate() {
            let rows = by.rows(snapshot);
            for row in rows.with_context(|| file.display().to_string())? {
                let reason = reasons.entry(row.reason).or_insert_with(|| Reason {
                    reason: row.reason,
                    name: row.name.clone(),
                    keys: Vec::new(),
                    places: HashMap::new(),
                });
                for found in row.detail.iter().flatten() {
                    let key = reason.key(&found.key, &found.name, snapshots.len());
                    key.count[column] = found.count;
                    key.cycles[column] = found.cycles;
                }
            }
        }
        let mut reasons: Vec<_> = reasons.into_values().collect();
        for key in reasons.iter_mut().flat_map(|reason| &mut reason.keys) {
            let ratio = |(i, &here): (usize, &u64)| match i {
                0 => Ratio::None,
                _ => Ratio::new(key.count[0], here),
            };
            key.ratio = key.count.iter().enumerate().map(ratio).collect();
        }
        for reason in &mut reasons {
            let largest = |key: &Key| Reverse(key.count.iter().copied().max());
            reason
                .keys
                .sort_by_key(|key| (key.key.is_none(), largest(key)));
        }
        Ok(Self {
            isa,
            columns: headings(snapshots),
            reasons,
        })
    }

    /// For the eye.
    pub fn text(&self) -> String {
        self.each(|number, reason| {
            let table = self.grid(reason).text();
            format!("{number} {}\n\n{table}", reason.name)
        })
    }

    /// The same as Markdown.
    pub fn markdown(&self) -> String {
        self.each(|number, reason| {
            let name = grid::markdown(&reason.name.to_string());
            let table = self.grid(reason).markdown();
            format!("### {number} {name}\n\n{table}")
        })
    }

    fn each(&self, written: impl Fn(String, &Reason) -> String) -> String {
        if self.reasons.is_empty() {
            return "no such exit has been counted in any of them\n".to_string();
        }
        let numbered = |reason: &Reason| written(self.isa.reason_number(reason.reason), reason);
        let each = self.reasons.iter().map(numbered);
        each.collect::<Vec<_>>().join("\n")
    }

    fn grid(&self, reason: &Reason) -> Grid {
        let mut columns = vec![Column::words("what")];
        columns.extend(Column::each("count", self.columns.iter()));
        columns.extend(Column::each("ratio", self.columns.iter().skip(1)));
        columns.extend(Column::each("cycles/exit", self.columns.iter()));
        let mut grid = Grid::new(columns);
        for key in &reason.keys {
            let mut cells = vec![Cell::words(&key.name)];
            cells.extend(key.count.iter().map(|&n| Cell::count(n)));
            cells.extend(key.ratio.iter().skip(1).map(|&r| render::ratio_cell(r)));
            let figures = key.cycles.iter().zip(&key.count);
            cells.extend(figures.map(|(&cycles, &n)| Cell::mean(output::ratio(cycles, n))));
            grid.push(cells);
        }
        grid
    }

    /// For a spreadsheet: a line per key.
    pub fn csv(&self) -> Result<String> {
        let mut head: Vec<Field> = vec!["reason".into(), "key".into(), "name".into()];
        for what in ["count", "cycles"] {
            let named = |c: &Name| Field::from(&Name::from(format!("{what} ({c})")));
            head.extend(self.columns.iter().map(named));
        }
        let mut sheet = Sheet::new(head)?;
        for reason in &self.reasons {
            for key in &reason.keys {
                let mut fields = vec![reason.reason.into(), key.key.as_ref().into()];
                fields.push((&key.name).into());
                fields.extend(key.count.iter().chain(&key.cycles).map(|&n| n.into()));
                sheet.line(fields)?;
            }
        }
        sheet.text()
    }
}

impl Reason {
    /// That key, without exits yet if it is new.
    fn key(&mut self, key: &Option<Name>, name: &Name, columns: usize) -> &mut Key {
        let at = *self.places.entry(key.clone()).or_insert_with(|| {
            self.keys.push(Key {
                key: key.clone(),
                name: name.clone(),
                count: vec![0; columns],
                cycles: vec![0; columns],
                ratio: Vec::new(),
            });
            self.keys.len() - 1
        });
        &mut self.keys[at]
    }
}
