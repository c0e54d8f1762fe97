// SPDX-License-Identifier: GPL-2.0

//! Where the vCPUs' time went, against what was traced and what KVM counts itself: the figures.
//! What must hold of them is in `time/check.rs`.
//!
//! `kvm_entry` is recorded before the module's stamp of the same entry and `kvm_exit` after that of
//! the exit, so a guest's time is longer when traced: by the instructions between the two places,
//! those of the tracing among them. From an exit to the next entry it is as much shorter than what
//! the module has there: the exit's cycles, the VMM's, the halt's, and `entry`, which is of no
//! reason. Interrupts are off between the places, so that nothing else can be there.

mod check;

use super::tally::{self, Tally};
use super::{difference, Row};
use acct::reasons::{svm, vmx};
use acct::times::State;
use anyhow::{ensure, Context, Result};
use kvm_exits::snapshot::{Isa, Snapshot};
use kvm_exits::time::{self, States};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What is compared.
pub struct Input<'a> {
    /// The one VM that there is.
    pub vm: &'a Snapshot,
    /// Of the same reasons.
    pub traced: &'a Tally,
    /// KVM's statistics of the time halted.
    pub halt_ns: u64,
    /// The exits that KVM made up: it traces none, so that what follows one is traced as of the
    /// exit before.
    pub synthetic: u64,
    /// States that each vCPU must have been in, [`PREEMPTED`] among them.
    pub expect: &'a [String],
}

/// No state of its own.
pub const PREEMPTED: &str = "preempted";

/// What is written.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Frequency of the TSC.
    pub tsc_khz: u64,
    /// Of all vCPUs.
    #[serde(flatten)]
    pub all: Time,
    /// Of each.
    pub vcpus: Vec<Vcpu>,
    /// The reasons' cycles against the time that the vCPUs were in `exit`.
    pub exit: Sum,
    /// The guest's time, against the tracepoints'.
    pub guest: Stamps,
    /// From the exits to the next entries.
    pub outside: Outside,
    /// Returns from KVM_RUN.
    pub userspace_exits: Vec<Userspace>,
    /// Time halted.
    pub halted: Halted,
    /// While the VMM was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<Stopped>,
}

/// A VMM that was stopped for a while.
#[derive(Debug, Serialize)]
pub struct Stopped {
    /// For how many cycles, at least.
    pub cycles: u64,
    /// By how much `vmm` grew meanwhile, of each vCPU.
    pub vmm: Vec<u64>,
}

/// Time of a vCPU, or of several.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Time {
    /// In each state.
    pub states: States,
    /// Measured from end to end.
    pub elapsed: u64,
    /// The one less the sum over the others.
    pub difference: i64,
    /// Of all this, while the thread was off its CPU.
    pub preempted: u64,
}

/// One vCPU.
#[derive(Debug, Serialize)]
pub struct Vcpu {
    /// Its number.
    pub index: u32,
    /// Its time.
    #[serde(flatten)]
    pub time: Time,
    /// VM entries: how often `guest` began, and the tracepoints.
    pub entries: Row,
}

/// A sum that should be something.
#[derive(Debug, Serialize)]
pub struct Sum {
    /// Over the reasons.
    pub reasons: u64,
    /// Over the vCPUs.
    pub vcpus: u64,
    /// The one less the other.
    pub difference: i64,
}

/// Time between VM entries and exits.
#[derive(Debug, Serialize)]
pub struct Stamps {
    /// By the module.
    pub module: u64,
    /// By the tracepoints.
    pub tracepoint: u64,
    /// The latter less the former.
    pub difference: i64,
    /// How many entries.
    pub entries: u64,
    /// The instructions between the tracepoints' stamps and the module's, of an entry and an exit
    /// together, where the TSC counts instructions.
    pub per_entry: f64,
}

