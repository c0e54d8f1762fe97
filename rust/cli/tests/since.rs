// SPDX-License-Identifier: GPL-2.0

//! What came between two snapshots.

mod common;

use acct::snapshot::measures;
use common::{nested, times, values, Builder, SVM, TDP, VPID};
use kvm_exits::reading::Reading;
use kvm_exits::snapshot::Snapshot;
use proptest::prelude::*;

const MSR_WRITE: u32 = 32;

fn start() -> Builder {
    Builder::with_measures(3, TDP | VPID, 0, measures::TIME | measures::DETAIL)
}

fn reading(builder: Builder) -> Reading {
    Reading::decode(&builder.bytes()).unwrap()
}

fn since(now: Builder, before: Builder) -> anyhow::Result<Snapshot> {
    let since = reading(now).host.since(&reading(before).host)?;
    since.verify().unwrap();
    Ok(since)
}

#[test]
fn everything_is_subtracted() {
    let before = start()
        .key(MSR_WRITE, 0x6e0, 5, 50)
        .host_values(10, values(7, 70), &[0, 7])
        .host_values(MSR_WRITE, values(6, 60), &[6])
        .host_values(48, nested(), &[4])
        .row_time(1, 10, 0)
        .host_time(&times([100, 130, 30, 40, 50]));
    let now = start()
        .key(MSR_WRITE, 0x6e0, 6, 65)
        .key(MSR_WRITE, 0x10, 9, 90)
        .host_values(1, values(2, 20), &[1, 1])
        .host_values(10, values(7, 70), &[0, 7])
        .host_values(MSR_WRITE, values(17, 170), &[6, 0, 11])
        .host_values(48, nested(), &[4])
        .row_time(3, 25, 5)
        .host_time(&times([180, 260, 60, 50, 50]));
    let since = since(now, before).unwrap();
    let rows: Vec<_> = since.reasons.iter().map(|row| row.reason).collect();
    // Nothing of CPUID moved; of EPT_VIOLATION only what the VMM took.
    assert_eq!(rows, [1, MSR_WRITE, 48]);
    let [external, msr, ept] = &since.reasons[..] else {
        panic!()
    };
    assert_eq!((external.counters.count, external.counters.cycles), (2, 20));
    assert_eq!(external.histogram.as_deref(), Some(&[1, 1][..]));
    assert_eq!((msr.counters.count, msr.counters.cycles), (11, 110));
    assert_eq!(msr.histogram.as_deref(), Some(&[0, 0, 11][..]));
    let detail: Vec<_> = msr.detail.iter().flatten().collect();
    let keys: Vec<_> = detail.iter().map(|k| (k.count, k.cycles)).collect();
    // The last is what had no key.
    assert_eq!(keys, [(9, 90), (1, 15), (1, 5)]);
    assert_eq!(detail[2].name, "other");
    assert_eq!(ept.counters.count, 0);
    assert_eq!(ept.counters.vmm_count, Some(2));
    assert_eq!(ept.counters.vmm_cycles, Some(15));
    assert_eq!(ept.counters.halted_cycles, Some(5));
    assert_eq!(since.total.count, 13);
    assert_eq!(since.total.l2_count, Some(0));
    let time = since.time.unwrap();
    assert_eq!((time.elapsed, time.cycles.exit), (250, 130));
    assert_eq!(time.preempted_in.unwrap().exit, 13);
}

#[test]
fn what_nobody_measured_is_not_there() {
    let plain = || Builder::new(3, TDP).host(10, &[5, 6]);
    let none = since(plain(), plain()).unwrap();
    assert!(none.reasons.is_empty());
    assert_eq!(none.total.vmm_count, None);
    assert_eq!((none.time, none.vcpus), (None, None));
    // Time that was switched on meanwhile has no beginning, keys have.
    let on = start()
        .key(MSR_WRITE, 1, 3, 30)
        .host_values(10, values(2, 11), &[])
        .host_values(MSR_WRITE, values(9, 90), &[])
        .host_time(&times([1, 2, 3, 4, 5]));
    let before = plain().host_values(MSR_WRITE, values(6, 60), &[]);
    let since = since(on, before).unwrap();
    assert_eq!(since.time, None);
    assert_eq!(since.reasons.len(), 1);
    let detail = since.reasons[0].detail.as_deref().unwrap();
    assert_eq!(detail.len(), 1);
    assert_eq!((detail[0].count, detail[0].cycles), (3, 30));
}

