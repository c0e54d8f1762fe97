// SPDX-License-Identifier: GPL-2.0

//! `include/linux/kvm_exit_hooks.h` of the patched kernel, as bindgen reads it.

#![allow(
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    unreachable_pub,
    clippy::all,
    reason = "bindgen's output"
)]

include!(env!("KVM_EXIT_HOOKS_BINDINGS"));

// `acct` does not see this header; here its constants are held to it.
const _: () = {
    use crate::acct::leaves::paging;
    assert!(paging::TDP == kvm_exit_hook_paging_KVM_EXIT_HOOK_TDP);
    assert!(paging::VPID == kvm_exit_hook_paging_KVM_EXIT_HOOK_ASID);
    assert!(paging::UNRESTRICTED == kvm_exit_hook_paging_KVM_EXIT_HOOK_UNRESTRICTED);
    assert!(paging::SVM == kvm_exit_hook_paging_KVM_EXIT_HOOK_SVM);

    use crate::acct::keys::Notes;
    use core::mem::{offset_of, size_of};
    assert!(size_of::<Notes>() == size_of::<kvm_exit_hook_detail>());
    macro_rules! same_place {
        ($($field:ident)*) => {
            $(assert!(offset_of!(Notes, $field) == offset_of!(kvm_exit_hook_detail, $field));)*
        };
    }
    same_place!(of info1 info2 rax rcx intr_info error_code);

    use crate::acct::clock::Change;
    assert!(Change::Run as u32 == kvm_exit_hook_state_KVM_EXIT_HOOK_RUN);
    assert!(Change::Vmm as u32 == kvm_exit_hook_state_KVM_EXIT_HOOK_VMM);
    assert!(Change::Halted as u32 == kvm_exit_hook_state_KVM_EXIT_HOOK_HALTED);
    assert!(Change::Preempted as u32 == kvm_exit_hook_state_KVM_EXIT_HOOK_PREEMPTED);
    assert!(Change::Resumed as u32 == kvm_exit_hook_state_KVM_EXIT_HOOK_RESUMED);
};