/// Time between exits and the next VM entries.
#[derive(Debug, Serialize)]
pub struct Outside {
    /// By the module: all of `entry`.
    pub entry: u64,
    /// From KVM_RUN's first calls to the first entries, by the tracepoints: of no reason.
    pub before_first: u64,
    /// What the sums below and what the guests' time is traced too long leave of `entry`: that.
    pub left: i64,
    /// Whether reasons can be told apart: not where KVM makes up exits.
    pub comparable: bool,
    /// Each reason.
    pub reasons: Vec<Gap>,
}

/// Time between the exits of one reason and the next VM entries.
#[derive(Debug, Serialize)]
pub struct Gap {
    /// The basic exit reason.
    pub reason: u32,
    /// KVM's name for it.
    pub name: String,
    /// How many there were.
    pub exits: u64,
    /// By the module: its cycles, the VMM's, and those halted.
    pub module: u64,
    /// By the tracepoints.
    pub tracepoint: u64,
    /// The latter less the former: its part of `entry`, less the instructions between the stamps.
    pub difference: i64,
    /// The same, of one exit.
    pub per_exit: f64,
}

/// Returns from KVM_RUN after exits of one reason.
#[derive(Debug, Serialize)]
pub struct Userspace {
    /// The basic exit reason.
    pub reason: u32,
    /// KVM's name for it.
    pub name: String,
    /// The counts.
    #[serde(flatten)]
    pub row: Row,
}

/// Time halted, of waits that are over.
#[derive(Debug, Serialize)]
pub struct Halted {
    /// By the module, in cycles.
    pub module: u64,
    /// By KVM's statistics, in ns.
    pub kvm_ns: u64,
    /// The same in cycles.
    pub kvm: u64,
    /// The one less the other.
    pub difference: i64,
}

/// Compares.
pub fn compare(input: &Input<'_>) -> Result<Report> {
    let Input { vm, traced, .. } = input;
    let vcpus = vm.vcpus.as_deref().unwrap_or_default();
    ensure!(
        !vcpus.is_empty() && vm.time.is_some(),
        "the module does not measure time: load it with time=1"
    );
    let tsc_khz = vm.tsc_khz.context("the VM's snapshot has no tsc_khz")?;
    let sum = |of: fn(&kvm_exits::snapshot::Counters) -> u64| {
        vm.reasons.iter().map(|row| of(&row.counters)).sum::<u64>()
    };
    let vcpus: Vec<_> = vcpus.iter().map(|vcpu| Vcpu::new(vcpu, traced)).collect();
    let all = vcpus
        .iter()
        .fold(Time::default(), |sum, vcpu| sum.plus(&vcpu.time));
    let exit = sum(|c| c.cycles);

    let guest = all.states.guest;
    let traced_guest = traced.vcpus.values().map(|vcpu| vcpu.guest_cycles).sum();
    let entries = traced.vcpus.values().map(|vcpu| vcpu.entries).sum();
    let too_long = difference(traced_guest, guest);

    let gaps = gaps(vm, traced);
    let before_first = traced.vcpus.values().map(|vcpu| vcpu.before_first).sum();
    let halt = match vm.isa {
        Isa::Vmx => vmx::HLT,
        Isa::Svm => svm::HLT,
    };
    let halted = vm.row(halt).and_then(|row| row.counters.halted_cycles);
    let halted = halted.unwrap_or_default();
    let kvm = (u128::from(input.halt_ns) * u128::from(tsc_khz) / 1_000_000) as u64;
    Ok(Report {
        tsc_khz,
        exit: Sum {
            reasons: exit,
            vcpus: all.states.exit,
            difference: difference(exit, all.states.exit),
        },
        guest: Stamps {
            module: guest,
            tracepoint: traced_guest,
            difference: too_long,
            entries,
            per_entry: per(too_long, entries),
        },
        outside: Outside {
            entry: all.states.entry,
            before_first,
            left: all.states.entry as i64
                - too_long
                - gaps.iter().map(|gap| gap.difference).sum::<i64>(),
            comparable: input.synthetic == 0,
            reasons: gaps,
        },
        userspace_exits: userspace(vm, traced),
        halted: Halted {
            module: halted,
            kvm_ns: input.halt_ns,
            kvm,
            difference: difference(halted, kvm),
        },
        stopped: None,
        all,
        vcpus,
    })
}

