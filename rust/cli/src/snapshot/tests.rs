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
fn numbers_are_the_manuals() {
    assert_eq!(Isa::Vmx.reason_number(48), "48");
    assert_eq!(Isa::Svm.reason_number(0x4e), "0x4e");
    assert_eq!(Isa::Svm.reason_number(0x400), "0x400");
}
