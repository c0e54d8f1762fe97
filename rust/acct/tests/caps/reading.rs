// SPDX-License-Identifier: GPL-2.0

//! What is asked of a processor, what is missed, and what two of them differ in.

use acct::caps::msrs::MSRS;
use acct::caps::remarks::{Disagreement, Missing, HIDDEN};
use acct::caps::{Capabilities, Extension, Place};

use crate::common::{caps, has_line, svm, EAX, EBX, ECX, EDX, VM_CR};

/// The index of an MSR.
fn index(place: Place) -> u32 {
    match place {
        Place::Msr(msr) => msr,
        Place::Cpuid(_) => panic!("VMX has {place}"),
    }
}

#[test]
fn a_processor_is_asked_for_what_it_has_and_nothing_else() {
    // Primary controls with secondary, but not tertiary, ones; EPT but no VM functions.
    let old = [
        (0x480, 0),
        (0x481, 0),
        (0x482, 1 << 63),
        (0x483, 0),
        (0x484, 0),
        (0x48b, 1 << 33),
    ];
    let mut asked = Vec::new();
    let read = Capabilities::read_with(Extension::Vmx, |place| {
        let msr = index(place);
        asked.push(msr);
        old.iter().find(|m| m.0 == msr).map(|m| m.1)
    });

    assert_eq!(asked, (0x480..=0x48c).collect::<Vec<_>>());
    assert_eq!(read, caps(&old));
    assert_eq!(
        read.missing().map(index).collect::<Vec<_>>(),
        [0x485, 0x486, 0x487, 0x488, 0x489, 0x48a, 0x48c]
    );
}

#[test]
fn what_nobody_can_tell_is_tried() {
    let mut asked = Vec::new();
    let read = Capabilities::read_with(Extension::Vmx, |place| {
        asked.push(index(place));
        None
    });

    let all: Vec<_> = MSRS.iter().map(|m| m.0).collect();
    assert_eq!(asked, all);
    // Only what every processor with VMX has is missed.
    assert_eq!(
        read.missing().map(index).collect::<Vec<_>>(),
        (0x480..=0x48a).collect::<Vec<_>>()
    );
}

#[test]
fn each_value_is_asked_for_once() {
    let mut asked = Vec::new();
    let read = Capabilities::read_with(Extension::Svm, |place| {
        asked.push(place);
        (place != VM_CR).then_some(7)
    });

    assert_eq!(asked, [EAX, EBX, ECX, EDX, VM_CR]);
    assert_eq!(read, svm(&[(EAX, 7), (EBX, 7), (ECX, 7), (EDX, 7)]));
    assert_eq!(read.missing().collect::<Vec<_>>(), [VM_CR]);
    let missing = Missing {
        place: VM_CR,
        why: HIDDEN,
    };
    assert_eq!(
        missing.to_string(),
        "VM_CR (0xc0010114) cannot be read: a hypervisor may hide it"
    );
    has_line(
        &read,
        "SVM: not known whether firmware allows it: VM_CR was not read",
    );
}

#[test]
fn differences_between_two_processors() {
    let a = caps(&[(0x480, 1), (0x481, 2)]);
    let b = caps(&[(0x480, 1), (0x481, 3), (0x485, 4)]);

    assert_eq!(
        a.differences(&b).collect::<Vec<_>>(),
        [
            (Place::Msr(0x481), Some(2), Some(3)),
            (Place::Msr(0x485), None, Some(4))
        ]
    );
    assert_eq!(a.differences(&a).count(), 0);
}

#[test]
fn cpus_that_disagree() {
    let first = svm(&[(EDX, 1), (VM_CR, 0)]);
    let other = svm(&[(EDX, 3)]);
    let lines: Vec<_> = Disagreement::between((0, &first), (5, &other))
        .map(|d| d.to_string())
        .collect();

    assert_eq!(
        lines,
        [
            "CPUs disagree on CPUID Fn8000_000A_EDX: CPU 0 has 0x1, CPU 5 has 0x3",
            "CPUs disagree on VM_CR (0xc0010114): CPU 0 has 0x0, CPU 5 has nothing",
        ]
    );
}
