// SPDX-License-Identifier: GPL-2.0

//! A comparison as text and as CSV. (JSON is what `Serialize` makes of it.)

use super::{Column, Comparison, Ratio, Row};
use crate::name::Name;
use crate::output::{self, grouped, mean};
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
    /// For the eye.
    pub fn text(&self) -> String {
        let mut headings = vec!["reason".to_string(), "name".to_string()];
        let columns = || self.columns.iter().map(|c| &c.heading);
        headings.extend(columns().map(|c| format!("count\n{c}")));
        headings.extend(columns().skip(1).map(|c| format!("ratio\n{c}")));
        if self.is_nested() {
            for what in LEVELS {
                headings.extend(columns().map(|c| format!("{what}\n{c}")));
            }
        }
        headings.extend(columns().map(|c| format!("cycles/exit\n{c}")));

        let mut table = output::table(&headings, &[1]);
        for row in self.rows.iter().chain([&self.total]) {
            let mut cells = vec![self.number(row), row.name.to_string()];
            cells.extend(row.count.iter().map(|&n| grouped(n)));
            cells.extend(row.ratio.iter().skip(1).map(|&r| ratio(r)));
            if self.is_nested() {
                let figures = row.levels().into_iter().flatten();
                cells.extend(figures.map(|&n| n.map_or_else(|| "-".to_string(), grouped)));
            }
            cells.extend(row.cycles_per_exit.iter().map(|&c| mean(c)));
            table.add_row(cells);
        }
        let time = self.time.as_deref();
        let time = time.map(|states| super::time::text(states, &self.columns));
        format!(
            "{}\n{}Sorted by {}. Ratios are to \"{}\".\n{}{}\n",
            output::table_text(&table),
            time.unwrap_or_default(),
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

    fn number(&self, row: &Row) -> String {
        row.reason
            .map_or_else(String::new, |n| self.isa.reason_number(n))
    }
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
