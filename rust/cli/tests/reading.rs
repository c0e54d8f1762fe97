// SPDX-License-Identifier: GPL-2.0

//! From the bytes that the device gives to snapshots.

mod common;

use acct::snapshot::measures;
use common::{nested, times, values, Builder, SVM, TDP, VPID};
use kvm_exits::reading::Reading;
use kvm_exits::snapshot::{Counters, Isa, Scope, Snapshot, Source, Vm};
use kvm_exits::time::Time;
use proptest::prelude::*;

#[test]
fn host_and_vms_are_told_apart() {
    let bytes = Builder::new(7, TDP | VPID)
        .host(10, &[1, 5, 5])
        .host_values(48, nested(), &[0, 4])
        .vm(4711, "qemu-system-x86", 2)
        .vm_row(10, 3, 11)
        .vm(4712, "idle", 1)
        .bytes();
    let Reading {
        host,
        vms,
        guests_see_all,
    } = Reading::decode(&bytes).unwrap();

    assert!(!guests_see_all);
    assert_eq!((host.source, host.isa), (Source::Device, Isa::Vmx));
    assert_eq!((host.generation, host.tsc_khz), (7, Some(1_000)));
    assert_eq!(
        (host.scope, &host.vm, &host.kernel),
        (Scope::Host, &None, &None)
    );
    assert!(host.paging.tdp && host.paging.vpid && !host.paging.unrestricted_guest);
    assert_eq!(host.reasons[0].name, "CPUID");
    assert_eq!(host.reasons[0].histogram, Some(vec![1, 0, 2]));
    let violation = &host.reasons[1].counters;
    assert_eq!((violation.count, violation.cycles), (4, 10_000));
    assert_eq!(violation.l2_count, Some(3));
    assert_eq!(violation.l2_cycles, Some(9_000));
    assert_eq!(violation.l2_reflected, Some(1));
    assert_eq!((host.total.count, host.total.cycles), (7, 10_011));
    assert_eq!(host.total.l2_reflected, Some(1));

    let vm = |pid, name: &str, vcpus| Vm {
        pid,
        name: name.into(),
        vcpus,
    };
    assert_eq!(vms.len(), 2);
    assert_eq!(vms[0].scope, Scope::Vm);
    assert_eq!(vms[0].vm, Some(vm(4711, "qemu-system-x86", 2)));
    assert_eq!((vms[0].total.count, vms[0].total.cycles), (3, 11));
    assert_eq!(vms[0].reasons[0].histogram, None);
    assert_eq!(vms[1].vm, Some(vm(4712, "idle", 1)));
    assert_eq!((vms[1].total.count, vms[1].total.l2_count), (0, Some(0)));
}

#[test]
fn svm_has_names_of_its_own() {
    let bytes = Builder::with_scope(1, TDP | SVM, 1).host(0x400, &[1]);
    let reading = Reading::decode(&bytes.bytes()).unwrap();
    assert!(reading.guests_see_all);
    assert_eq!(reading.host.isa, Isa::Svm);
    assert_eq!(reading.host.reasons[0].name, "npf");
}

#[test]
fn reasons_without_a_name_keep_their_number() {
    let bytes = Builder::new(1, 0)
        .host(35, &[1])
        .host(0xffff, &[1, 1])
        .bytes();
    let host = Reading::decode(&bytes).unwrap().host;
    let names: Vec<_> = host.reasons.iter().map(|r| r.name.clone()).collect();
    assert_eq!(names, ["UNDEFINED_35", "OTHER"]);
}

