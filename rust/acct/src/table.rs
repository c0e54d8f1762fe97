// SPDX-License-Identifier: GPL-2.0

//! A cell per exit reason: live in a [`Table`], read out as a [`Reading`].

use super::{
    cell::{Cell, Values},
    reasons::{Isa, OTHER},
};

/// Reasons that are their own index: all of VMX, and all of SVM but its last four.
const DIRECT: usize = 176;

/// SVM's exit codes above the direct ones (APM Vol. 2, Appendix C): nested page fault, AVIC, GHCB.
const SVM_HIGH: core::ops::RangeInclusive<u32> = 0x400..=0x403;

/// The cell of every reason that has none of its own.
pub const OTHER_INDEX: usize = DIRECT + 4;

/// How many cells a table has.
pub const CELLS: usize = OTHER_INDEX + 1;

/// The cell for `reason`. `isa` is asked only for the reasons that need it.
#[inline]
pub fn index_of(reason: u32, isa: impl FnOnce() -> Isa) -> usize {
    direct_index_of(reason).unwrap_or_else(|| indirect_index(reason, isa()))
}

/// [`index_of`] for nearly every reason there is; `None` for the others. What the compiler knows
/// of the result spares the table's users the check of its bounds.
#[inline(always)]
pub const fn direct_index_of(reason: u32) -> Option<usize> {
    if (reason as usize) < DIRECT {
        Some(reason as usize)
    } else {
        None
    }
}

/// VMX's upper half is flags (SDM Vol. 3C, "Exit reason": 31 failed VM entry, 27 enclave mode)
/// and never indexes. SVM has none: there, a code that is wider than 16 bits is another code.
fn indirect_index(reason: u32, isa: Isa) -> usize {
    match isa {
        Isa::Vmx => direct_index_of(reason & 0xffff).unwrap_or(OTHER_INDEX),
        Isa::Svm if SVM_HIGH.contains(&reason) => DIRECT + (reason - SVM_HIGH.start()) as usize,
        Isa::Svm => OTHER_INDEX,
    }
}

/// The reason that has the cell `index`; [`OTHER`] for the last one.
pub const fn reason_at(index: usize) -> u32 {
    match index {
        // Below 2^16: the cast keeps the value.
        0..DIRECT => index as u32,
        DIRECT..OTHER_INDEX => *SVM_HIGH.start() + (index - DIRECT) as u32,
        _ => OTHER,
    }
}

/// The cell that holds the exits of the reason number `reason`, as a reader names it: without
/// flag bits, and [`OTHER`] for the last cell. `None` where no cell is that reason's own.
pub fn index_named(reason: u32, isa: Isa) -> Option<usize> {
    match reason {
        OTHER => Some(OTHER_INDEX),
        0..=0xffff => Some(index_of(reason, || isa)).filter(|&index| index != OTHER_INDEX),
        _ => None,
    }
}

/// A live table, whatever else it has beside the cells.
pub trait Cells {
    /// The cell `index`, if there is such a one.
    fn cell(&self, index: usize) -> Option<&Cell>;

    /// All cells, in order.
    fn cells(&self) -> impl Iterator<Item = &Cell>;

    /// What the cell `index` holds now; nothing where there is no such cell.
    fn read(&self, index: usize) -> Values {
        self.cell(index).map(Cell::read).unwrap_or_default()
    }

    /// The sum over what the cells hold now.
    fn total(&self) -> Values {
        self.cells()
            .fold(Values::ZERO, |sum, cell| sum.plus(&cell.read()))
    }

    /// Adds what the cells hold now to `sum`.
    fn add_to(&self, sum: &mut Reading) {
        for (sum, cell) in sum.0.iter_mut().zip(self.cells()) {
            *sum = sum.plus(&cell.read());
        }
    }
}

/// Live cells, with one writer at a time.
#[repr(C)]
pub struct Table([Cell; CELLS]);

impl Default for Table {
    fn default() -> Self {
        Self::new()
    }
}

impl Table {
    /// A table at zero.
    pub const fn new() -> Self {
        Self([const { Cell::new() }; CELLS])
    }

    /// Books one exit, taken while L1 ran, in the cell `index`. Only the table's one writer may
    /// call this. An index out of range, which [`index_of`] never yields, is ignored.
    #[inline(always)]
    pub fn book(&self, index: usize, cycles: u64) {
        // Not by `get`: from its `Option` the compiler makes a test of the address for null.
        if index < CELLS {
            self.0[index].book(cycles);
        }
    }

    /// As [`Table::book`], for an exit taken while L2 ran, and perhaps handed to L1.
    #[inline]
    pub fn book_l2(&self, index: usize, cycles: u64, reflected: bool) {
        if let Some(cell) = self.0.get(index) {
            cell.book_l2(cycles, reflected);
        }
    }

    /// Sets all cells. Only the table's one writer may call this.
    pub fn set(&self, reading: &Reading) {
        for (cell, values) in self.0.iter().zip(&reading.0) {
            cell.set(values);
        }
    }
}

impl Cells for Table {
    fn cell(&self, index: usize) -> Option<&Cell> {
        self.0.get(index)
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.0.iter()
    }
}

/// Cells read out, of one table or of several added up.
#[repr(C)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading([Values; CELLS]);

impl Reading {
    /// Nothing counted. For statics and a process's stack: it is too large for a kernel's.
    pub const ZERO: Self = Self([Values::ZERO; CELLS]);

    /// Sets all to zero.
    pub fn clear(&mut self) {
        self.0.fill(Values::ZERO);
    }

    /// The cell `index`; zeros where there is no such cell.
    pub fn get(&self, index: usize) -> Values {
        self.0.get(index).copied().unwrap_or_default()
    }

    /// Sets the cell `index`.
    pub fn set(&mut self, index: usize, values: Values) {
        if let Some(cell) = self.0.get_mut(index) {
            *cell = values;
        }
    }

    /// Takes what `baseline`, an earlier reading of the same tables, holds away from this one.
    pub fn subtract(&mut self, baseline: &Table) {
        for (now, before) in self.0.iter_mut().zip(&baseline.0) {
            *now = now.since(&before.read());
        }
    }

    /// The sum over all reasons: the only total there is.
    pub fn total(&self) -> Values {
        self.0.iter().fold(Values::default(), |sum, v| sum.plus(v))
    }

    /// The rows with at least one exit, with their reason, in ascending order.
    pub fn rows(&self) -> impl Iterator<Item = (u32, &Values)> {
        self.0
            .iter()
            .enumerate()
            .filter(|(_, values)| values.all().count != 0)
            .map(|(index, values)| (reason_at(index), values))
    }
}
