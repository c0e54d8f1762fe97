// SPDX-License-Identifier: GPL-2.0

//! How many exits a boot takes.

use super::{Answer, Lesson};
use crate::comparison::proportion;
use crate::output::{grouped, share};
use crate::snapshot::Snapshot;

/// The answer, where the runs say where the boot ended.
pub fn answer(lesson: &Lesson) -> Option<Answer> {
    let (nested, shadow) = lesson.pair();
    let of = |column: usize| {
        let run = lesson.runs.get(column)?;
        Some((run.boot.as_ref()?, &run.snapshot))
    };
    let ((before, before_all), (after, after_all)) = (of(nested)?, of(shadow)?);
    let (first, second) = (lesson.heading(nested), lesson.heading(shadow));
    let total = |snapshot: &Snapshot| snapshot.total.count;
    let rest = |all: &Snapshot, boot: &Snapshot| grouped(total(all).saturating_sub(total(boot)));
    let paragraphs = vec![
        format!(
            "{} under {first}, {} under {second} ({}): from the guest's first instruction until its \
             workload begins.",
            grouped(total(before)),
            grouped(total(after)),
            proportion(total(before), total(after)),
        ),
        format!(
            "Under {first} most of them are {}, under {second} {}. The workload takes {} and {} \
             more.",
            most(before)?,
            most(after)?,
            rest(before_all, before),
            rest(after_all, after),
        ),
    ];
    Some(Answer {
        id: "boot",
        question: "How many exits does a boot take?",
        paragraphs,
    })
}

/// "EPT_VIOLATION (58.2%)"
fn most(snapshot: &Snapshot) -> Option<String> {
    let row = snapshot
        .reasons
        .iter()
        .max_by_key(|row| row.counters.count)?;
    let part = share(row.counters.count, snapshot.total.count);
    Some(format!("{} ({part})", row.name))
}
