// SPDX-License-Identifier: GPL-2.0

//! What appeared, and what vanished.

use super::{Section, Subject};
use crate::comparison::{Comparison, Ratio, Row};
use crate::output::grouped;
use maud::{html, Markup};

/// For each snapshot, the reasons that only it has, or that only the first has; nothing of one.
pub fn section(subject: &Subject<'_>) -> Option<Section> {
    let comparison = subject.comparison;
    let others = comparison.columns.iter().enumerate().skip(1);
    if others.len() == 0 {
        return None;
    }
    let first = &comparison.columns[0].heading;
    let body = html! {
        div.changes {
            @for (n, column) in others {
                div {
                    h3 { (first) " → " (column.heading) }
                    (list("appeared", "new", subject, of(comparison, n, Ratio::New), |row| row.count[n]))
                    (list("vanished", "gone", subject, of(comparison, n, Ratio::Gone), |row| row.count[0]))
                }
            }
        }
    };
    let id = format!("{}changes", subject.prefix);
    Some(Section::new(&id, "What appeared, what vanished", body))
}

/// The rows that the column `n` makes `what`.
fn of(comparison: &Comparison, n: usize, what: Ratio) -> Vec<&Row> {
    let rows = comparison.rows.iter();
    rows.filter(|row| row.ratio[n] == what).collect()
}

fn list(
    title: &str,
    class: &str,
    subject: &Subject<'_>,
    rows: Vec<&Row>,
    count: impl Fn(&Row) -> u64,
) -> Markup {
    html! {
        div class=(class) {
            h4 { (title) }
            @if rows.is_empty() { p { "nothing" } } @else {
                ul {
                    @for row in rows {
                        li data-reason=[row.reason] {
                            a href=[subject.link(row.reason)] { (row.name) }
                            " " span.figure { (grouped(count(row))) }
                        }
                    }
                }
            }
        }
    }
}
