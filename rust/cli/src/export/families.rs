// SPDX-License-Identifier: GPL-2.0

//! What is exported: each family once, with its name, its help, and where its figures come from.

use super::family::{Family, Histogram, Kind, Label, Series, Value};
use crate::reading::Reading;
use crate::snapshot::{Counters, Isa, Snapshot};
use crate::time::Time;
use std::time::Duration;

/// What is exported besides the host's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Each VM's counters.
    pub vms: bool,
    /// How long the exits took.
    pub histograms: bool,
}

/// A counter of each reason.
struct OfReason {
    host: &'static str,
    /// The same of a VM, where that is exported.
    vm: Option<&'static str>,
    help: &'static str,
    of: fn(&Counters) -> Option<u64>,
    /// Left out of a reason that has none: of most there are none ever.
    sparse: bool,
}

const OF_REASON: [OfReason; 8] = [
    OfReason {
        host: "kvm_exits",
        vm: Some("kvm_vm_exits"),
        help: "VM exits, of all levels.",
        of: |counters| Some(counters.count),
        sparse: false,
    },
    OfReason {
        host: "kvm_exit_cycles",
        vm: Some("kvm_vm_exit_cycles"),
        help: "TSC cycles from the exit until KVM has dealt with it.",
        of: |counters| Some(counters.cycles),
        sparse: false,
    },
    OfReason {
        host: "kvm_l2_exits",
        vm: None,
        help: "Exits taken while a guest's guest (L2) ran; kvm_exits_total has them too.",
        of: |counters| counters.l2_count,
        sparse: true,
    },
    OfReason {
        host: "kvm_l2_exit_cycles",
        vm: None,
        help: "TSC cycles of these; kvm_exit_cycles_total has them too.",
        of: |counters| counters.l2_cycles,
        sparse: true,
    },
    OfReason {
        host: "kvm_l2_reflected_exits",
        vm: None,
        help: "Exits of L2 that were handed to L1.",
        of: |counters| counters.l2_reflected,
        sparse: true,
    },
    OfReason {
        host: "kvm_vmm_exits",
        vm: None,
        help: "Exits that led out to the VMM.",
        of: |counters| counters.vmm_count,
        sparse: true,
    },
    OfReason {
        host: "kvm_vmm_cycles",
        vm: None,
        help: "TSC cycles in the VMM after these, until it called KVM_RUN again.",
        of: |counters| counters.vmm_cycles,
        sparse: true,
    },
    OfReason {
        host: "kvm_halted_cycles",
        vm: None,
        help: "TSC cycles for which the vCPU waited after these exits.",
        of: |counters| counters.halted_cycles,
        sparse: true,
    },
];

/// A snapshot, and what tells its series from those of others.
type View<'a> = (Vec<Label>, &'a Snapshot);

/// All families of `reading`, which it took so long to read. Those of nothing are there, too.
pub fn of(reading: &Reading, extent: Extent, took: Duration) -> Vec<Family> {
    let host = [(Vec::new(), &reading.host)];
    let mut families = vec![
        up(true),
        info(&reading.host),
        Family::single(
            Kind::Gauge,
            "kvm_exit_stats_generation",
            "Moves on a reset and when kvm-intel or kvm-amd is loaded; all counters begin at 0 then.",
            Value::Whole(reading.host.generation),
        ),
        tsc(&reading.host),
        Family::single(
            Kind::Gauge,
            "kvm_exit_stats_read_seconds",
            "How long it took to read the device.",
            Value::Real(took.as_secs_f64()),
        ),
        Family::single(
            Kind::Gauge,
            "kvm_vms",
            "VMs that have vCPUs.",
            Value::Whole(reading.vms.len() as u64),
        ),
        Family::single(
            Kind::Gauge,
            "kvm_vcpus",
            "vCPUs, of all VMs.",
            Value::Whole(vcpus(reading)),
        ),
    ];
    families.extend(OF_REASON.iter().map(|o| of_reason(o.host, o, &host)));
    families.extend(times(
        &host,
        "kvm_vcpu_time_cycles",
        "kvm_vcpu_preempted_cycles",
    ));
    if extent.histograms {
        families.push(durations(&reading.host));
    }
    if extent.vms {
        families.extend(of_vms(reading));
    }
    families
}

/// Where nothing could be read, for whom a file is all there is.
pub fn of_nothing() -> Vec<Family> {
    vec![up(false)]
}

fn up(is_up: bool) -> Family {
    Family::single(
        Kind::Gauge,
        "kvm_exit_stats_up",
        "1 where the counters could be read; else 0, and there is nothing else.",
        Value::Whole(is_up.into()),
    )
}

