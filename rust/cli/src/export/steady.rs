// SPDX-License-Identifier: GPL-2.0

//! Counters that never go back within a generation.
//!
//! To Prometheus, a counter that is less than before has begun again at 0, and all that it says has
//! come since. Of a state that has lasted for years, a reading that is three cycles less than the
//! one before (docs/measurement.md: a reading beside a running vCPU) would be years in a second.

use crate::name::Name;
use crate::reading::{Reading, VmKey};
use crate::snapshot::Snapshot;
use std::collections::HashMap;

/// The readings so far, as they were exported.
#[derive(Debug, Default)]
pub struct Steady {
    before: Option<Reading>,
}

impl Steady {
    /// The next reading, without what is less than before though it is of the same counters.
    pub fn next(&mut self, mut reading: Reading) -> Reading {
        if let Some(before) = &self.before {
            if before.host.generation == reading.host.generation {
                hold(&mut reading, before);
            }
        }
        self.before = Some(reading.clone());
        reading
    }
}

fn hold(reading: &mut Reading, before: &Reading) {
    at_least(&mut reading.host, &before.host);
    let earlier: HashMap<(VmKey, &Name), &Snapshot> = before
        .keyed_vms()
        .into_iter()
        .map(|(key, vm, snapshot)| ((key, &vm.name), snapshot))
        .collect();
    let keys: Vec<_> = reading
        .keyed_vms()
        .into_iter()
        .map(|(key, vm, _)| earlier.get(&(key, &vm.name)).copied())
        .collect();
    for (vm, before) in reading.vms.iter_mut().zip(keys) {
        // With fewer exits it is another VM of this pid, whose counters began at 0 indeed: the
        // module does not show one that is being destroyed.
        if let Some(before) = before.filter(|before| before.total.count <= vm.total.count) {
            at_least(vm, before);
        }
    }
}

fn at_least(snapshot: &mut Snapshot, before: &Snapshot) {
    let earlier: HashMap<_, _> = before.reasons.iter().map(|r| (r.reason, r)).collect();
    for row in &mut snapshot.reasons {
        if let Some(before) = earlier.get(&row.reason) {
            row.counters = row.counters.at_least(&before.counters);
        }
    }
    if let (Some(time), Some(before)) = (&mut snapshot.time, &before.time) {
        *time = time.at_least(before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshot::{Counters, Isa, Paging, ReasonRow, Scope, Source, Vm, SCHEMA};
    use crate::time::{States, Time};

    fn snapshot(pid: Option<u32>, generation: u64, count: u64, guest: u64) -> Snapshot {
        let counters = Counters {
            count,
            cycles: count * 10,
            ..Counters::default()
        };
        let cycles = States {
            guest,
            vmm: 50,
            ..States::default()
        };
        Snapshot {
            schema: SCHEMA,
            source: Source::Device,
            kernel: None,
            isa: Isa::Vmx,
            generation,
            scope: Scope::Host,
            tsc_khz: None,
            machine: None,
            vm: pid.map(|pid| Vm {
                pid,
                name: "qemu".into(),
                vcpus: 1,
            }),
            paging: Paging::of(0),
            total: counters,
            time: Some(Time {
                elapsed: guest + 50,
                cycles,
                ..Time::default()
            }),
            vcpus: None,
            reasons: vec![ReasonRow {
                reason: 10,
                name: "CPUID".into(),
                counters,
                histogram: None,
                detail: None,
            }],
        }
    }

    fn reading(generation: u64, count: u64, guest: u64, pids: &[u32]) -> Reading {
        let vm = |pid: &u32| snapshot(Some(*pid), generation, count, guest);
        Reading {
            host: snapshot(None, generation, count, guest),
            vms: pids.iter().map(vm).collect(),
            guests_see_all: false,
        }
    }

    /// The count, and the cycles in the guest.
    fn of(snapshot: &Snapshot) -> (u64, u64) {
        let guest = snapshot.time.unwrap().cycles.guest;
        (snapshot.reasons[0].counters.count, guest)
    }

    #[test]
    fn a_state_that_goes_back_stays_where_it_was() {
        let mut steady = Steady::default();
        steady.next(reading(1, 5, 1_000, &[7]));
        let next = steady.next(reading(1, 6, 997, &[7]));
        assert_eq!((of(&next.host), of(&next.vms[0])), ((6, 1_000), (6, 1_000)));
        // It is held by what was exported, not by what was read.
        let next = steady.next(reading(1, 6, 998, &[7]));
        assert_eq!(of(&next.host), (6, 1_000));
        let next = steady.next(reading(1, 7, 1_001, &[7]));
        assert_eq!((of(&next.host), of(&next.vms[0])), ((7, 1_001), (7, 1_001)));
    }

    #[test]
    fn a_generation_begins_at_0() {
        let mut steady = Steady::default();
        steady.next(reading(1, 5, 1_000, &[7]));
        let next = steady.next(reading(2, 1, 3, &[7]));
        assert_eq!((of(&next.host), of(&next.vms[0])), ((1, 3), (1, 3)));
    }

    #[test]
    fn a_vm_that_goes_leaves_nothing_behind() {
        let mut steady = Steady::default();
        steady.next(reading(1, 5, 1_000, &[7, 8]));
        let next = steady.next(reading(1, 5, 1_000, &[8]));
        assert_eq!(next.vms.len(), 1);
        // Its pid comes again.
        let next = steady.next(reading(1, 5, 10, &[7, 8]));
        assert_eq!((of(&next.vms[0]), of(&next.vms[1])), ((5, 10), (5, 1_000)));
    }

    #[test]
    fn another_vm_of_the_pid_begins_at_0() {
        let mut steady = Steady::default();
        steady.next(reading(1, 5, 1_000, &[7]));
        let mut next = reading(1, 5, 1_000, &[]);
        next.vms.push(snapshot(Some(7), 1, 4, 10));
        assert_eq!(of(&steady.next(next).vms[0]), (4, 10));
    }
}
