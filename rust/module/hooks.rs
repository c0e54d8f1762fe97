// SPDX-License-Identifier: GPL-2.0

//! The boundary to KVM: the table of hooks, and their registration.

use crate::{
    acct::snapshot::measures::{DETAIL, TIME},
    bindings::{
        kvm_exit_hook_cpuid,
        kvm_exit_hook_vcpu,
        kvm_exit_hook_vendor,
        kvm_exit_hooks,
        KVM_EXIT_HOOKS_VERSION, //
    },
    compat, cpuid, dump,
    exits::{exit, exit_l2, state},
    host,
    period::{self, Period},
    vms::Vcpu,
};
use core::{
    arch::x86_64::__cpuid,
    mem,
    ptr, //
};
use kernel::{
    bindings,
    ffi::{c_int, c_uint, c_void},
    pr_warn_once,
    prelude::*, //
};

type Register = unsafe extern "C" fn(*const kvm_exit_hooks) -> c_int;
type Unregister = unsafe extern "C" fn();
type ChangeHooks = Register;

// Found by name and not linked, so that a kvm.ko without the hooks gets a sentence and not just
// "Unknown symbol".
const REGISTER: &CStr = c"kvm_exit_hooks_register";
const UNREGISTER: &CStr = c"kvm_exit_hooks_unregister";
const CHANGE: &CStr = c"kvm_exit_hooks_change";

