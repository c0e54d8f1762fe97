// SPDX-License-Identifier: GPL-2.0

//! From the bytes that the device gives to snapshots.

mod common;

use common::{nested, values, Builder, SVM, TDP, VPID};
use kvm_exits::reading::Reading;
use kvm_exits::snapshot::{Isa, Scope, Snapshot, Source, Vm};
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