fn info(host: &Snapshot) -> Family {
    let isa = match host.isa {
        Isa::Vmx => "vmx",
        Isa::Svm => "svm",
    };
    let mut labels = vec![
        ("version", env!("CARGO_PKG_VERSION").to_string()),
        ("isa", isa.to_string()),
        ("paging", host.paging.heading(host.isa)),
    ];
    let optional = [("kernel", &host.kernel), ("machine", &host.machine)];
    for (label, name) in optional {
        labels.extend(name.iter().map(|name| (label, name.to_string())));
    }
    let mut family = Family::new(
        Kind::Info,
        "kvm_exit_stats",
        "How guest memory is translated (EPT, NPT, shadow), and what counts.",
    );
    family.push(labels, Value::Whole(1));
    family
}

fn tsc(host: &Snapshot) -> Family {
    let mut family = Family::new(
        Kind::Gauge,
        "kvm_exit_stats_tsc_hertz",
        "Frequency of the TSC: what to divide cycles by for seconds.",
    );
    // Not known of every processor.
    let hertz = host.tsc_khz.filter(|&khz| khz > 0).map(|khz| khz * 1_000);
    if let Some(hertz) = hertz {
        family.push(Vec::new(), Value::Whole(hertz));
    }
    family
}

fn vcpus(reading: &Reading) -> u64 {
    let vms = reading
        .vms
        .iter()
        .filter_map(|snapshot| snapshot.vm.as_ref());
    vms.map(|vm| u64::from(vm.vcpus)).sum()
}

fn of_vms(reading: &Reading) -> Vec<Family> {
    let mut vcpus = Family::new(Kind::Gauge, "kvm_vm_vcpus", "vCPUs of the VM.");
    let mut views: Vec<View<'_>> = Vec::new();
    for (key, vm, snapshot) in reading.keyed_vms() {
        let mut labels = vec![("pid", key.pid.to_string()), ("name", vm.name.to_string())];
        // A process has one VM, but for few.
        if key.nth > 0 {
            labels.push(("nth", key.nth.to_string()));
        }
        vcpus.push(labels.clone(), Value::Whole(vm.vcpus.into()));
        views.push((labels, snapshot));
    }
    let counters = OF_REASON.iter().filter_map(|o| Some((o.vm?, o)));
    let mut families = vec![vcpus];
    families.extend(counters.map(|(name, o)| of_reason(name, o, &views)));
    families.extend(times(
        &views,
        "kvm_vm_time_cycles",
        "kvm_vm_preempted_cycles",
    ));
    families
}

fn of_reason(name: &'static str, counter: &OfReason, views: &[View<'_>]) -> Family {
    let mut family = Family::new(Kind::Counter, name, counter.help);
    for (labels, snapshot) in views {
        family
            .series
            .extend(snapshot.reasons.iter().filter_map(|row| {
                let n = (counter.of)(&row.counters)?;
                (n > 0 || !counter.sparse).then(|| Series {
                    labels: with(labels, "reason", row.name.to_string()),
                    value: Value::Whole(n),
                })
            }));
    }
    family
}

/// Where the time went, of each of `views` that knows.
fn times(views: &[View<'_>], states: &'static str, preempted: &'static str) -> [Family; 2] {
    let mut states = Family::new(
        Kind::Counter,
        states,
        "TSC cycles of the vCPUs, by the state that they were in.",
    );
    let mut preempted = Family::new(
        Kind::Counter,
        preempted,
        "TSC cycles of these while the vCPU's thread was off its CPU though it could run.",
    );
    let timed = |(labels, snapshot): &View<'_>| Some((labels.clone(), snapshot.time?));
    for (labels, time) in views.iter().filter_map(timed) {
        let Time { cycles, .. } = time;
        for (state, n) in cycles.each() {
            let labels = with(&labels, "state", state.to_string());
            states.push(labels, Value::Whole(n));
        }
        preempted.push(labels, Value::Whole(time.preempted));
    }
    [states, preempted]
}

fn durations(host: &Snapshot) -> Family {
    let mut family = Family::new(
        Kind::Histogram,
        "kvm_exit_duration_cycles",
        "VM exits by the TSC cycles until KVM has dealt with them.",
    );
    for row in &host.reasons {
        let Some(buckets) = row.histogram.clone() else {
            continue;
        };
        let of = Histogram {
            buckets,
            cycles: row.counters.cycles,
        };
        let labels = vec![("reason", row.name.to_string())];
        family.push(labels, Value::Histogram(of));
    }
    family
}

fn with(labels: &[Label], name: &'static str, value: String) -> Vec<Label> {
    [labels, &[(name, value)]].concat()
}