#[test]
fn what_is_no_snapshot_is_refused() {
    let refusal = |bytes: &[u8]| Reading::decode(bytes).unwrap_err().to_string();
    let good = Builder::new(1, 0).host(10, &[1]).bytes();
    let mut newer = good.clone();
    newer[8] = 2;
    assert!(
        refusal(&newer).contains("has version 2") && refusal(&newer).contains("knows version 1")
    );
    assert!(refusal(&good[..good.len() - 1]).contains("ends in the middle"));
    assert!(refusal(&good[..12]).contains("ends in the middle"));
    assert!(refusal(b"{ \"schema\": 1 }").contains("JSON"));
    assert!(refusal(b"").contains("empty"));
    assert!(refusal(b"KVMX").contains("no snapshot"));
    let orphan = Builder::new(1, 0).vm_row(10, 1, 1).bytes();
    assert!(refusal(&orphan).contains("before any VM"));
    let orphan = Builder::new(1, 0).vcpu(0, &times([1; 5])).bytes();
    assert!(refusal(&orphan).contains("before any VM"));
    let orphan = Builder::new(1, 0).row_time(1, 1, 1).bytes();
    assert!(refusal(&orphan).contains("before any reason"));
    let orphan = Builder::new(1, 0).host(10, &[1]).vm(1, "none", 1);
    let orphan = orphan.row_time(1, 1, 1).bytes();
    assert!(refusal(&orphan).contains("before any reason"));
}

/// To the VMM: how often, how long; and waiting.
fn led_out(counters: &Counters) -> [Option<u64>; 3] {
    [
        counters.vmm_count,
        counters.vmm_cycles,
        counters.halted_cycles,
    ]
}

#[test]
fn time_belongs_to_the_row_the_vcpu_and_the_host_before_it() {
    let (a, b) = (times([100, 20, 30, 40, 50]), times([1, 2, 3, 4, 5]));
    let of_all = times([1_000, 200, 300, 400, 500]);
    let bytes = Builder::with_measures(7, TDP, 0, measures::TIME)
        .host(10, &[1])
        .host(12, &[1, 5])
        .row_time(0, 0, 77)
        .host(30, &[9])
        .row_time(3, 33, 0)
        .host_time(&of_all)
        .vm(1, "two", 2)
        .vcpu(0, &a)
        .vcpu(1, &b)
        .vm_row(30, 2, 11)
        .row_time(1, 9, 0)
        .vm(2, "new", 1)
        .bytes();
    let Reading { host, vms, .. } = Reading::decode(&bytes).unwrap();
    assert_eq!(host.time, Some(of_all.into()));
    assert_eq!(host.vcpus, None, "a VM's");
    let rows: Vec<_> = host.reasons.iter().map(|r| led_out(&r.counters)).collect();
    let some = |figures: [u64; 3]| figures.map(Some);
    assert_eq!(rows, [some([0, 0, 0]), some([0, 0, 77]), some([3, 33, 0])]);
    assert_eq!(led_out(&host.total), some([3, 33, 77]));

    let both = Time::from(a.plus(&b));
    assert_eq!((both.elapsed, both.preempted), (255, 24));
    assert_eq!(vms[0].time, Some(both));
    let vcpus: Vec<_> = vms[0].vcpus.iter().flatten().collect();
    assert_eq!((vcpus[0].index, vcpus[0].time), (0, a.into()));
    assert_eq!((vcpus[1].index, vcpus[1].time), (1, b.into()));
    assert_eq!(led_out(&vms[0].total), some([1, 9, 0]));
    assert_eq!((vms[1].time, &vms[1].vcpus), (None, &None));
    assert_eq!(led_out(&vms[1].total), some([0, 0, 0]));
    for snapshot in vms.iter().chain([&host]) {
        snapshot.verify().unwrap();
        let text = serde_json::to_string(snapshot).unwrap();
        assert_eq!(Snapshot::parse(&text).unwrap(), *snapshot);
    }
}

#[test]
fn what_was_measured_before_it_was_switched_off_is_there() {
    let off = || Builder::new(7, TDP).host(12, &[1]).host(10, &[1]);
    let led_out_of = |builder: Builder| {
        let host = Reading::decode(&builder.bytes()).unwrap().host;
        (led_out(&host.reasons[0].counters), led_out(&host.total))
    };
    assert_eq!(led_out_of(off()), ([None; 3], [None; 3]));
    let empty = Reading::decode(&Builder::new(7, TDP).bytes()).unwrap();
    assert_eq!(led_out(&empty.host.total), [None; 3]);
    let none = [Some(0); 3];
    assert_eq!(led_out_of(off().host_time(&times([1; 5]))), (none, none));
    let two = [Some(2), Some(5), Some(0)];
    let (first, total) = led_out_of(off().row_time(2, 5, 0));
    assert_eq!((first, total), (none, two), "of CPUID, the row before it");
}

