// SPDX-License-Identifier: GPL-2.0

//! Figures in rows and columns, before they are written: as text and as Markdown here, as a page in
//! `html/table.rs`.

use crate::name::{escaped, Name};
use crate::output::{self, grouped};
use std::time::Duration;

/// What is in rows and columns.
#[derive(Clone, Debug, Default)]
pub struct Grid {
    /// The columns.
    pub columns: Vec<Column>,
    /// What is in them.
    pub rows: Vec<Row>,
    /// The last row, which is the others' sum; none where it is empty.
    pub total: Vec<Cell>,
}

/// A column's heading.
#[derive(Clone, Debug)]
pub struct Column {
    /// What it has.
    pub what: &'static str,
    /// Of which snapshot, where there are several.
    pub of: Option<Name>,
    /// Whether it has words, not figures.
    pub is_text: bool,
}

/// A row.
#[derive(Clone, Debug)]
pub struct Row {
    /// The exit reason that it is of.
    pub reason: Option<u32>,
    /// A cell per column.
    pub cells: Vec<Cell>,
}

/// What is in one column of one row.
#[derive(Clone, Debug)]
pub struct Cell {
    /// For the eye.
    pub text: String,
    /// What to sort it by; of words, and of what there is none, nothing.
    pub value: Option<f64>,
}

impl Column {
    /// One of figures.
    pub fn figures(what: &'static str) -> Self {
        Self {
            what,
            of: None,
            is_text: false,
        }
    }

    /// One of words.
    pub fn words(what: &'static str) -> Self {
        Self {
            is_text: true,
            ..Self::figures(what)
        }
    }

    /// The figures `what` of each of `snapshots`, a column each.
    pub fn each<'a>(
        what: &'static str,
        snapshots: impl Iterator<Item = &'a Name> + 'a,
    ) -> impl Iterator<Item = Self> + 'a {
        snapshots.map(move |of| Self {
            of: Some(of.clone()),
            ..Self::figures(what)
        })
    }
}

impl Cell {
    /// Words.
    pub fn words(text: impl ToString) -> Self {
        Self {
            text: text.to_string(),
            value: None,
        }
    }

    /// `value`, written as `text`.
    pub fn figure(text: String, value: Option<f64>) -> Self {
        Self { text, value }
    }

    /// A whole number.
    pub fn count(n: u64) -> Self {
        Self::figure(grouped(n), Some(n as f64))
    }

    /// A whole number that may not be known.
    pub fn known(n: Option<u64>) -> Self {
        n.map_or_else(|| Self::words("-"), Self::count)
    }

    /// A mean, rounded.
    pub fn mean(value: Option<f64>) -> Self {
        Self::figure(output::mean(value), value)
    }

    /// How many there were per second.
    pub fn rate(n: u64, elapsed: Duration) -> Self {
        let text = output::per_second(n, elapsed);
        Self::figure(text, Some(n as f64 / elapsed.as_secs_f64()))
    }

    /// `part` of `whole` in per cent.
    pub fn share(part: u64, whole: u64) -> Self {
        Self::figure(output::share(part, whole), output::ratio(part, whole))
    }
}

impl Grid {
    /// The column of the exit reasons' numbers.
    pub const REASON: Column = Column {
        what: "reason",
        of: None,
        is_text: false,
    };

    /// Without rows.
    pub fn new(columns: Vec<Column>) -> Self {
        Self {
            columns,
            ..Self::default()
        }
    }

    /// Adds a row that is of no reason.
    pub fn push(&mut self, cells: Vec<Cell>) {
        self.rows.push(Row {
            reason: None,
            cells,
        });
    }

    /// The cells, row by row, that of the total last.
    fn lines(&self) -> impl Iterator<Item = &[Cell]> {
        let rows = self.rows.iter().map(|row| row.cells.as_slice());
        rows.chain((!self.total.is_empty()).then_some(self.total.as_slice()))
    }

    /// For the eye.
    pub fn text(&self) -> String {
        let heading = |column: &Column| match &column.of {
            None => column.what.to_string(),
            Some(of) => format!("{}\n{of}", column.what),
        };
        let headings: Vec<_> = self.columns.iter().map(heading).collect();
        let columns = self.columns.iter().enumerate();
        let left: Vec<_> = columns.filter(|(_, c)| c.is_text).map(|(i, _)| i).collect();
        let mut table = output::table(&headings, &left);
        for cells in self.lines() {
            table.add_row(cells.iter().map(|cell| &cell.text));
        }
        output::table_text(&table)
    }

    /// As a table of GitHub's Markdown.
    pub fn markdown(&self) -> String {
        let heading = |column: &Column| match &column.of {
            None => column.what.to_string(),
            Some(of) => markdown(&format!("{} ({of})", column.what)),
        };
        let rule = |column: &Column| if column.is_text { "---" } else { "---:" }.to_string();
        let head = line(self.columns.iter().map(heading));
        let rules = line(self.columns.iter().map(rule));
        let cells = |cells: &[Cell]| line(cells.iter().map(|cell| markdown(&cell.text)));
        head + &rules + &self.lines().map(cells).collect::<String>()
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

/// Lines of `text` as Markdown, a paragraph each.
pub fn markdown_lines(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.is_empty());
    let paragraphs: Vec<_> = lines.map(|line| markdown(line) + "\n").collect();
    paragraphs.join("\n")
}

/// `text` as Markdown that shows it: of what it has of its own, nothing is markup.
pub fn markdown(text: &str) -> String {
    let mut shown = String::new();
    for c in escaped(text).chars() {
        // An underscore within a word is one; those of reasons are to stay legible.
        if matches!(
            c,
            '\\' | '`' | '*' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#'
        ) {
            shown.push('\\');
        }
        shown.push(c);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Grid {
        let mut columns = vec![Column::words("name")];
        columns.extend(Column::each("count", [&Name::from("a|b")].into_iter()));
        let mut grid = Grid::new(columns);
        grid.push(vec![Cell::words("<b>|`x`"), Cell::count(6_627)]);
        grid.push(vec![Cell::words("CPUID"), Cell::known(None)]);
        grid.total = vec![Cell::words("total"), Cell::count(6_627)];
        grid
    }

    #[test]
    fn text_has_all_rows() {
        let expected = "\
name     count
           a|b
-------- ------
<b>|`x`  6,627
CPUID        -
total    6,627
";
        assert_eq!(grid().text(), expected);
    }

    #[test]
    fn markdown_is_that_of_github() {
        let expected = r"| name | count (a\|b) |
| --- | ---: |
| \<b\>\|\`x\` | 6,627 |
| CPUID | - |
| total | 6,627 |
";
        assert_eq!(grid().markdown(), expected);
    }
}