/// What a VM was at while its VMM was stopped for `ms`.
pub fn stopped(before: &Snapshot, after: &Snapshot, ms: u64) -> Result<Stopped> {
    let tsc_khz = after.tsc_khz.context("the VM's snapshot has no tsc_khz")?;
    let vcpus = |vm: &Snapshot| -> BTreeMap<u32, u64> {
        let vcpus = vm.vcpus.iter().flatten();
        vcpus
            .map(|vcpu| (vcpu.index, vcpu.time.cycles.vmm))
            .collect()
    };
    let (before, after) = (vcpus(before), vcpus(after));
    let grew = after.iter().map(|(index, vmm)| {
        let before = before.get(index).context("a vCPU that was not there")?;
        Ok(vmm.saturating_sub(*before))
    });
    Ok(Stopped {
        cycles: tsc_khz * ms,
        vmm: grew.collect::<Result<_>>()?,
    })
}

impl Time {
    fn plus(mut self, other: &Self) -> Self {
        for (state, _) in State::ALL {
            let sum = self.states.of_mut(state);
            *sum = sum.wrapping_add(other.states.of(state));
        }
        self.elapsed = self.elapsed.wrapping_add(other.elapsed);
        self.preempted = self.preempted.wrapping_add(other.preempted);
        // Not one for the other.
        self.difference += other.difference.abs();
        self
    }
}

impl Vcpu {
    fn new(vcpu: &time::Vcpu, traced: &Tally) -> Self {
        let time = &vcpu.time;
        let traced = traced.vcpus.get(&vcpu.index);
        let entered = time.entered.map_or(0, |entered| entered.states.guest);
        let entries = traced.map_or(0, |vcpu| vcpu.entries);
        Self {
            index: vcpu.index,
            time: Time {
                states: time.cycles,
                elapsed: time.elapsed,
                difference: difference(time.elapsed, time.cycles.sum()),
                preempted: time.preempted,
            },
            entries: Row::of(entered, entries),
        }
    }
}

/// The reasons that anybody has.
fn numbers(vm: &Snapshot, traced: &Tally) -> BTreeSet<u32> {
    let module = vm.reasons.iter().map(|row| row.reason);
    module.chain(traced.reasons.keys().copied()).collect()
}

fn gaps(vm: &Snapshot, traced: &Tally) -> Vec<Gap> {
    let nothing = tally::Reason::default();
    numbers(vm, traced)
        .into_iter()
        .map(|reason| {
            let traced = traced.reasons.get(&reason).unwrap_or(&nothing);
            let tally::Reason {
                exits, gap_cycles, ..
            } = *traced;
            let row = vm.row(reason).map(|row| row.counters).unwrap_or_default();
            let module = row.cycles
                + row.vmm_cycles.unwrap_or_default()
                + row.halted_cycles.unwrap_or_default();
            let difference = difference(gap_cycles, module);
            Gap {
                reason,
                name: vm.isa.reason_name(reason),
                exits,
                module,
                tracepoint: gap_cycles,
                difference,
                per_exit: per(difference, exits),
            }
        })
        .collect()
}

fn userspace(vm: &Snapshot, traced: &Tally) -> Vec<Userspace> {
    let of = |reason| traced.reasons.get(&reason).map_or(0, |r| r.userspace);
    let row = |reason| {
        let row = vm.row(reason).and_then(|row| row.counters.vmm_count);
        Row::of(row.unwrap_or_default(), of(reason))
    };
    numbers(vm, traced)
        .into_iter()
        .map(|reason| Userspace {
            reason,
            name: vm.isa.reason_name(reason),
            row: row(reason),
        })
        .filter(|reason| reason.row != Row::default())
        .collect()
}

fn per(cycles: i64, n: u64) -> f64 {
    if n == 0 {
        0.0
    } else {
        cycles as f64 / n as f64
    }
}
