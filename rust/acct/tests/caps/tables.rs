// SPDX-License-Identifier: GPL-2.0

//! The tables by themselves: in order, unique, and each with what it refers to.

use acct::caps::controls::{CONTROLS, GROUPS};
use acct::caps::msrs::MSRS;
use acct::caps::registers::{Kind, CONTROL_REGISTERS};
use acct::caps::Extension;

#[test]
fn controls_and_their_groups() {
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

#[test]
fn registers_and_their_fields() {
    for register in Extension::ALL.into_iter().flat_map(Extension::registers) {
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
    for extension in Extension::ALL {
        let places: Vec<_> = extension.places().map(|p| p.0).collect();
        for register in extension.registers() {
            assert!(places.contains(&register.place), "{register:?}");
        }
        for place in places {
            assert_ne!(place.name(), "unknown MSR");
        }
    }
}
