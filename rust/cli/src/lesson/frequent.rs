// SPDX-License-Identifier: GPL-2.0

//! Which exits are the most and the least frequent.

use super::{Answer, Lesson};
use crate::output::{grouped, share};
use std::cmp::Reverse;

/// How many of each end are named.
const NAMED: usize = 3;

/// The answer.
pub fn answer(lesson: &Lesson) -> Option<Answer> {
    let each = (0..lesson.runs.len()).filter_map(|column| of(lesson, column));
    let paragraphs: Vec<_> = each.collect();
    (!paragraphs.is_empty()).then_some(Answer {
        id: "frequent",
        question: "Which are the most and the least frequent?",
        paragraphs,
    })
}

fn of(lesson: &Lesson, column: usize) -> Option<String> {
    let snapshot = &lesson.runs.get(column)?.snapshot;
    let mut rows: Vec<_> = snapshot
        .reasons
        .iter()
        .filter(|row| row.counters.count > 0)
        .collect();
    rows.sort_by_key(|row| Reverse(row.counters.count));
    let most: Vec<_> = rows
        .iter()
        .take(NAMED)
        .map(|row| {
            let count = row.counters.count;
            let part = share(count, snapshot.total.count);
            format!("{} ({}, {part})", row.name, grouped(count))
        })
        .collect();
    let rest = rows.len().saturating_sub(NAMED);
    let least: Vec<_> = rows
        .iter()
        .rev()
        .take(rest.min(NAMED))
        .map(|row| format!("{} ({})", row.name, grouped(row.counters.count)))
        .collect();
    let heading = lesson.heading(column);
    let mut text = format!("{heading}: most {}", most.join(", "));
    if !least.is_empty() {
        text += &format!("; least {}", least.join(", "));
    }
    let kinds = rows.len();
    (kinds > 0).then(|| format!("{text}. Reasons in all: {kinds}."))
}
