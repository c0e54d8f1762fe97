// SPDX-License-Identifier: GPL-2.0

//! What must hold of the times.

use super::{
    Halted, Input, Outside, Report, Stamps, Stopped, Sum, Time, Userspace, Vcpu, PREEMPTED,
};

/// The most that a traced entry or exit may be away from the module's, both together, on the
/// average: what KVM and its tracing do there are some hundred instructions, unless it waits for
/// the guest's timer.
const AWAY: u64 = 5_000;

/// The most that lies between two places of which only one is known, for each vCPU: handling the
/// last exit, which no entry follows, or KVM_RUN until it is traced.
const EDGE: u64 = 20_000;

/// How far KVM's statistics may be from the time halted, as a part of it: they begin later and end
/// sooner, and are in ns.
const HALTED_WITHIN: u64 = 100;

impl Stopped {
    /// What is wrong, in sentences.
    pub fn problems(&self) -> Option<String> {
        let Self { cycles, vmm } = self;
        // Nor may it be there twice.
        let all = |vmm: &u64| (*cycles..2 * cycles).contains(vmm);
        (vmm.is_empty() || !vmm.iter().all(all)).then(|| {
            format!("the VMM was stopped for {cycles} cycles, its vCPUs were out there for {vmm:?}")
        })
    }
}

impl Report {
    /// What is wrong, in sentences.
    pub fn problems(&self, input: &Input<'_>) -> Vec<String> {
        let mut problems = Vec::new();
        for vcpu in &self.vcpus {
            vcpu.check(&mut problems);
        }
        let Sum {
            reasons,
            vcpus,
            difference,
        } = self.exit;
        if difference != 0 {
            problems.push(format!(
                "the reasons' cycles are {reasons}, the vCPUs were {vcpus} in exits: {difference:+}"
            ));
        }
        for Vcpu { index, time, .. } in &self.vcpus {
            let never = input.expect.iter();
            for state in never.filter(|state| time.of(state) == Some(0)) {
                problems.push(format!("vCPU {index} was never {state}"));
            }
        }
        self.check_userspace(&mut problems);
        self.check_halted(&mut problems);
        self.check_stamps(&mut problems);
        problems
    }

    fn check_userspace(&self, problems: &mut Vec<String>) {
        let rows = || self.userspace_exits.iter();
        let total = rows().map(|reason| reason.row.difference).sum::<i64>();
        if total != 0 {
            problems.push(format!(
                "exits to the VMM: {total:+}, of what kvm_userspace_exit says"
            ));
        }
        for Userspace { reason, name, row } in rows().filter(|_| self.outside.comparable) {
            if row.difference != 0 {
                problems.push(format!(
                    "{reason} {name}: {} exits to the VMM counted, {} traced: {:+}",
                    row.module, row.tracepoint, row.difference
                ));
            }
        }
    }

    fn check_halted(&self, problems: &mut Vec<String>) {
        let Halted {
            module,
            kvm,
            difference,
            ..
        } = self.halted;
        if difference.unsigned_abs() > module / HALTED_WITHIN {
            problems.push(format!(
                "{module} cycles halted, {kvm} by KVM's statistics: {difference:+}"
            ));
        }
    }

    /// All of KVM's tracing is outside of the module's stamps.
    fn check_stamps(&self, problems: &mut Vec<String>) {
        let Stamps {
            difference,
            entries,
            per_entry,
            ..
        } = self.guest;
        if difference <= 0 || difference as u64 > entries * AWAY {
            problems.push(format!(
                "guests ran {per_entry:.1} cycles longer between kvm_entry and kvm_exit than \
                 between the module's stamps"
            ));
        }
        let edge = self.vcpus.len() as i64 * EDGE as i64;
        let Outside {
            left, before_first, ..
        } = self.outside;
        // But that others wait to be started before their first entry, which is no `entry`.
        let before_first = before_first as i64;
        let least = match self.vcpus.len() {
            1 => before_first,
            _ => 0,
        };
        if left < least - edge || left > before_first + edge {
            problems.push(format!(
                "from exits to entries: {left:+} cycles of {} are nowhere",
                self.outside.entry
            ));
        }
        let least = per_entry.max(0.0);
        for gap in self
            .outside
            .reasons
            .iter()
            .filter(|_| self.outside.comparable)
        {
            if (gap.difference as f64) < -least * gap.exits as f64 - edge as f64 {
                problems.push(format!(
                    "{} {}: the module has {} cycles from its {} exits on, traced are {}: {:+}",
                    gap.reason, gap.name, gap.module, gap.exits, gap.tracepoint, gap.difference
                ));
            }
        }
    }
}

impl Time {
    fn of(&self, state: &str) -> Option<u64> {
        let each = self.states.each();
        let mut states = each.into_iter().chain([(PREEMPTED, self.preempted)]);
        states.find(|(name, _)| *name == state).map(|(_, n)| n)
    }

    /// Whether there is a state of this name.
    pub fn knows(state: &str) -> bool {
        Self::default().of(state).is_some()
    }
}

impl Vcpu {
    fn check(&self, problems: &mut Vec<String>) {
        let Self {
            index,
            time,
            entries,
        } = self;
        if time.difference != 0 {
            problems.push(format!(
                "vCPU {index}: {} cycles elapsed, its states have {}: {:+}",
                time.elapsed,
                time.states.sum(),
                time.difference
            ));
        }
        if time.preempted > time.elapsed {
            problems.push(format!("vCPU {index}: preempted longer than it was there"));
        }
        if entries.difference != 0 {
            problems.push(format!(
                "vCPU {index}: {} VM entries, traced are {}: {:+}",
                entries.module, entries.tracepoint, entries.difference
            ));
        }
    }
}
