// SPDX-License-Identifier: GPL-2.0

use super::*;

/// Test data, in the form that the lab's serial port has.
const TEXT: &str = include_str!("../../../tests/data/demo-serial.log");

fn error(text: &str) -> String {
    format!("{:#}", Log::parse(text).err().unwrap())
}

#[test]
fn reads_dumps_and_leaves() {
    let log = Log::parse(TEXT).unwrap();
    assert_eq!(log.figures(), "3 dumps, 4 lines of cpuid's");
    let dump = log.dumps_of(2).next().unwrap();
    assert!(dump.paging.tdp && dump.paging.vpid && !dump.paging.unrestricted_guest);
    assert_eq!((dump.total.count, dump.total.cycles), (12, 3400));
    assert_eq!(dump.counters(48).count, 7);
    assert_eq!(dump.counters(33).cycles, 3000);
    assert_eq!(dump.counters(2).count, 0);
    assert_eq!(log.dumps_of(2).count(), 2);
}

#[test]
fn gives_each_generation_its_own_leaves() {
    let log = Log::parse(TEXT).unwrap();
    let reasons: Vec<u32> = log.leaves_of(2).iter().map(|leaf| leaf.0).collect();
    assert_eq!(reasons, [0x0a, 0x21, 0x23, 0x30]);
    assert!(log.leaves_of(1).is_empty());
}

#[test]
fn mends_lines_that_the_kernel_wrote_into() {
    let log = Log::parse(TEXT).unwrap();
    let leaves = log.leaves_of(2);
    let registers = |eax, edx| Registers {
        eax,
        edx,
        ..Registers::default()
    };
    assert_eq!(leaves[1], (0x21, registers(3, 0)));
    assert_eq!(leaves[2], (0x23, registers(0, u32::MAX)));
}

#[test]
fn says_which_line_is_broken() {
    let broken = |old: &str, new: &str| {
        assert!(TEXT.contains(old));
        error(&TEXT.replace(old, new))
    };
    assert!(broken("ecx=0x00000000 edx=0x00000000", "ecx=0x").contains("in \"0x4ffffffd"));
    assert!(broken("EPT on", "EPTs on").contains("\"EPTs on\" should be EPT"));
    assert!(broken("EPT on", "NPT on").contains("\"VPID on\" should be ASID"));
    assert!(broken("VPID on", "VPID maybe").contains("neither on nor off"));
    assert!(broken("scope vm", "scope all").contains("\"all\" is no scope"));
    assert!(broken("count 7", "count x").contains("\"x\" is no number"));
    assert!(broken("   48 EPT", "   10 EPT").contains("has reason 10 twice"));
}
