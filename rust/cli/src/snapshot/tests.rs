// SPDX-License-Identifier: GPL-2.0

use super::*;

#[test]
fn headings_name_the_paging() {
    let paging = |tdp, vpid| Paging {
        tdp,
        vpid,
        unrestricted_guest: tdp,
    };
    assert_eq!(paging(true, true).heading(Isa::Vmx), "EPT");
    assert_eq!(paging(true, false).heading(Isa::Vmx), "EPT, vpid=0");
    assert_eq!(paging(false, true).heading(Isa::Vmx), "shadow");
    assert_eq!(paging(false, false).heading(Isa::Vmx), "shadow, vpid=0");
    assert_eq!(paging(true, true).heading(Isa::Svm), "NPT");
    assert_eq!(paging(false, true).heading(Isa::Svm), "shadow");
}

#[test]
fn reasons_are_found_by_name_and_number() {
    for text in ["MSR_WRITE", "msr_write", "32", "0x20"] {
        assert_eq!(Isa::Vmx.reason_of(text), Some(32), "{text}");
    }
    assert_eq!(Isa::Svm.reason_of("NPF"), Some(0x400));
    assert_eq!(Isa::Svm.reason_of("0x400"), Some(0x400));
    for text in ["NPF", "", "0x", "-1", "all"] {
        assert_eq!(Isa::Vmx.reason_of(text), None, "{text}");
    }
}

#[test]
fn numbers_are_the_manuals() {
    assert_eq!(Isa::Vmx.reason_number(48), "48");
    assert_eq!(Isa::Svm.reason_number(0x4e), "0x4e");
    assert_eq!(Isa::Svm.reason_number(0x400), "0x400");
}
