// SPDX-License-Identifier: GPL-2.0

//! A comparison as text, Markdown and CSV. (JSON is what `Serialize` makes of it.)

use super::{Column, Comparison, Ratio, Row};
use crate::grid::{self, Cell, Grid};
use crate::name::Name;
use crate::output::grouped;
use crate::sheet::{Field, Sheet};
use anyhow::Result;

/// What [`Row::levels()`] has, by name.
const LEVELS: [&str; 3] = ["L1", "L2", "reflected"];

/// What to know of these columns.
const NOTE_ON_LEVELS: &str = "L1, L2: the exits while that level ran, which make up the count; \
    reflected: those of L2 that were handed to L1.\n";

impl Row {
    /// The count's parts: a figure per snapshot each.
    fn levels(&self) -> [&[Option<u64>]; 3] {
        [&self.l1_count, &self.l2_count, &self.l2_reflected]
    }
}

impl Comparison {
    /// Reason by reason, the totals last.
    pub fn grid(&self) -> Grid {
        let headings = || self.columns.iter().map(|c| &c.heading);
        let mut columns = vec![Grid::REASON, grid::Column::words("name")];
        columns.extend(grid::Column::each("count", headings()));
        columns.extend(grid::Column::each("ratio", headings().skip(1)));
        if self.is_nested() {
            for what in LEVELS {
                columns.extend(grid::Column::each(what, headings()));
            }
        }
        columns.extend(grid::Column::each("cycles/exit", headings()));
        let mut grid = Grid::new(columns);
        grid.rows.extend(self.rows.iter().map(|row| grid::Row {
            reason: row.reason,
            cells: self.cells(row),
        }));
        grid.total = self.cells(&self.total);
        grid
    }

    fn cells(&self, row: &Row) -> Vec<Cell> {
        let mut cells = vec![self.number(row), Cell::words(&row.name)];
        cells.extend(row.count.iter().map(|&n| Cell::count(n)));
        cells.extend(row.ratio.iter().skip(1).map(|&r| ratio_cell(r)));
        if self.is_nested() {
            let figures = row.levels().into_iter().flatten();
            cells.extend(figures.map(|&n| Cell::known(n)));
        }
        cells.extend(row.cycles_per_exit.iter().map(|&c| Cell::mean(c)));
        cells
    }

    fn number(&self, row: &Row) -> Cell {
        let text = row.reason.map(|n| self.isa.reason_number(n));
        Cell::figure(text.unwrap_or_default(), row.reason.map(f64::from))
    }

    /// For the eye.
    pub fn text(&self) -> String {
        let time = self.time.as_deref();
        let time = time.map(|states| super::time::text(states, &self.columns));
        format!(
            "{}\n{}{}",
            self.grid().text(),
            time.unwrap_or_default(),
            self.notes(),
        )
    }

    /// As Markdown, with the same rows.
    pub fn markdown(&self) -> String {
        let time = self.time.as_deref();
        let time = time.map(|states| super::time::markdown(states, &self.columns));
        format!(
            "{}\n{}{}",
            self.grid().markdown(),
            time.unwrap_or_default(),
            grid::markdown_lines(&self.notes()),
        )
    }

    /// What to know of the figures, a line each.
    pub fn notes(&self) -> String {
        format!(
            "Sorted by {}. Ratios are to \"{}\".\n{}{}\n",
            self.sorted_by,
            self.columns[0].heading,
            if self.is_nested() { NOTE_ON_LEVELS } else { "" },
            self.cycles_note,
        )
    }

    /// For a spreadsheet: unrounded, a column per figure. Leaves out the totals.
    pub fn csv(&self) -> Result<String> {
        let mut head: Vec<Field> = vec!["reason".into(), "name".into()];
        for what in ["count", "cycles", "ratio"] {
            let columns = self.columns.iter().skip(usize::from(what == "ratio"));
            let named = |c: &Column| Name::from(format!("{what} ({})", c.heading));
            head.extend(columns.map(|c| Field::from(&named(c))));
        }
        if self.is_nested() {
            for what in LEVELS {
                let named = |c: &Column| Name::from(format!("{what} ({})", c.heading));
                head.extend(self.columns.iter().map(|c| Field::from(&named(c))));
            }
        }
        // Behind all else, which stays where it is.
        let known = self.columns.iter().zip(&self.total.vmm_count);
        let named = |c: &Column| Field::from(&Name::from(format!("vmm_count ({})", c.heading)));
        head.extend(known.map(|(c, _)| named(c)));
        let mut sheet = Sheet::new(head)?;
        for row in &self.rows {
            let mut fields = vec![row.reason.into(), (&row.name).into()];
            fields.extend(row.count.iter().chain(&row.cycles).map(|&n| n.into()));
            fields.extend(row.ratio.iter().skip(1).map(|&r| match r {
                Ratio::Of(value) => value.into(),
                Ratio::None => None::<f64>.into(),
                Ratio::New => "new".into(),
                Ratio::Gone => "gone".into(),
            }));
            if self.is_nested() {
                let figures = row.levels().into_iter().flatten();
                fields.extend(figures.map(|&n| Field::from(n)));
            }
            fields.extend(row.vmm_count.iter().map(|&n| Field::from(n)));
            sheet.line(fields)?;
        }
        sheet.text()
    }
}

/// A ratio, which is sorted by how far up it is: what is new before all.
pub(super) fn ratio_cell(r: Ratio) -> Cell {
    let value = match r {
        Ratio::None => None,
        Ratio::New => Some(f64::INFINITY),
        Ratio::Gone => Some(0.0),
        Ratio::Of(value) => Some(value),
    };
    Cell::figure(ratio(r), value)
}

/// About three digits.
pub(super) fn ratio(ratio: Ratio) -> String {
    match ratio {
        Ratio::None => "-".into(),
        Ratio::New => "new".into(),
        Ratio::Gone => "gone".into(),
        // About three digits that mean something.
        Ratio::Of(r) if r >= 99.95 => format!("{}x", grouped(r.round() as u64)),
        Ratio::Of(r) if r >= 9.995 => format!("{r:.1}x"),
        Ratio::Of(r) if r >= 0.0995 => format!("{r:.2}x"),
        Ratio::Of(r) if r >= 0.0005 => format!("{r:.3}x"),
        Ratio::Of(_) => "<0.001x".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_keep_three_digits() {
        let text = |r| ratio(Ratio::Of(r));
        assert_eq!(text(1.0), "1.00x");
        assert_eq!(text(33.86), "33.9x");
        assert_eq!(text(99.99), "100x");
        assert_eq!(text(42_566.4), "42,566x");
        assert_eq!(text(0.25), "0.25x");
        assert_eq!(text(0.015), "0.015x");
        assert_eq!(text(0.0001), "<0.001x");
        assert_eq!(ratio(Ratio::New), "new");
        assert_eq!(ratio(Ratio::Gone), "gone");
    }
}