#[test]
fn keys_are_summed_over_the_cpus() {
    let bytes = Builder::new(7, TDP)
        .key(32, 0x6e0, 3, 30)
        .key(31, 0x6e0, 1, 10)
        .key(32, 0x830, 5, 50)
        .key(32, 0x6e0, 4, 41)
        // Of a reason that has no keys, and of one without a row.
        .key(12, 1, 1, 1)
        .key(28, 3, 1, 1)
        .host_values(10, values(9, 90), &[])
        .host_values(12, values(2, 20), &[])
        .host_values(31, values(1, 10), &[])
        .host_values(32, values(14, 135), &[])
        .bytes();
    let host = Reading::decode(&bytes).unwrap().host;
    host.verify().unwrap();
    let detail = |reason| -> Option<Vec<_>> {
        let rows = host.row(reason)?.detail.as_ref()?.iter();
        let key = |key: &Option<kvm_exits::name::Name>| key.as_ref().map(|k| k.to_string());
        let row = rows.map(|r| (key(&r.key), r.name.to_string(), r.count, r.cycles));
        Some(row.collect())
    };
    let key = |key: &str, name: &str, count, cycles| {
        (Some(key.to_string()), name.to_string(), count, cycles)
    };
    let deadline = "MSR 0x6e0 TSC_DEADLINE";
    let other = |count, cycles| (None, "other".to_string(), count, cycles);
    assert_eq!(
        detail(32),
        Some(vec![
            key("0x6e0", deadline, 7, 71),
            key("0x830", "MSR 0x830 APIC_ICR", 5, 50),
            other(2, 14)
        ])
    );
    assert_eq!(detail(31), Some(vec![key("0x6e0", deadline, 1, 10)]));
    assert_eq!(detail(10), Some(vec![other(9, 90)]));
    assert_eq!(detail(12), None, "HLT has no keys");

    let text = serde_json::to_string(&host).unwrap();
    assert_eq!(Snapshot::parse(&text).unwrap(), host);
    let changed = text.replace(r#""count":7,"cycles":71"#, r#""count":8,"cycles":71"#);
    let error = Snapshot::parse(&changed).unwrap_err().to_string();
    assert!(error.contains("keys of MSR_WRITE sum up to 15"), "{error}");
}

#[test]
fn detail_is_there_once_it_is_measured() {
    let detail = |measures| {
        let bytes = Builder::with_measures(7, TDP, 0, measures).host(10, &[5]);
        let host = Reading::decode(&bytes.bytes()).unwrap().host;
        host.reasons[0].detail.as_ref().map(|rows| rows[0].count)
    };
    assert_eq!(detail(0), None);
    assert_eq!(detail(measures::TIME), None);
    assert_eq!(detail(measures::DETAIL), Some(1));
}

#[test]
fn svm_has_keys_of_its_own() {
    let bytes = Builder::new(7, TDP | SVM).key(0x7c, 0x1_0000_0010, 1, 5);
    let bytes = bytes.host(0x7c, &[5]).bytes();
    let host = Reading::decode(&bytes).unwrap().host;
    let detail = host.reasons[0].detail.as_deref().unwrap();
    assert_eq!(detail[0].name, "MSR 0x10 write TSC");
}

proptest! {
    #[test]
    fn the_total_is_the_sum(counts in prop::collection::vec(any::<[u64; 2]>(), 0..60)) {
        let mut builder = Builder::new(1, 0);
        for (reason, &[count, cycles]) in (0..).zip(&counts) {
            builder = builder.host_values(reason, values(count, cycles), &[]);
        }
        let host = Reading::decode(&builder.bytes()).unwrap().host;
        host.verify().unwrap();
        let text = serde_json::to_string(&host).unwrap();
        prop_assert_eq!(Snapshot::parse(&text).unwrap(), host);
    }

    #[test]
    fn garbage_does_not_panic(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bytes = Builder::new(1, 0).bytes();
        bytes.extend(tail);
        let _ = Reading::decode(&bytes);
    }
}
