// SPDX-License-Identifier: GPL-2.0

//! Figures in rows and columns, on a page. A script makes buttons of the headings, to sort by.

use super::Notes;
use crate::grid::{Cell, Grid, Row};
use maud::{html, Markup};

/// What is said of the rows, and where.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// What the id of a reason's row begins with.
    pub prefix: &'a str,
    /// Sentences below reasons.
    pub notes: &'a Notes,
    /// Whether there is more of a reason in `closer.rs`.
    pub is_closer: &'a dyn Fn(u32) -> bool,
}

impl Rows<'_> {
    /// Nothing.
    pub const NONE: Self = Self {
        prefix: "",
        notes: &Notes::new(),
        is_closer: &|_| false,
    };
}

/// A table to be sorted, a group of rows per reason: its figures, and what is said of it.
pub fn sortable(grid: &Grid, rows: Rows<'_>) -> Markup {
    scrolled(html! {
        table.sortable {
            (head(grid))
            @for row in &grid.rows { (group(grid, row, rows)) }
            @if !grid.total.is_empty() { tfoot { tr { (cells(grid, &grid.total, None)) } } }
        }
    })
}

/// A table that stays as it is.
pub fn plain(grid: &Grid) -> Markup {
    scrolled(html! {
        table {
            (head(grid))
            tbody { @for row in &grid.rows { tr { (cells(grid, &row.cells, None)) } } }
        }
    })
}

/// Where it is wider than the page, it is moved within.
fn scrolled(table: Markup) -> Markup {
    html! { div.scroll role="region" tabindex="0" aria-label="table" { (table) } }
}

fn head(grid: &Grid) -> Markup {
    html! {
        thead {
            tr {
                @for column in &grid.columns {
                    th scope="col" class=[column.is_text.then_some("words")] {
                        (column.what)
                        @if let Some(of) = &column.of { " " span.of { (of) } }
                    }
                }
            }
        }
    }
}

fn group(grid: &Grid, row: &Row, rows: Rows<'_>) -> Markup {
    let id = row.reason.map(|n| format!("{}reason-{n}", rows.prefix));
    let closer = row.reason.filter(|&n| (rows.is_closer)(n));
    let closer = closer.map(|n| format!("#{}closer-{n}", rows.prefix));
    let notes = row.reason.and_then(|n| rows.notes.get(&n));
    html! {
        tbody id=[id] data-reason=[row.reason] {
            tr { (cells(grid, &row.cells, closer.as_deref())) }
            @if let Some(notes) = notes {
                tr.note {
                    td colspan=(grid.columns.len()) {
                        div { @for note in notes { p { (note) } } }
                    }
                }
            }
        }
    }
}

/// `closer` is where a name leads to.
fn cells(grid: &Grid, cells: &[Cell], closer: Option<&str>) -> Markup {
    let cells = grid.columns.iter().zip(cells);
    html! {
        @for (column, cell) in cells {
            @match (column.is_text, closer) {
                (true, Some(closer)) => th scope="row" { a href=(closer) { (cell.text) } },
                (true, None) => th scope="row" { (cell.text) },
                (false, _) => td data-value=[cell.value.map(number)] { (cell.text) },
            }
        }
    }
}

/// As a script reads it.
fn number(value: f64) -> String {
    if value.is_infinite() {
        "Infinity".to_string()
    } else {
        value.to_string()
    }
}