#[test]
fn keys_never_have_more_than_their_reason() {
    // Five came between the reading of the keys and that of the reason: next time, they have keys.
    let row = |builder: Builder, n| builder.host_values(MSR_WRITE, values(n, 10 * n), &[]);
    let before = row(start().key(MSR_WRITE, 1, 100, 1_000), 105);
    let now = start().key(MSR_WRITE, 1, 105, 1_050);
    let now = row(now.key(MSR_WRITE, 2, 3, 30), 108);
    let since = since(now, before).unwrap();
    let counts = since.reasons[0].detail.iter().flatten().map(|k| k.count);
    assert_eq!(counts.collect::<Vec<_>>(), [3]);
}

#[test]
fn vms_are_subtracted_vcpu_by_vcpu() {
    let with = |count, name, first: u64, second: Option<u64>| {
        let vm = start().vm(4711, name, 2).vm_row(10, count, count);
        let vm = vm.vcpu(0, &times([first, 10, 0, 0, 0]));
        reading(match second {
            Some(second) => vm.vcpu(1, &times([second, 0, 0, 0, 0])),
            None => vm,
        })
    };
    let before = with(5, "qemu", 10, None);
    let now = with(9, "qemu", 30, Some(70));
    let since = now.vms[0].since(&before.vms[0]).unwrap();
    since.verify().unwrap();
    assert_eq!(since.total.count, 4);
    let times = since.vcpus.unwrap();
    let guest: Vec<_> = times.iter().map(|vcpu| vcpu.time.cycles.guest).collect();
    assert_eq!(guest, [20, 70]);
    assert!(now.vms_not_in(&before).is_empty());
    // Another VM with its pid: by its name, or because it has fewer.
    let other = with(9, "other", 30, None);
    assert_eq!(other.vms_not_in(&before)[0].name, "other");
    for other in [other, with(4, "qemu", 30, None)] {
        let error = other.vms[0].since(&before.vms[0]).unwrap_err().to_string();
        assert!(error.contains("another VM"), "{error}");
    }
}

#[test]
fn generations_are_not_subtracted_from_one_another() {
    let later = reading(Builder::new(4, TDP).host(10, &[1, 2, 3]));
    let error = later.host.since(&reading(start()).host).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("generation 4 has begun meanwhile, after 3"),
        "{error}"
    );
    let svm = reading(Builder::new(4, TDP | SVM).host(10, &[1, 2, 3]));
    assert!(svm.host.since(&later.host).is_err());
}

proptest! {
    #[test]
    fn what_was_and_what_came_is_what_is(
        before in prop::collection::btree_map(0u32..70, (1u64..1 << 40, 0u64..1 << 40), 0..20),
        came in prop::collection::btree_map(0u32..70, (1u64..1 << 40, 0u64..1 << 40), 0..20),
    ) {
        let mut now = before.clone();
        for (&reason, &(count, cycles)) in &came {
            let cell = now.entry(reason).or_default();
            *cell = (cell.0 + count, cell.1 + cycles);
        }
        let build = |cells: &std::collections::BTreeMap<u32, (u64, u64)>| {
            cells.iter().fold(start(), |builder, (&reason, &(count, cycles))| {
                builder.host_values(reason, values(count, cycles), &[])
            })
        };
        let expected = reading(build(&came)).host;
        prop_assert_eq!(since(build(&now), build(&before)).unwrap(), expected);
    }
}
