// SPDX-License-Identifier: GPL-2.0

//! Decoding of the VMX capability MSRs.

use acct::caps::controls::{CONTROLS, GROUPS};
use acct::caps::msrs::MSRS;
use acct::caps::registers::{
    Field, Kind, Register, BASIC, CONTROL_REGISTERS, EPT_VPID_CAP, MISC, REGISTERS,
};
use acct::caps::report;
use acct::caps::{Allowed, Capabilities, GroupId, Presence, Reading};

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

fn caps(msrs: &[(u32, u64)]) -> Capabilities {
    let mut caps = Capabilities::default();
    for &(msr, value) in msrs {
        assert!(caps.set(msr, value), "{msr:#x} is a capability MSR");
    }
    caps
}

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

fn text(caps: &Capabilities) -> Vec<String> {
    let mut lines = Vec::new();
    report::lines(caps, &mut |line| lines.push(line.to_string()));
    lines
}

fn has_line(caps: &Capabilities, line: &str) {
    let lines = text(caps);
    assert!(lines.iter().any(|l| l == line), "{line:?} in {lines:#?}");
}

fn value(register: &Register, name: &str, raw: u64) -> u64 {
    let field = |f: &&Field| f.name == name;
    register
        .fields
        .iter()
        .find(field)
        .unwrap_or_else(|| panic!("no field {name}"))
        .value(raw)
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
                let raw = word(may) << 32 | word(must);
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
        &caps(&[(0x492, 1 << 40 | 0x10)]),
        "  IPI virtualization: Can set=Yes, Can clear=Yes",
    );
    has_line(
        &caps(&[(0x492, 1 << 40 | 0x10)]),
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
        assert_eq!(able.exists(msr), Some(true));
        assert_eq!(unable.exists(msr), Some(false));
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
    assert!(hidden.missing().any(|msr| msr == 0x48d));

    has_line(
        &caps(&[(0x480, TRUE), (0x490, 0x0003_ffff_0000_11fb)]),
        "VM-Entry Controls MSR: 0x3ffff000011fb (0x490 IA32_VMX_TRUE_ENTRY_CTLS)",
    );
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
    let read = Capabilities::read_with(|msr| {
        asked.push(msr);
        old.iter().find(|m| m.0 == msr).map(|m| m.1)
    });

    assert_eq!(asked, (0x480..=0x48c).collect::<Vec<_>>());
    assert_eq!(read.iter().collect::<Vec<_>>(), old);
    assert_eq!(
        read.missing().collect::<Vec<_>>(),
        [0x485, 0x486, 0x487, 0x488, 0x489, 0x48a, 0x48c]
    );
}

#[test]
fn what_nobody_can_tell_is_tried() {
    let mut asked = Vec::new();
    let read = Capabilities::read_with(|msr| {
        asked.push(msr);
        None
    });

    let all: Vec<_> = MSRS.iter().map(|m| m.0).collect();
    assert_eq!(asked, all);
    // Only what every processor with VMX has is missed.
    assert_eq!(
        read.missing().collect::<Vec<_>>(),
        (0x480..=0x48a).collect::<Vec<_>>()
    );
}

#[test]
fn differences_between_two_processors() {
    let a = caps(&[(0x480, 1), (0x481, 2)]);
    let b = caps(&[(0x480, 1), (0x481, 3), (0x485, 4)]);

    assert_eq!(
        a.differences(&b).collect::<Vec<_>>(),
        [(0x481, Some(2), Some(3)), (0x485, None, Some(4))]
    );
    assert_eq!(a.differences(&a).count(), 0);
}

