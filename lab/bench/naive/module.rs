// SPDX-License-Identifier: GPL-2.0

//! `kvm_exit_naive`: what one would write first. For `make bench` only.
//!
//! In the same hook as `kvm_exit_stats`: a count and a sum of cycles per reason, shared by all
//! CPUs, each added to by an instruction with a `lock` prefix. No VMs, no levels, no histograms,
//! and nothing reads it.

use core::{
    ptr,
    sync::atomic::{
        AtomicU64,
        Ordering::Relaxed, //
    },
};
#[path = "../../../rust/module/compat.rs"]
mod compat;

use kernel::{
    ffi::{c_int, c_uint, c_ulonglong, c_void},
    prelude::*, //
};

/// `include/linux/kvm_exit_hooks.h` of the patched kernel.
#[allow(
    dead_code,
    missing_docs,
    non_camel_case_types,
    non_upper_case_globals,
    unreachable_pub,
    clippy::all,
    reason = "bindgen's output"
)]
mod bindings {
    include!(env!("KVM_EXIT_HOOKS_BINDINGS"));
}
use bindings::{
    kvm_exit_hook_cpuid,
    kvm_exit_hook_vcpu,
    kvm_exit_hook_vendor,
    kvm_exit_hooks,
    KVM_EXIT_HOOKS_VERSION, //
};

module! {
    type: Naive,
    name: "kvm_exit_naive",
    authors: ["The kvm-exit-stats authors"],
    description: "Counts and times KVM's VM exits the obvious way",
    license: "GPL",
}

/// To the highest of SVM's.
const REASONS: usize = 0x404;

struct Pair {
    count: AtomicU64,
    cycles: AtomicU64,
}

static PAIRS: [Pair; REASONS] = [const {
    Pair {
        count: AtomicU64::new(0),
        cycles: AtomicU64::new(0),
    }
}; REASONS];

fn book(reason: u32, cycles: u64) {
    if let Some(pair) = PAIRS.get((reason & 0xffff) as usize) {
        pair.count.fetch_add(1, Relaxed);
        pair.cycles.fetch_add(cycles, Relaxed);
    }
}

extern "C" fn exit(_: *mut c_void, _: *mut c_void, reason: c_uint, cycles: c_ulonglong) {
    book(reason, cycles);
}

extern "C" fn exit_l2(
    _: *mut c_void,
    _: *mut c_void,
    reason: c_uint,
    cycles: c_ulonglong,
    _: c_int,
) {
    book(reason, cycles);
}

// KVM calls the rest, too, whether there is anything to do or not.

extern "C" fn vendor(_: *const kvm_exit_hook_vendor) {}

extern "C" fn vcpu_create(_: *const kvm_exit_hook_vcpu) -> *mut c_void {
    ptr::null_mut()
}

extern "C" fn vcpu_destroy(_: *mut c_void) {}

extern "C" fn cpu(_: c_uint) -> *mut c_void {
    ptr::null_mut()
}

extern "C" fn cpuid(_: *mut c_void, _: *mut kvm_exit_hook_cpuid) -> c_int {
    0
}

extern "C" fn vcpu_reset(_: *mut c_void) {}

/// A pointer to C's view of constant data, which threads may share.
struct Shared(kvm_exit_hooks);

// SAFETY: Never written; what it points to are functions and the module itself.
unsafe impl Sync for Shared {}

static HOOKS: Shared = Shared(kvm_exit_hooks {
    version: KVM_EXIT_HOOKS_VERSION,
    owner: compat::this_module().cast(),
    vendor: Some(vendor),
    vcpu_create: Some(vcpu_create),
    vcpu_destroy: Some(vcpu_destroy),
    cpu: Some(cpu),
    exit: Some(exit),
    exit_l2: Some(exit_l2),
    cpuid: Some(cpuid),
    vcpu_reset: Some(vcpu_reset),
    // What may be left out is.
    state: None,
    detail: 0,
});

extern "C" {
    fn kvm_exit_hooks_register(hooks: *const kvm_exit_hooks) -> c_int;
    fn kvm_exit_hooks_unregister();
}

struct Naive;

impl kernel::Module for Naive {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        // SAFETY: The table is static, and `Drop` unregisters it before its functions go.
        kernel::error::to_result(unsafe { kvm_exit_hooks_register(&HOOKS.0) })?;
        Ok(Self)
    }
}

impl Drop for Naive {
    fn drop(&mut self) {
        // SAFETY: The hooks were registered in `init`.
        unsafe { kvm_exit_hooks_unregister() };
    }
}
