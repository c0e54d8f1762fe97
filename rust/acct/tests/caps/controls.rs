// SPDX-License-Identifier: GPL-2.0

//! What a processor allows of each VMX control.

use acct::caps::{Allowed, Capabilities, GroupId};

use crate::common::{caps, has_line, reading, text, ALWAYS_1, NEVER_1, YES};

/// What `caps` allows for the control that the SDM calls `name`.
fn allowed(caps: &Capabilities, id: GroupId, name: &str) -> Allowed {
    reading(caps, id)
        .entries()
        .find(|e| e.control.is_some_and(|c| c.name == name))
        .unwrap_or_else(|| panic!("{id:?} has no control {name}"))
        .allowed
}

#[test]
fn pin_based_without_a_preemption_timer() {
    let caps = caps(&[(0x481, 0x3f_0000_0016)]);
    let pin = |name| allowed(&caps, GroupId::Pin, name);

    assert_eq!(pin("External-interrupt exiting"), YES);
    assert_eq!(pin("NMI exiting"), YES);
    assert_eq!(pin("Virtual NMIs"), YES);
    assert_eq!(pin("Activate VMX-preemption timer"), NEVER_1);
    assert_eq!(pin("Process posted interrupts"), NEVER_1);
    assert_eq!(
        text(&caps),
        [
            "Pin-Based Controls MSR: 0x3f00000016 (0x481 IA32_VMX_PINBASED_CTLS)",
            "  External-interrupt exiting: Can set=Yes, Can clear=Yes",
            "  Reserved bit 1: Can set=Yes, Can clear=No",
            "  Reserved bit 2: Can set=Yes, Can clear=No",
            "  NMI exiting: Can set=Yes, Can clear=Yes",
            "  Reserved bit 4: Can set=Yes, Can clear=No",
            "  Virtual NMIs: Can set=Yes, Can clear=Yes",
            "  Activate VMX-preemption timer: Can set=No, Can clear=Yes",
            "  Process posted interrupts: Can set=No, Can clear=Yes",
        ]
    );
}

#[test]
fn secondary_without_vmcs_shadowing() {
    let caps = caps(&[(0x48b, 0x55_3cfe_0000_0000)]);
    let secondary = |name| allowed(&caps, GroupId::Secondary, name);

    assert_eq!(secondary("Enable EPT"), YES);
    assert_eq!(secondary("Enable VPID"), YES);
    assert_eq!(secondary("Unrestricted guest"), YES);
    assert_eq!(secondary("VMCS shadowing"), NEVER_1);
    assert_eq!(secondary("Virtualize APIC accesses"), NEVER_1);
}

#[test]
fn first_processors_always_exit_on_cr3() {
    let caps = caps(&[(0x482, 0xfff9_fffe_0401_e172)]);

    assert_eq!(
        allowed(&caps, GroupId::Primary, "CR3-load exiting"),
        ALWAYS_1
    );
    assert_eq!(allowed(&caps, GroupId::Primary, "HLT exiting"), YES);
    assert_eq!(
        allowed(&caps, GroupId::Primary, "Activate tertiary controls"),
        NEVER_1
    );
}

#[test]
fn every_combination_of_the_two_halves() {
    for id in [
        GroupId::Pin,
        GroupId::Primary,
        GroupId::Secondary,
        GroupId::Exit,
        GroupId::Entry,
    ] {
        let msr = id.group().msr;
        for bit in 0..32u8 {
            for (must, may) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                // The bit's neighbours say the opposite, so that reading one of them shows.
                let word = |b: u64| {
                    if b == 1 {
                        1 << bit
                    } else {
                        !(1 << bit) & 0xffff_ffff
                    }
                };
                let raw = (word(may) << 32) | word(must);
                let expected = Allowed {
                    can_set: may == 1,
                    can_clear: must == 0,
                };
                let reading = reading(&caps(&[(msr, raw)]), id);
                assert_eq!(reading.allowed(bit), expected, "{id:?} bit {bit} {raw:#x}");
            }
        }
        let reading = reading(&caps(&[(msr, u64::MAX)]), id);
        assert_eq!(reading.allowed(32), NEVER_1, "{id:?} has no bit 32");
        assert_eq!(reading.entries().count(), 32);
    }
}

#[test]
fn the_late_groups_have_64_allowed_1_bits_and_no_allowed_0_half() {
    for id in [GroupId::Tertiary, GroupId::SecondaryExit] {
        let msr = id.group().msr;
        for bit in 0..64 {
            let set = reading(&caps(&[(msr, 1 << bit)]), id);
            let clear = reading(&caps(&[(msr, !(1 << bit))]), id);
            assert_eq!(set.allowed(bit), YES, "{id:?} bit {bit}");
            assert_eq!(clear.allowed(bit), NEVER_1, "{id:?} bit {bit}");
        }
        assert_eq!(reading(&caps(&[(msr, u64::MAX)]), id).entries().count(), 64);
    }
    has_line(
        &caps(&[(0x492, (1 << 40) | 0x10)]),
        "  IPI virtualization: Can set=Yes, Can clear=Yes",
    );
    has_line(
        &caps(&[(0x492, (1 << 40) | 0x10)]),
        "  Reserved bit 40: Can set=Yes, Can clear=Yes",
    );
}
