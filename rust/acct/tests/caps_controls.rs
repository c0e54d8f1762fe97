// SPDX-License-Identifier: GPL-2.0

//! Decoding of the VMX controls, group by group.

mod caps_common;

use acct::caps::controls::{CONTROLS, GROUPS};
use acct::caps::msrs::MSRS;
use acct::caps::{Allowed, Capabilities, GroupId, Place, Presence, Reading};
use caps_common::{caps, has_line, text};

const YES: Allowed = Allowed {
    can_set: true,
    can_clear: true,
};
const NEVER_1: Allowed = Allowed {
    can_set: false,
    can_clear: true,
};
const ALWAYS_1: Allowed = Allowed {
    can_set: true,
    can_clear: false,
};

fn reading(caps: &Capabilities, id: GroupId) -> Reading {
    match caps.presence(id) {
        Presence::Present(reading) => reading,
        other => panic!("{id:?}: {other:?}"),
    }
}

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

#[test]
fn a_group_needs_the_control_that_activates_it() {
    let cases = [
        (0x482, 31, 0x48b, GroupId::Secondary),
        (0x482, 17, 0x492, GroupId::Tertiary),
        (0x483, 31, 0x493, GroupId::SecondaryExit),
    ];
    for (by, bit, msr, id) in cases {
        let able = caps(&[(by, 1 << (32 + bit)), (msr, 0)]);
        let unable = caps(&[(by, !(1 << (32 + bit))), (msr, u64::MAX)]);

        assert!(matches!(able.presence(id), Presence::Present(_)));
        assert!(matches!(unable.presence(id), Presence::Absent));
        assert_eq!(able.exists(Place::Msr(msr)), Some(true));
        assert_eq!(unable.exists(Place::Msr(msr)), Some(false));
    }
    has_line(
        &caps(&[(0x482, 0), (0x48b, u64::MAX)]),
        "Secondary Processor-Based Controls: none, \"Activate secondary controls\" \
         (Primary Processor-Based bit 31) cannot be set",
    );
}

#[test]
fn the_true_msrs_where_basic_says_so() {
    const TRUE: u64 = 1 << 55;
    let both = [(0x481, 0x16), (0x48d, 0x3f_0000_0000)];
    let pin = |basic: &[(u32, u64)]| {
        let all: Vec<_> = basic.iter().chain(&both).copied().collect();
        reading(&caps(&all), GroupId::Pin).msr
    };

    assert_eq!(pin(&[(0x480, TRUE)]), 0x48d);
    assert_eq!(pin(&[(0x480, !TRUE)]), 0x481);
    // Nobody says: somebody could read a TRUE MSR, so there is one.
    assert_eq!(pin(&[]), 0x48d);
    // Promised but hidden.
    let hidden = caps(&[(0x480, TRUE), (0x481, 0x16)]);
    assert_eq!(reading(&hidden, GroupId::Pin).msr, 0x481);
    assert!(hidden.missing().any(|place| place == Place::Msr(0x48d)));

    has_line(
        &caps(&[(0x480, TRUE), (0x490, 0x0003_ffff_0000_11fb)]),
        "VM-Entry Controls MSR: 0x3ffff000011fb (0x490 IA32_VMX_TRUE_ENTRY_CTLS)",
    );
}

#[test]
fn the_table_holds_together() {
    for pair in CONTROLS.windows(2) {
        let [a, b] = pair else { unreachable!() };
        if a.group == b.group {
            assert!(a.bit < b.bit, "{a:?} {b:?}");
        }
    }
    for control in CONTROLS {
        let group = control.group.group();
        assert!(control.bit < group.width(), "{control:?}");
        assert_eq!(
            CONTROLS
                .iter()
                .filter(|c| c.group == control.group && c.name == control.name)
                .count(),
            1,
            "{control:?}"
        );
        assert_eq!(
            control.group.control(control.bit).map(|c| c.name),
            Some(control.name)
        );
    }
    for group in GROUPS {
        for msr in [Some(group.msr), group.true_msr].into_iter().flatten() {
            assert!(MSRS.iter().any(|m| m.0 == msr), "{group:?}");
        }
        if let Some((by, bit)) = group.activated_by {
            let name = by.control(bit).expect("a control").name;
            assert!(name.starts_with("Activate "), "{group:?}: {name}");
            assert!(by.group().msr < group.msr, "read before {group:?}");
        }
    }
}