#[test]
fn basic_by_field() {
    // As KVM tells a guest: 4 KiB, write-back, INS/OUTS information, TRUE controls.
    let raw = 0x00da_1000_11e5_7ed0;

    assert_eq!(value(&BASIC, "VMCS revision identifier", raw), 0x11e5_7ed0);
    assert_eq!(value(&BASIC, "VMXON and VMCS region size", raw), 4096);
    assert_eq!(value(&BASIC, "VMCS memory type", raw), 6);
    assert_eq!(value(&BASIC, "TRUE control MSRs", raw), 1);
    assert_eq!(
        value(&BASIC, "Dual-monitor treatment of SMIs and SMM", raw),
        1
    );
    assert_eq!(
        value(
            &BASIC,
            "VMX structures limited to 32-bit physical addresses",
            raw
        ),
        0
    );
    has_line(
        &caps(&[(0x480, raw)]),
        "IA32_VMX_BASIC MSR: 0xda100011e57ed0 (0x480)",
    );
    has_line(&caps(&[(0x480, raw)]), "  VMCS memory type: write-back (6)");
    has_line(&caps(&[(0x480, raw | 1 << 57)]), "  Reserved bit 57: Yes");
}

#[test]
fn misc_by_field() {
    let raw = 0x1234_5678_2e04_01e5;

    assert_eq!(value(&MISC, "VMX-preemption timer rate", raw), 5);
    assert_eq!(value(&MISC, "CR3-target values", raw), 4);
    assert_eq!(value(&MISC, "Recommended limit of MSR lists", raw), 512 * 8);
    assert_eq!(value(&MISC, "MSEG revision identifier", raw), 0x1234_5678);
    assert_eq!(value(&MISC, "Activity state wait-for-SIPI", raw), 1);
    assert_eq!(value(&MISC, "Intel PT in VMX operation", raw), 0);
    assert_eq!(
        value(&MISC, "VMWRITE to VM-exit information fields", raw),
        1
    );
}

#[test]
fn ept_vpid_cap_by_field() {
    let raw = 0x0000_0f01_0673_4141;

    assert_eq!(value(&EPT_VPID_CAP, "2-MByte pages", raw), 1);
    assert_eq!(value(&EPT_VPID_CAP, "Page-walk length of 5", raw), 0);
    assert_eq!(value(&EPT_VPID_CAP, "All-context INVVPID", raw), 1);
    assert_eq!(
        value(&EPT_VPID_CAP, "Maximum HLAT prefix size", raw | 1 << 48),
        1
    );
    assert_eq!(EPT_VPID_CAP.reserved(raw).collect::<Vec<_>>(), []);
}

#[test]
fn fixed_bits_of_cr0() {
    let caps = caps(&[(0x486, 0x8000_0021), (0x487, 0xffff_ffff)]);

    has_line(&caps, "IA32_VMX_CR0_FIXED0 MSR: 0x80000021 (0x486)");
    has_line(&caps, "  CR0.PE: Can set=Yes, Can clear=No");
    has_line(&caps, "  CR0.WP: Can set=Yes, Can clear=Yes");
    has_line(&caps, "  CR0 reserved bits that can be set: 0x1ffaffc0");
}

#[test]
fn fixed_bits_of_cr4() {
    let caps = caps(&[(0x488, 0x2000), (0x489, 0x3727ff)]);

    has_line(&caps, "  CR4.VMXE: Can set=Yes, Can clear=No");
    has_line(&caps, "  CR4.SMEP: Can set=Yes, Can clear=Yes");
    has_line(&caps, "  CR4.LA57: Can set=No, Can clear=Yes");
    assert!(!text(&caps).iter().any(|l| l.contains("reserved")));
}

#[test]
fn the_tables_hold_together() {
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
    for register in REGISTERS {
        for field in register.fields {
            assert!(field.high >= field.low && field.high < 64, "{field:?}");
            assert_eq!(
                field.kind == Kind::Flag,
                field.high == field.low,
                "{field:?}"
            );
        }
        for pair in register.fields.windows(2) {
            assert!(pair[0].high < pair[1].low, "{pair:?}");
        }
    }
    for register in CONTROL_REGISTERS {
        for pair in register.bits.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{pair:?}");
        }
    }
    for pair in MSRS.windows(2) {
        assert_eq!(pair[0].0 + 1, pair[1].0);
    }
}
