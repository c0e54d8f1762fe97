// SPDX-License-Identifier: GPL-2.0

//! A cell and a histogram per exit reason: a CPU's table.

use super::{
    cell::Cell,
    histogram::{Buckets, Histogram},
    table::{Cells, CELLS},
};

/// One reason's. Side by side, so that one address leads to both.
#[repr(C)]
struct Row {
    cell: Cell,
    histogram: Histogram,
}

/// Live rows, with one writer at a time.
#[repr(C)]
pub struct TimedTable([Row; CELLS]);

impl TimedTable {
    /// Books one exit, taken while L1 ran, at `index`. Only the table's one writer may call this.
    /// An index out of range, which `table::index_of` never yields, is ignored.
    #[inline(always)]
    pub fn book(&self, index: usize, cycles: u64) {
        // Not by `get`: from its `Option` the compiler makes a test of the address for null.
        if index < CELLS {
            let row = &self.0[index];
            row.cell.book(cycles);
            row.histogram.book(cycles);
        }
    }

    /// As [`TimedTable::book`], for an exit taken while L2 ran, and perhaps handed to L1.
    #[inline]
    pub fn book_l2(&self, index: usize, cycles: u64, reflected: bool) {
        if let Some(row) = self.0.get(index) {
            row.cell.book_l2(cycles, reflected);
            row.histogram.book(cycles);
        }
    }

    /// Adds what the histogram `index` holds now to `sum`.
    pub fn add_buckets_to(&self, index: usize, sum: &mut Buckets) {
        if let Some(row) = self.0.get(index) {
            row.histogram.add_to(sum);
        }
    }
}

impl Cells for TimedTable {
    fn cell(&self, index: usize) -> Option<&Cell> {
        self.0.get(index).map(|row| &row.cell)
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.0.iter().map(|row| &row.cell)
    }
}
