// SPDX-License-Identifier: GPL-2.0

//! Whether exits come at a steady rate.

use super::{Answer, Lesson};
use crate::history::{History, Step};
use crate::output::grouped;
use std::time::Duration;

/// So many times the slowest rate may be the fastest of what is called steady.
const STEADY: f64 = 2.0;

/// The answer, where the runs have been recorded.
pub fn answer(lesson: &Lesson) -> Option<Answer> {
    let each = lesson.runs.iter().enumerate();
    let each = each.filter_map(|(column, run)| {
        let steps = timed(&run.history);
        let (fast, slow) = (fastest(&steps)?, slowest(&steps));
        let is_steady = slow.map(|slow| fast.rate() < STEADY * slow.rate());
        let heading = lesson.heading(column);
        Some((is_steady, sentence(&run.history, &heading, fast, slow)))
    });
    let (steady, mut paragraphs): (Vec<_>, Vec<_>) = each.unzip();
    // Of one or two steps there is no telling.
    let steady: Vec<bool> = steady.into_iter().flatten().collect();
    let verdict = match (steady.iter().all(|&s| s), steady.iter().any(|&s| s)) {
        _ if steady.is_empty() => return None,
        (true, _) => "Yes, more or less: no stretch has twice the rate of another.",
        (_, true) => "Not in every run.",
        _ => "No. A guest exits for what it does just then.",
    };
    paragraphs.insert(0, verdict.to_string());
    Some(Answer {
        id: "rate",
        question: "Do exits come at a steady rate?",
        paragraphs,
    })
}

/// A step, and when it began, since the first exit.
#[derive(Clone, Copy)]
struct Timed<'a> {
    from: Duration,
    step: &'a Step,
}

impl Timed<'_> {
    fn rate(&self) -> f64 {
        self.step.count() as f64 / self.step.elapsed.as_secs_f64()
    }
}

/// Those that are not much shorter than most: of a moment there is no rate.
fn timed(history: &History) -> Vec<Timed<'_>> {
    let mut lengths: Vec<_> = history.steps().map(|step| step.elapsed).collect();
    lengths.sort();
    let usual = lengths.get(lengths.len() / 2).copied().unwrap_or_default();
    let begin = history.runs.first().map(|run| run.from).unwrap_or_default();
    let mut timed = Vec::new();
    for run in &history.runs {
        let mut from = run.from.saturating_sub(begin);
        for step in &run.steps {
            if step.elapsed * 2 > usual {
                timed.push(Timed { from, step });
            }
            from += step.elapsed;
        }
    }
    timed
}

fn fastest<'a>(steps: &[Timed<'a>]) -> Option<Timed<'a>> {
    let fastest = steps.iter().max_by(|a, b| a.rate().total_cmp(&b.rate()));
    fastest.copied()
}

/// In the first step and in the last the guest was not there all the time.
fn slowest<'a>(steps: &[Timed<'a>]) -> Option<Timed<'a>> {
    let whole = steps.get(1..steps.len().checked_sub(1)?)?;
    let slowest = whole.iter().min_by(|a, b| a.rate().total_cmp(&b.rate()));
    slowest.copied()
}

fn sentence(history: &History, heading: &str, fast: Timed<'_>, slow: Option<Timed<'_>>) -> String {
    let lasted: Duration = history.steps().map(|step| step.elapsed).sum();
    let all: u64 = history.steps().map(Step::count).sum();
    let rate = |rate: f64| grouped(rate.round() as u64);
    let at = |what: &str, timed: Timed<'_>| {
        let most = timed.step.counts.iter().max_by_key(|(_, &count)| count);
        let named = most.and_then(|(reason, count)| Some((history.names.get(reason)?, count)));
        let mostly = named.map_or_else(String::new, |(name, &count)| {
            let all = grouped(timed.step.count());
            format!(", {} of {all} for {name}", grouped(count))
        });
        let from = timed.from.as_secs_f64();
        format!(" {what} at {from:.1} s: {}{mostly}.", rate(timed.rate()))
    };
    format!(
        "{heading}: {} exits a second, {} in {:.1} s.{}{}",
        rate(all as f64 / lasted.as_secs_f64()),
        grouped(all),
        lasted.as_secs_f64(),
        at("Most", fast),
        slow.map_or_else(String::new, |slow| at("Fewest", slow)),
    )
}
