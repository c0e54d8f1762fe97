// SPDX-License-Identifier: GPL-2.0

//! Exits per second over time: what the moments of a recording have of them.
//!
//! However long a recording is, a picture of it has a few hundred steps: where there are more, two
//! neighbours become one, again and again.

use crate::name::Name;
use crate::recording::Moment;
use crate::snapshot::{ReasonRow, Snapshot};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// How many steps there are at most.
const STEPS: usize = 240;

/// The steps from the beginning of a recording to its end.
#[derive(Clone, Debug)]
pub struct History {
    /// Without a gap each; from one to the next nothing is known.
    pub runs: Vec<Run>,
    /// What the reasons are called.
    pub names: BTreeMap<u32, Name>,
    /// When it began and ended, by the host's clock.
    pub period: Option<(SystemTime, SystemTime)>,
    /// From the beginning to the last moment, with what passed in gaps, as far as a clock tells.
    pub elapsed: Duration,
    before: Option<Snapshot>,
    /// How many moments a step has, but for the last of a run.
    stride: usize,
    /// How many steps there are, and how many there may be.
    count: usize,
    room: usize,
}

/// Steps that follow one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// When it began, from the beginning of all.
    pub from: Duration,
    /// The same by the host's clock.
    pub at: SystemTime,
    /// The generation of its figures.
    pub generation: u64,
    /// Its steps; there may be none.
    pub steps: Vec<Step>,
}

/// What came in a time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// How long that was.
    pub elapsed: Duration,
    /// The exits of each reason that had any.
    pub counts: BTreeMap<u32, u64>,
    /// How many moments it has been joined of.
    moments: usize,
}

impl Run {
    /// When it ended, from the beginning of all.
    pub fn to(&self) -> Duration {
        self.steps
            .iter()
            .fold(self.from, |to, step| to + step.elapsed)
    }
}

impl Step {
    /// The exits of `reason` per second.
    pub fn rate(&self, reason: u32) -> f64 {
        let count = self.counts.get(&reason).copied().unwrap_or(0);
        count as f64 / self.elapsed.as_secs_f64()
    }

    /// All exits.
    pub fn count(&self) -> u64 {
        self.counts
            .values()
            .fold(0, |sum, &n| sum.saturating_add(n))
    }

    fn add(&mut self, other: &Self) {
        self.elapsed += other.elapsed;
        self.moments += other.moments;
        for (&reason, &n) in &other.counts {
            let count = self.counts.entry(reason).or_default();
            *count = count.saturating_add(n);
        }
    }
}

impl Default for History {
    fn default() -> Self {
        Self {
            runs: Vec::new(),
            names: BTreeMap::new(),
            period: None,
            elapsed: Duration::ZERO,
            before: None,
            stride: 1,
            count: 0,
            room: 2 * STEPS,
        }
    }
}

/// Counters alone: of keys and histograms there is no need, and they are the most of it.
fn counters(snapshot: &Snapshot) -> Snapshot {
    let rows = snapshot.reasons.iter().map(|row| ReasonRow {
        name: row.name.clone(),
        histogram: None,
        detail: None,
        ..*row
    });
    Snapshot {
        reasons: rows.collect(),
        kernel: None,
        machine: None,
        vm: snapshot.vm.clone(),
        vcpus: None,
        ..*snapshot
    }
}

impl History {
    /// Takes the next moment of a recording: all exits, or those of this process's VM while it is
    /// there.
    pub fn take(&mut self, moment: &Moment, vm: Option<u32>) {
        let snapshot = match vm {
            None => Some(&moment.reading.host),
            Some(pid) => moment.reading.vm(pid).ok(),
        };
        match snapshot {
            Some(snapshot) => self.add(moment.at, moment.elapsed, snapshot),
            // Its next moment comes after a gap.
            None => {
                self.pass(moment.at, moment.elapsed);
                self.before = None;
            }
        }
    }

