// SPDX-License-Identifier: GPL-2.0

//! What may be seen of the counts: by a guest, or by the host.

use super::{
    cell::Values,
    table::{Cells, Reading, Table, CELLS},
};

/// Counts, cell by cell or all together.
pub trait View {
    /// The cell `index`.
    fn cell(&self, index: usize) -> Values;

    /// The sum over all cells.
    fn total(&self) -> Values;

    /// Reads all cells into `reading`, whatever that had.
    fn read_into(&self, reading: &mut Reading);
}

/// Several tables as one, since their counts were those of a baseline: a VM is the sum over its
/// vCPUs, the host that over its CPUs. Whatever is asked, each table is gone through once.
///
/// The baseline may be set anew beside a reader without a lock, who has to be told
/// (`sequence::Sequence`): what it got from here is then of no period.
pub struct Sum<'a, I> {
    tables: I,
    baseline: &'a Table,
}

impl<'a, I, T> Sum<'a, I>
where
    I: Iterator<Item = &'a T> + Clone,
    T: Cells + 'a,
{
    /// The sum over `tables`.
    pub fn new(tables: I, baseline: &'a Table) -> Self {
        Self { tables, baseline }
    }

    /// As [`View::read_into`], with what the baseline has left in: what to set the next one to.
    pub fn read_since_load_into(&self, reading: &mut Reading) {
        reading.clear();
        self.tables.clone().for_each(|table| table.add_to(reading));
    }
}

impl<'a, I, T> View for Sum<'a, I>
where
    I: Iterator<Item = &'a T> + Clone,
    T: Cells + 'a,
{
    fn cell(&self, index: usize) -> Values {
        self.tables
            .clone()
            .fold(Values::ZERO, |sum, table| sum.plus(&table.read(index)))
            .since(&self.baseline.read(index))
    }

    fn total(&self) -> Values {
        self.tables
            .clone()
            .fold(Values::ZERO, |sum, table| sum.plus(&table.total()))
            .since(&self.baseline.total())
    }

    fn read_into(&self, reading: &mut Reading) {
        self.read_since_load_into(reading);
        reading.subtract(self.baseline);
    }
}

impl View for Reading {
    fn cell(&self, index: usize) -> Values {
        self.get(index)
    }

    fn total(&self) -> Values {
        Reading::total(self)
    }

    fn read_into(&self, reading: &mut Reading) {
        (0..CELLS).for_each(|index| reading.set(index, self.get(index)));
    }
}

/// A view with the exit that asks for it: taken, not booked yet, so its cycles are unknown.
pub struct WithInFlight<V> {
    /// What has been booked.
    pub booked: V,
    /// The cell of the exit in flight.
    pub index: usize,
    /// Whether it was taken while L2 ran.
    pub l2: bool,
}

impl<V: View> View for WithInFlight<V> {
    fn cell(&self, index: usize) -> Values {
        let values = self.booked.cell(index);
        if index == self.index {
            values.with_in_flight(self.l2)
        } else {
            values
        }
    }

    fn total(&self) -> Values {
        self.booked.total().with_in_flight(self.l2)
    }

    fn read_into(&self, reading: &mut Reading) {
        self.booked.read_into(reading);
        reading.set(self.index, reading.get(self.index).with_in_flight(self.l2));
    }
}
