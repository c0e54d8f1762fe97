// SPDX-License-Identifier: GPL-2.0

//! What is to be said of VMX and of SVM alike.

/// #PF. KVM intercepts it where it has shadow page tables: `vmx_update_exception_bitmap()`,
/// `init_vmcb()`; what it does then, `kvm_mmu_page_fault()`, `FNAME(page_fault)`.
pub const PAGE_FAULT: &str =
    "Under shadow paging the processor translates by page tables that KVM \
    keeps, not by the guest's own. So every page fault is KVM's first: {before} exits under {tdp}, \
    {after} without. KVM adds what its tables lack, or hands the guest a fault that is its own.";

/// Error code, P clear: the shadow page table has no entry.
pub const NOT_PRESENT: &str = "Over all of the guest's life, {missing} of {life} were for a page \
    that KVM's tables did not have (NP), {writes} of these were writes.";

/// P and W set. KVM write-protects the page tables that it shadows, `mmu_try_to_unsync_pages()`, and
/// pages that are not dirty in the guest's, `FNAME(walk_addr_generic)`.
pub const READ_ONLY: &str = "{protected} were writes to a page that is there and read-only (P W), \
    such as a page table of the guest's, which KVM protects to see it change, one whose dirty bit \
    KVM has yet to set, or one that the guest itself copies on the first write.";

/// `kvm_mmu_reset_all_pte_masks()`.
pub const RESERVED: &str =
    "{mmio} met a reserved bit (RSVD): KVM's mark for the memory of devices \
    that are emulated (MMIO).";

/// `vmx_exec_control()`, `init_vmcb()`; `kvm_set_cr3()`, `kvm_mmu_new_pgd()`.
pub const CR3: &str = "Under {tdp} the guest loads CR3 by itself. Without, what it loads is not \
    what the processor may use: KVM finds the shadow of those page tables, or begins one. {before} \
    exits became {after}.";

/// As CR3; `kvm_mmu_invlpg()`.
pub const INVLPG: &str =
    "The guest has changed a page table and drops one translation. Under {tdp} \
    the processor does that alone; under shadow paging KVM has a copy of that entry to drop, so \
    that it exits: {before} became {after}.";

/// `kvm_handle_invpcid()`.
pub const INVPCID: &str =
    "As INVLPG, for the translations of an address space, or of all: KVM has \
    to bring its shadow page tables up to date. {before} exits became {after}.";

/// What goes by the clock.
pub const LONGER: &str =
    "The run took {longer} times as long under shadow paging, and what goes by \
    the clock came more often with it: {before} became {after}.";

/// The guest's timer.
pub const DEADLINES: &str =
    "Over all of the guest's life, {deadlines_before} writes under {tdp} and \
    {deadlines} without set the guest's timer (TSC_DEADLINE).";

/// Interrupts that had to wait: `kvm_check_and_inject_events()`, `vmx_enable_irq_window()`,
/// `svm_enable_irq_window()`.
pub const WINDOW: &str = "KVM has an interrupt for the guest, which takes none just then: this is \
    the exit as soon as it does.";

/// Why that can be more often.
pub const LONGER_WINDOW: &str =
    "Under shadow paging the guest's stretches without interrupts last \
    longer, since KVM's work at the exits in them comes on top, and more becomes due meanwhile: \
    {before} became {after}.";

/// Interrupts of the host.
pub const HOSTS: &str = "The host's own: its timer and its devices, while the guest ran. Paging \
    does not choose how many: {before} and {after}.";

/// CPUID, I/O, MSRs.
pub const ALWAYS: &str =
    "An exit whatever the paging, as often as the guest's code has it: {before} \
    and {after}.";

/// The guest waits.
pub const WAITS: &str =
    "The guest waits: a matter of its work and of time, not of paging: {before} \
    and {after}.";