    /// Goes on to `at` this time.
    fn pass(&mut self, at: SystemTime, elapsed: Option<Duration>) {
        let paused = self.period.map(|(_, then)| at.duration_since(then));
        let passed = elapsed.or_else(|| paused.and_then(Result::ok));
        self.elapsed += passed.unwrap_or_default();
        self.period = Some((self.period.map_or(at, |(began, _)| began), at));
    }

    /// Takes the next moment: what the counters were, `at` this time, `elapsed` after the moment
    /// before if that is known.
    pub fn add(&mut self, at: SystemTime, elapsed: Option<Duration>, snapshot: &Snapshot) {
        self.pass(at, elapsed);
        for row in &snapshot.reasons {
            self.names
                .entry(row.reason)
                .or_insert_with(|| row.name.clone());
        }
        let now = counters(snapshot);
        let came = self
            .before
            .as_ref()
            .and_then(|before| now.since(before).ok());
        // No time has no rate.
        match (
            came,
            elapsed.filter(|elapsed| !elapsed.is_zero()),
            self.runs.last_mut(),
        ) {
            (Some(came), Some(elapsed), Some(run)) => {
                let rows = came.reasons.iter().filter(|row| row.counters.count > 0);
                let step = Step {
                    elapsed,
                    counts: rows.map(|row| (row.reason, row.counters.count)).collect(),
                    moments: 1,
                };
                match run.steps.last_mut() {
                    Some(last) if last.moments < self.stride => last.add(&step),
                    _ => {
                        self.count += 1;
                        run.steps.push(step);
                    }
                }
            }
            _ => self.runs.push(Run {
                from: self.elapsed,
                at,
                generation: snapshot.generation,
                steps: Vec::new(),
            }),
        }
        self.before = Some(now);
        if self.count >= self.room {
            self.shorten();
        }
    }

    /// Leaves out the steps before the first exit and after the last.
    pub fn trim(&mut self) {
        let is_empty = |step: &Step| step.count() == 0;
        while let Some(run) = self.runs.first_mut() {
            let first = run.steps.iter().position(|step| !is_empty(step));
            let idle = run.steps.drain(..first.unwrap_or(run.steps.len()));
            run.from += idle.map(|step| step.elapsed).sum::<Duration>();
            if !run.steps.is_empty() {
                break;
            }
            self.runs.remove(0);
        }
        while let Some(run) = self.runs.last_mut() {
            let last = run.steps.iter().rposition(|step| !is_empty(step));
            run.steps.truncate(last.map_or(0, |last| last + 1));
            if !run.steps.is_empty() {
                break;
            }
            self.runs.pop();
        }
    }

