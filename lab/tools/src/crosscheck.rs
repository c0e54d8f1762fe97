// SPDX-License-Identifier: GPL-2.0

//! Whether what the module counted is what the `kvm_exit` tracepoint and KVM's own statistics did.

pub mod detail;
pub mod tally;
pub mod time;

use crate::hist::Counts;
use crate::trace::Event;
use acct::reasons::vmx::INVALID_STATE;
use anyhow::{ensure, Context, Result};
use kvm_exits::name::Name;
use kvm_exits::snapshot::{Isa, Snapshot};
use serde::Serialize;

/// The statistic that counts a vCPU's exits.
pub const EXITS: &str = "exits";

/// The statistics of the time that a vCPU was halted, polling and blocking.
pub const HALT_NS: [&str; 3] = ["halt_wait_ns", "halt_poll_success_ns", "halt_poll_fail_ns"];

/// What is compared.
pub struct Input {
    /// The module's counts.
    pub module: Snapshot,
    /// The module's counts at the start of the run, if it did not start from zero.
    pub before: Option<Snapshot>,
    /// The tracepoint's counts.
    pub traced: Counts,
    /// The sum of the vCPUs' [`EXITS`], where they were read.
    pub stats: Option<u64>,
    /// Name of the paging mode.
    pub paging: String,
    /// How many different reasons there must be at least.
    pub expect_reasons: usize,
    /// How often KVM's exit handler was called, where that was counted.
    pub handled: Option<u64>,
    /// Whether a fastpath can enter the guest again without it.
    pub fastpath: bool,
    /// What was recorded, event by event, if it was.
    pub recorded: Option<Recorded>,
}

/// A run of one VM whose events were recorded.
pub struct Recorded {
    /// The events, in order.
    pub events: Vec<Event>,
    /// The module's view of the VM.
    pub vm: Snapshot,
    /// The sum of the vCPUs' [`HALT_NS`].
    pub halt_ns: u64,
    /// States that each vCPU must have been in.
    pub expect_states: Vec<String>,
    /// Whether all keys have to find room.
    pub room: bool,
    /// What it was before and after its VMM was stopped, and for how many ms it was at least.
    pub stopped: Option<(Snapshot, Snapshot, u64)>,
}

/// What is written.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Name of the paging mode.
    pub paging: String,
    /// What virtualizes the host's processor.
    pub isa: Isa,
    /// Release of the host's kernel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<Name>,
    /// How many different reasons there were.
    pub distinct_reasons: usize,
    /// Every reason that anybody counted, by number.
    pub reasons: Vec<Reason>,
    /// The sums over the reasons.
    pub total: Row,
    /// KVM's own statistics against the module's total.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kvm_stats: Option<KvmStats>,
    /// The exits that never reached KVM's exit handler: a fastpath entered the guest again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fastpath_reentries: Option<i64>,
    /// Where the vCPUs' time went.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<time::Report>,
    /// What the exits were about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<Vec<detail::Reason>>,
    /// What is wrong, in sentences; empty when nothing is.
    pub problems: Vec<String>,
}

/// The counts of one reason.
#[derive(Debug, Serialize)]
pub struct Reason {
    /// The basic exit reason.
    pub reason: u32,
    /// KVM's name for it.
    pub name: String,
    /// Its counts.
    #[serde(flatten)]
    pub row: Row,
}

/// What was counted where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Row {
    /// By the module.
    pub module: u64,
    /// By the tracepoint.
    pub tracepoint: u64,
    /// Of the module's, those that KVM made up without entering the guest: it traces none of them.
    pub synthetic: u64,
    /// Module less synthetic less tracepoint.
    pub difference: i64,
}

/// KVM's own count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct KvmStats {
    /// The sum of the vCPUs' `exits`, which has the synthetic ones in it.
    pub exits: u64,
    /// The module's total less `exits`.
    pub difference: i64,
}

/// Compares.
pub fn compare(input: &Input) -> Result<Report> {
    let isa = input.module.isa;
    let module = counts(&input.module, input.before.as_ref())?;
    let mut numbers: Vec<u32> = module.keys().chain(input.traced.keys()).copied().collect();
    numbers.sort_unstable();
    numbers.dedup();

    let of = |counts: &Counts, number| counts.get(number).copied().unwrap_or(0);
    let reasons: Vec<Reason> = numbers
        .iter()
        .map(|number| Reason {
            reason: *number,
            name: isa.reason_name(*number),
            row: Row::new(isa, *number, of(&module, number), of(&input.traced, number)),
        })
        .filter(|reason| reason.row != Row::default())
        .collect();

    let total = reasons
        .iter()
        .fold(Row::default(), |sum, reason| sum.plus(reason.row));
    let mut report = Report {
        paging: input.paging.clone(),
        isa,
        kernel: input.module.kernel.clone(),
        distinct_reasons: reasons.len(),
        reasons,
        total,
        kvm_stats: input.stats.map(|exits| KvmStats {
            exits,
            difference: difference(total.module, exits),
        }),
        fastpath_reentries: input.handled.map(|n| difference(total.module, n)),
        time: None,
        detail: None,
        problems: Vec::new(),
    };
    report.problems = problems(&report, input);
    if let Some(recorded) = &input.recorded {
        report.add(&input.module, recorded)?;
    }
    Ok(report)
}

