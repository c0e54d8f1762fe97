// SPDX-License-Identifier: GPL-2.0

//! The lists of exit reasons by themselves; `kernel/reasons.rs` compares them with KVM's.

use acct::reasons::{self, svm, vmx, Isa, MAX_REASON, OTHER, OTHER_NAME};

#[test]
fn sdm_gaps_are_undefined() {
    let gaps: Vec<u32> = (0..=MAX_REASON)
        .filter(|&r| !reasons::is_defined(r))
        .collect();
    assert_eq!(gaps, [35, 38, 42, 70, 71, 82, 83]);
}

#[test]
fn nothing_above_the_table_is_defined() {
    for reason in (MAX_REASON + 1..=0x1_0001).chain([0x8000_0021, 0x0800_0030, u32::MAX]) {
        assert!(!reasons::is_defined(reason), "{reason:#x}");
    }
    assert_eq!(reasons::name(0x1_0000), None);
    assert_eq!(reasons::name(u32::MAX), None);
}

#[test]
fn bit_mask_and_table_agree() {
    for reason in 0..=0x1_0000 {
        let in_table = Isa::Vmx.find(reason).is_some();
        assert_eq!(reasons::is_defined(reason), in_table, "{reason}");
    }
}

#[test]
fn names_are_kvms() {
    assert_eq!(
        reasons::name(vmx::EXTERNAL_INTERRUPT),
        Some("EXTERNAL_INTERRUPT")
    );
    assert_eq!(reasons::name(28), Some("CR_ACCESS"));
    assert_eq!(reasons::name(33), Some("INVALID_STATE"));
    assert_eq!(reasons::name(vmx::EPT_VIOLATION), Some("EPT_VIOLATION"));
    assert_eq!(Isa::Svm.name(svm::NPF), Some("npf"));
    assert_eq!(Isa::Svm.name(u32::MAX), Some("invalid_guest_state"));
    assert!(reasons::meaning(10).is_some_and(|m| m.contains("CPUID")));
}

#[test]
fn other_has_a_name_and_is_no_reason() {
    for isa in [Isa::Vmx, Isa::Svm] {
        assert_eq!(isa.name(OTHER), Some(OTHER_NAME));
        assert!(isa.meaning(OTHER).is_some());
        assert!(isa.find(OTHER).is_none());
        assert!(!isa.is_defined(OTHER));
    }
}

#[test]
fn names_do_not_repeat() {
    for isa in [Isa::Vmx, Isa::Svm] {
        let mut names: Vec<_> = isa.all().iter().map(|r| r.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}

#[test]
fn svm_ranges_of_the_apm_are_defined() {
    assert!(Isa::Svm.is_defined(0x01f), "write of CR15");
    assert!(Isa::Svm.is_defined(0x05e), "#SX");
    assert!(!Isa::Svm.is_defined(0x0a7));
    assert!(!Isa::Svm.is_defined(0x404));
    assert_eq!(Isa::Svm.max_reason(), 0x403);
}