    /// All steps.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.runs.iter().flat_map(|run| &run.steps)
    }

    /// The runs, apart where the gap between them is longer than all that was recorded: drawn
    /// together, there would be nothing but the gap to see. At most `most` parts; else all is one.
    pub fn parts(&self, most: usize) -> Vec<&[Run]> {
        let recorded: Duration = self.steps().map(|step| step.elapsed).sum();
        let near = |a: &Run, b: &Run| b.from.saturating_sub(a.to()) <= recorded;
        let parts: Vec<_> = self.runs.chunk_by(near).collect();
        if parts.len() > most {
            return vec![&self.runs];
        }
        let has_steps = |part: &&[Run]| part.iter().any(|run| !run.steps.is_empty());
        parts.into_iter().filter(has_steps).collect()
    }

    /// How many exits each reason had, the most first.
    pub fn counts(&self) -> Vec<(u32, u64)> {
        let mut all = Step::default();
        self.steps().for_each(|step| all.add(step));
        let mut counts: Vec<_> = all.counts.into_iter().collect();
        counts.sort_by_key(|&(reason, count)| (std::cmp::Reverse(count), reason));
        counts
    }

    /// Makes half as many steps of them. Where there is a run for nearly each, there is little to
    /// join: then there may be more.
    fn shorten(&mut self) {
        self.stride *= 2;
        for run in &mut self.runs {
            let mut steps = Vec::<Step>::new();
            for step in run.steps.drain(..) {
                match steps.last_mut() {
                    Some(last) if last.moments + step.moments <= self.stride => last.add(&step),
                    _ => steps.push(step),
                }
            }
            run.steps = steps;
        }
        self.count = self.steps().count();
        self.room = 2 * self.count.max(STEPS);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::UNIX_EPOCH;

    fn snapshot(generation: u64, count: u64) -> Snapshot {
        let json = serde_json::json!({
            "schema": 1, "source": "device", "isa": "vmx", "generation": generation,
            "scope": "host",
            "paging": { "tdp": true, "vpid": true, "unrestricted_guest": true },
            "total": { "count": count, "cycles": 0 },
            "reasons": [{ "reason": 10, "name": "CPUID", "count": count, "cycles": 0 }],
        });
        Snapshot::parse(&json.to_string()).unwrap()
    }

    const SECOND: Option<Duration> = Some(Duration::from_secs(1));

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn rates_are_of_what_came() {
        let mut history = History::default();
        history.add(at(1_000), None, &snapshot(1, 100));
        history.add(at(1_002), Some(Duration::from_secs(2)), &snapshot(1, 300));
        let steps: Vec<_> = history.steps().collect();
        assert_eq!(steps.len(), 1);
        assert_eq!((steps[0].rate(10), steps[0].rate(12)), (100.0, 0.0));
        assert_eq!(history.counts(), [(10, 200)]);
        assert_eq!(history.period, Some((at(1_000), at(1_002))));
    }

    #[test]
    fn a_pause_is_a_gap() {
        let mut history = History::default();
        history.add(at(0), None, &snapshot(1, 0));
        history.add(at(1), SECOND, &snapshot(1, 10));
        history.add(at(61), None, &snapshot(1, 500));
        history.add(at(62), SECOND, &snapshot(1, 501));
        let runs: Vec<_> = history
            .runs
            .iter()
            .map(|r| (r.from.as_secs(), r.steps.len()))
            .collect();
        assert_eq!(runs, [(0, 1), (61, 1)]);
        assert_eq!(
            history.counts(),
            [(10, 11)],
            "what came in the gap is in no step"
        );
        let parts = |most| {
            history
                .parts(most)
                .iter()
                .map(|part| part.len())
                .collect::<Vec<_>>()
        };
        assert_eq!((parts(2), parts(1)), (vec![1, 1], vec![2]));
        // A clock that was set back says nothing.
        history.add(at(5), None, &snapshot(1, 600));
        assert_eq!(history.elapsed.as_secs(), 62);
    }

    #[test]
    fn a_generation_begins_anew() {
        let mut history = History::default();
        history.add(at(0), None, &snapshot(1, 1_000));
        history.add(at(1), SECOND, &snapshot(2, 3));
        history.add(at(2), SECOND, &snapshot(2, 8));
        assert_eq!(history.counts(), [(10, 5)]);
        assert_eq!(history.runs[1].generation, 2);
        assert_eq!(history.runs[1].from.as_secs(), 1);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn what_is_joined_is_not_lost(counts in prop::collection::vec(0u64..1_000, 2..2_000)) {
            let mut history = History::default();
            let mut snapshot = snapshot(1, 0);
            for (n, more) in counts.iter().enumerate() {
                snapshot.reasons[0].counters.count += more;
                snapshot.total.count += more;
                let elapsed = (n > 0).then_some(Duration::from_secs(1));
                history.add(at(n as u64), elapsed, &snapshot);
            }
            let of_steps: u64 = history.steps().map(Step::count).sum();
            prop_assert_eq!(of_steps, counts[1..].iter().sum::<u64>());
            let elapsed: Duration = history.steps().map(|step| step.elapsed).sum();
            prop_assert_eq!(elapsed.as_secs(), counts.len() as u64 - 1);
            prop_assert!(history.steps().count() < 2 * STEPS);
            let steps: Vec<_> = history.steps().map(|step| step.elapsed).collect();
            prop_assert!(steps[..steps.len() - 1].iter().all(|step| *step == steps[0]));
        }
    }
}