impl Report {
    /// What event by event can be compared.
    fn add(&mut self, module: &Snapshot, recorded: &Recorded) -> Result<()> {
        let traced = tally::tally(module.isa, &recorded.events);
        let input = time::Input {
            vm: &recorded.vm,
            traced: &traced,
            halt_ns: recorded.halt_ns,
            synthetic: self.total.synthetic,
            expect: &recorded.expect_states,
        };
        for state in &recorded.expect_states {
            ensure!(time::Time::knows(state), "there is no state \"{state}\"");
        }
        let mut time = time::compare(&input)?;
        self.problems.extend(time.problems(&input));
        if let Some((before, after, ms)) = &recorded.stopped {
            let stopped = time::stopped(before, after, *ms)?;
            self.problems.extend(stopped.problems());
            time.stopped = Some(stopped);
        }
        self.time = Some(time);
        let detail = detail::compare(module, &traced)?;
        self.problems
            .extend(detail.iter().flat_map(detail::Reason::problems));
        if recorded.room {
            self.problems
                .extend(detail.iter().filter_map(detail::Reason::room_problem));
        }
        if detail.is_empty() {
            self.problems.push("no exit was about anything".to_string());
        }
        self.detail = Some(detail);
        Ok(())
    }
}

impl Row {
    /// Nobody makes anything up.
    fn of(module: u64, tracepoint: u64) -> Self {
        Self {
            module,
            tracepoint,
            synthetic: 0,
            difference: difference(module, tracepoint),
        }
    }

    fn new(isa: Isa, reason: u32, module: u64, tracepoint: u64) -> Self {
        // Without unrestricted guest, KVM emulates real-mode code and reports every stretch of it
        // as this exit. One that the processor itself makes is traced.
        let made_up = isa == Isa::Vmx && reason == INVALID_STATE;
        let synthetic = if made_up {
            module.saturating_sub(tracepoint)
        } else {
            0
        };
        Self {
            module,
            tracepoint,
            synthetic,
            difference: difference(module - synthetic, tracepoint),
        }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            module: self.module + other.module,
            tracepoint: self.tracepoint + other.tracepoint,
            synthetic: self.synthetic + other.synthetic,
            difference: self.difference + other.difference,
        }
    }
}

impl Reason {
    fn problem(&self) -> Option<String> {
        let Row {
            module,
            tracepoint,
            difference,
            ..
        } = self.row;
        let what = format!("{} {}", self.reason, self.name);
        match (module, tracepoint) {
            _ if difference == 0 => None,
            (0, _) => Some(format!("{what}: traced {tracepoint} times, never counted")),
            (_, 0) => Some(format!("{what}: counted {module} times, never traced")),
            _ => Some(format!(
                "{what}: counted {module}, traced {tracepoint} times: {difference:+}"
            )),
        }
    }
}

fn problems(report: &Report, input: &Input) -> Vec<String> {
    let mut problems: Vec<_> = report.reasons.iter().filter_map(Reason::problem).collect();
    match report.kvm_stats {
        Some(KvmStats { exits, difference }) if difference != 0 => problems.push(format!(
            "the module counted {} exits, KVM's statistics say {exits}: {difference:+}",
            report.total.module
        )),
        _ => {}
    }
    match report.fastpath_reentries {
        Some(n) if input.fastpath && n <= 0 => {
            problems.push("no fastpath entered the guest again".to_string());
        }
        Some(n) if !input.fastpath && n != 0 => problems.push(format!(
            "KVM's exit handler was not called for {n} exits, and there is no fastpath"
        )),
        _ => {}
    }
    if report.total.module == 0 {
        problems.push("there was no exit at all".to_string());
    }
    if report.distinct_reasons < input.expect_reasons {
        problems.push(format!(
            "only {} different reasons occurred, {} were expected",
            report.distinct_reasons, input.expect_reasons
        ));
    }
    problems
}

/// The module's counts over the run.
fn counts(module: &Snapshot, before: Option<&Snapshot>) -> Result<Counts> {
    let mut counts: Counts = module
        .reasons
        .iter()
        .map(|row| (row.reason, row.counters.count))
        .collect();
    let Some(before) = before else {
        return Ok(counts);
    };
    ensure!(
        before.generation == module.generation,
        "the counters were reset during the run: generation {} before it, {} after it",
        before.generation,
        module.generation
    );
    for row in &before.reasons {
        let count = counts.entry(row.reason).or_default();
        *count = count.checked_sub(row.counters.count).with_context(|| {
            format!(
                "{} exits of reason {} are gone since before the run",
                row.counters.count, row.reason
            )
        })?;
    }
    Ok(counts)
}

fn difference(a: u64, b: u64) -> i64 {
    a.wrapping_sub(b) as i64
}

#[cfg(test)]
mod tests;
