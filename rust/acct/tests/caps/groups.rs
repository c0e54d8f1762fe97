// SPDX-License-Identifier: GPL-2.0

//! Which groups of VMX controls there are, and which MSR tells of each.

use acct::caps::{GroupId, Place, Presence};

use crate::common::{caps, has_line, reading};

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