/// A symbol of another module, which stays loaded as long as this lives.
struct Symbol(&'static CStr, ptr::NonNull<c_void>);

// SAFETY: The address of code, which any thread may take and call.
unsafe impl Send for Symbol {}
// SAFETY: As above.
unsafe impl Sync for Symbol {}

impl Symbol {
    fn get(name: &'static CStr) -> Option<Self> {
        // SAFETY: `name` is a NUL-terminated string.
        let address = unsafe { bindings::__symbol_get(name.as_char_ptr()) };
        Some(Self(name, ptr::NonNull::new(address)?))
    }
}

impl Drop for Symbol {
    fn drop(&mut self) {
        // SAFETY: `__symbol_get` returned an address for this name.
        unsafe { bindings::__symbol_put(self.0.as_char_ptr()) };
    }
}

/// The registered hooks.
pub(crate) struct Registration {
    _register: Symbol,
    unregister: Symbol,
}

/// A pointer to C's view of constant data, which threads may share.
struct Shared(kvm_exit_hooks);

// SAFETY: Never written; what it points to are functions and the module itself.
unsafe impl Sync for Shared {}

/// The hooks that measure what the bits of `acct::snapshot::measures` say: each exit goes to code
/// that has no branch for what is off.
static HOOKS: [Shared; 4] = [
    hooks_of::<false, false>(),
    hooks_of::<true, false>(),
    hooks_of::<false, true>(),
    hooks_of::<true, true>(),
];

const _: () = assert!(TIME == 1 && DETAIL == 2);

const fn hooks_of<const TIMED: bool, const DETAILED: bool>() -> Shared {
    Shared(kvm_exit_hooks {
        version: KVM_EXIT_HOOKS_VERSION,
        owner: compat::this_module().cast(),
        vendor: Some(vendor),
        vcpu_create: Some(vcpu_create),
        vcpu_destroy: Some(vcpu_destroy),
        cpu: Some(cpu_table),
        exit: Some(exit::<TIMED, DETAILED>),
        exit_l2: Some(exit_l2::<TIMED, DETAILED>),
        cpuid: Some(cpuid_hook),
        vcpu_reset: Some(vcpu_reset),
        state: if TIMED { Some(state) } else { None },
        detail: DETAILED as c_int,
    })
}

/// Has other hooks called: those that measure what `measures` says. None of the former runs any
/// more when this returns. Only while hooks are registered.
pub(crate) fn change(measures: u32) -> Result {
    let hooks = HOOKS.get(measures as usize).ok_or(EINVAL)?;
    let change = Symbol::get(CHANGE).ok_or(ENODEV)?;
    // SAFETY: The symbol of this name has this type, in the header the bindings come from.
    let call = unsafe { mem::transmute::<*mut c_void, ChangeHooks>(change.1.as_ptr()) };
    // SAFETY: The table is static, and differs from the registered one in what may differ.
    kernel::error::to_result(unsafe { call(&hooks.0) })
}

impl Registration {
    /// Registers the hooks; from here on every exit is counted.
    pub(crate) fn new(_counting: &period::Counting) -> Result<Self> {
        let (Some(register), Some(unregister)) = (Symbol::get(REGISTER), Symbol::get(UNREGISTER))
        else {
            pr_err!(
                "no kvm.ko with exit hooks (kvm_exit_hooks_register) is loaded: \
                 build it with the series in patches/ and load it first\n"
            );
            return Err(Error::from_errno(-(bindings::EOPNOTSUPP as c_int)));
        };
        // SAFETY: The symbol of this name has this type, in the header the bindings come from.
        let call = unsafe { mem::transmute::<*mut c_void, Register>(register.1.as_ptr()) };
        // SAFETY: The table is static, and `Drop` unregisters it before its functions go.
        kernel::error::to_result(unsafe { call(&HOOKS[0].0) })?;
        if !period::with(Period::has_vendor) {
            pr_info!("neither kvm-intel nor kvm-amd is loaded: counting starts when one is\n");
        }
        Ok(Self {
            _register: register,
            unregister,
        })
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        // SAFETY: As for `Register` in `new`.
        let call = unsafe { mem::transmute::<*mut c_void, Unregister>(self.unregister.1.as_ptr()) };
        // SAFETY: The hooks were registered in `new`.
        unsafe { call() };
        if period::with(Period::has_vendor) {
            dump::to_log("unload");
        }
    }
}

/// ECX of CPUID `leaf`; 0 where the CPU has no such leaf, for which it might answer with another's.
fn cpuid_ecx(leaf: u32) -> u32 {
    // `__cpuid()` was unsafe before Rust 1.94.
    #[allow(unused_unsafe)]
    // SAFETY: Every x86-64 processor has CPUID, and the first leaf of each range.
    let (highest, answer) = unsafe { (__cpuid(leaf & 0x8000_0000).eax, __cpuid(leaf)) };
    if leaf <= highest {
        answer.ecx
    } else {
        0
    }
}

/// Refuses a CPU on which there is nothing to count.
pub(crate) fn check_cpu() -> Result {
    // CPUID.1:ECX.VMX[5] (SDM Vol. 3C, 25.6), CPUID.80000001:ECX.SVM[2] (APM Vol. 2, 15.4).
    if cpuid_ecx(0x1) & 1 << 5 != 0 || cpuid_ecx(0x8000_0001) & 1 << 2 != 0 {
        return Ok(());
    }
    pr_err!("this CPU offers neither VMX nor SVM, so KVM runs no guests on it: nothing to count\n");
    Err(ENODEV)
}

/// # Safety
///
/// Only as KVM's `vendor` hook.
unsafe extern "C" fn vendor(vendor: *const kvm_exit_hook_vendor) {
    // SAFETY: KVM passes null, or what lives while the vendor module is loaded.
    match unsafe { vendor.as_ref() } {
        Some(vendor) => period::vendor_came(vendor),
        None => {
            dump::to_log("the vendor module goes");
            period::vendor_goes();
        }
    }
}

/// # Safety
///
/// Only as KVM's `vcpu_create` hook.
unsafe extern "C" fn vcpu_create(info: *const kvm_exit_hook_vcpu) -> *mut c_void {
    // SAFETY: KVM passes a valid pointer.
    match Vcpu::create(unsafe { &*info }) {
        Ok(vcpu) => vcpu,
        Err(_) => {
            // Once: whoever may make VMs can have this at any rate.
            pr_warn_once!("no memory for a vCPU's table: only the host's view has its exits\n");
            ptr::null_mut()
        }
    }
}

/// # Safety
///
/// Only as KVM's `vcpu_destroy` hook.
unsafe extern "C" fn vcpu_destroy(vcpu: *mut c_void) {
    // SAFETY: KVM gives back what `vcpu_create` made, once, when the VM can run no more or, at
    // unregistration, when no hook can be called any more.
    unsafe { Vcpu::destroy(vcpu) };
}

/// # Safety
///
/// Only as KVM's `cpu` hook.
unsafe extern "C" fn cpu_table(cpu: c_uint) -> *mut c_void {
    // SAFETY: This is a hook.
    unsafe { host::table_of(cpu) }.cast_mut().cast()
}

/// # Safety
///
/// Only as KVM's `cpuid` hook.
unsafe extern "C" fn cpuid_hook(vcpu: *mut c_void, query: *mut kvm_exit_hook_cpuid) -> c_int {
    // SAFETY: KVM passes a valid pointer that nothing else uses meanwhile.
    let query = unsafe { &mut *query };
    // SAFETY: As in `exit`.
    let Some(vcpu) = (unsafe { vcpu.cast::<Vcpu>().as_ref() }) else {
        return 0;
    };
    // SAFETY: This is the CPUID hook, on the vCPU's own thread.
    let Some(answer) = (unsafe { cpuid::answer(vcpu, query) }) else {
        return 0;
    };
    query.eax = answer.eax;
    query.ebx = answer.ebx;
    query.ecx = answer.ecx;
    query.edx = answer.edx;
    1
}

/// # Safety
///
/// Only as KVM's `vcpu_reset` hook.
unsafe extern "C" fn vcpu_reset(vcpu: *mut c_void) {
    // SAFETY: What `vcpu_create` returned, and not null.
    unsafe { &*vcpu.cast::<Vcpu>() }.reset();
}
