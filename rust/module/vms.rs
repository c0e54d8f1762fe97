// SPDX-License-Identifier: GPL-2.0

//! The VMs' view: a table per vCPU; a VM is the sum over its vCPUs.

use crate::{
    acct::{
        cell::Values,
        snapshot::COMM,
        table::{Reading, Table}, //
    },
    bindings::kvm_exit_hook_vcpu,
};
use core::{
    iter, ptr,
    sync::atomic::{
        AtomicBool,
        AtomicPtr,
        Ordering::{Acquire, Relaxed, Release}, //
    },
};
use kernel::{
    alloc::KVBox,
    prelude::*,
    sync::{global_lock, Arc}, //
};
use pin_init::Zeroable;

// SAFETY: `AtomicU64`s only, for which all bits zero is the value 0.
unsafe impl Zeroable for Table {}
// SAFETY: `u64`s only.
unsafe impl Zeroable for Reading {}

/// One VM that has vCPUs.
pub(crate) struct Vm {
    /// The address of its `struct kvm`: tells VMs apart, is never dereferenced.
    key: usize,
    /// Pid of the task that created it, in the initial namespace.
    pub(crate) pid: u32,
    /// That task's name.
    pub(crate) comm: [u8; COMM],
    /// What had been counted when this period began. Its own vCPUs read it without a lock; it is
    /// written under that of the period.
    baseline: Table,
    /// Whether one of its vCPUs is gone already, so that the sum over the others says nothing.
    dying: AtomicBool,
    /// Its vCPUs, newest first. It grows while the VM runs and shrinks only when none of its
    /// vCPUs can run any more, so a vCPU may walk its own VM's list without a lock.
    vcpus: AtomicPtr<Vcpu>,
}

/// One vCPU's counts, written by its own thread only.
pub(crate) struct Vcpu {
    /// First, because every exit goes here.
    pub(crate) table: Table,
    next: AtomicPtr<Vcpu>,
    vm: Arc<Vm>,
    /// The view that the guest has latched on this vCPU, or null.
    latched: AtomicPtr<Reading>,
}

global_lock! {
    /// All VMs; who holds it may walk the lists of their vCPUs.
    unsafe(uninit) static VMS: Mutex<KVec<Arc<Vm>>> = KVec::new();
}

/// Makes the list of VMs usable.
pub(crate) fn init() {
    // SAFETY: Called once, when the module is loaded, before anything else in this file.
    unsafe { VMS.init() };
}

impl Vm {
    fn new(key: usize, info: &kvm_exit_hook_vcpu) -> Result<Arc<Self>> {
        Arc::init(
            pin_init::init!(Self {
                key,
                // A pid is not negative.
                pid: info.pid as u32,
                comm: info.comm,
                baseline <- pin_init::init_zeroed(),
                dying: AtomicBool::new(false),
                vcpus: AtomicPtr::new(ptr::null_mut()),
            }),
            GFP_KERNEL,
        )
    }

    fn vcpus(&self) -> impl Iterator<Item = &Vcpu> {
        let next = |pointer: &AtomicPtr<Vcpu>| {
            // SAFETY: Null, or a box that `Vcpu::destroy` frees, which unlinks it first, under the
            // lock that host readers hold, and when no vCPU of this VM can run.
            unsafe { pointer.load(Acquire).as_ref() }
        };
        iter::successors(next(&self.vcpus), move |vcpu| next(&vcpu.next))
    }

    /// One cell of this period, over all vCPUs.
    pub(crate) fn read(&self, index: usize) -> Values {
        self.baseline.since(index, || {
            self.vcpus().fold(Values::default(), |sum, vcpu| {
                sum.plus(&vcpu.table.read(index))
            })
        })
    }

    /// How many vCPUs it has.
    pub(crate) fn vcpu_count(&self) -> u32 {
        self.vcpus().fold(0, |count, _| count + 1)
    }

    /// Its task's name, as text.
    pub(crate) fn name(&self) -> &str {
        let bytes = self.comm.split(|&byte| byte == 0).next().unwrap_or(&[]);
        core::str::from_utf8(bytes).unwrap_or("?")
    }

    fn add_to(&self, sum: &mut Reading) {
        self.vcpus().for_each(|vcpu| vcpu.table.add_to(sum));
    }
}

/// Runs `f` on every VM, with its counts of this period. Only under the period's lock.
pub(crate) fn for_each(mut f: impl FnMut(&Vm, &Reading) -> Result) -> Result {
    let mut reading = KVBox::<Reading>::zeroed(GFP_KERNEL)?;
    for vm in VMS.lock().iter().filter(|vm| !vm.dying.load(Relaxed)) {
        reading.clear();
        vm.add_to(&mut reading);
        reading.subtract(&vm.baseline);
        f(vm, &reading)?;
    }
    Ok(())
}

/// Begins a new period for every VM. Only under the period's lock.
pub(crate) fn begin() -> Result {
    let mut reading = KVBox::<Reading>::zeroed(GFP_KERNEL)?;
    for vm in VMS.lock().iter() {
        reading.clear();
        vm.add_to(&mut reading);
        vm.baseline.set(&reading);
    }
    Ok(())
}

impl Vcpu {
    /// Makes the table of the vCPU `info` and adds it to its VM.
    pub(crate) fn create(info: &kvm_exit_hook_vcpu) -> Result<*mut Self> {
        let mut vms = VMS.lock();
        vms.reserve(1, GFP_KERNEL)?;
        let key = info.vm.addr();
        let known = vms.iter().find(|vm| vm.key == key).cloned();
        let vm = match &known {
            Some(vm) => vm.clone(),
            None => Vm::new(key, info)?,
        };
        let next = vm.vcpus.load(Relaxed);
        let owner = vm.clone();
        let vcpu = KVBox::init(
            pin_init::init!(Self {
                table <- pin_init::init_zeroed(),
                next: AtomicPtr::new(next),
                vm: owner,
                latched: AtomicPtr::new(ptr::null_mut()),
            }),
            GFP_KERNEL,
        )?;
        let vcpu = KVBox::into_raw(vcpu);
        // Pairs with the Acquire in `vcpus`: who finds the vCPU finds its table zeroed.
        vm.vcpus.store(vcpu, Release);
        if known.is_none() {
            // Cannot fail: the room was reserved above.
            let _ = vms.push_within_capacity(vm);
        }
        Ok(vcpu)
    }

    /// Takes the vCPU out of its VM and frees it; the last one takes the VM along.
    ///
    /// # Safety
    ///
    /// `vcpu` is from [`Vcpu::create`], is not used any more, and no vCPU of its VM is in a hook.
    pub(crate) unsafe fn destroy(vcpu: *mut Self) {
        let mut vms = VMS.lock();
        // SAFETY: It was made by `KVBox::into_raw` and is given back once, here.
        let vcpu = unsafe { KVBox::from_raw(vcpu) };
        vcpu.release();
        vcpu.vm.dying.store(true, Relaxed);

        let this = ptr::from_ref(&*vcpu).cast_mut();
        let next = vcpu.next.load(Relaxed);
        if vcpu.vm.vcpus.load(Relaxed) == this {
            vcpu.vm.vcpus.store(next, Relaxed);
        } else if let Some(before) = vcpu.vm.vcpus().find(|v| v.next.load(Relaxed) == this) {
            before.next.store(next, Relaxed);
        }
        if vcpu.vm.vcpus.load(Relaxed).is_null() {
            vms.retain(|vm| vm.key != vcpu.vm.key);
        }
    }

    /// The VM it belongs to.
    pub(crate) fn vm(&self) -> &Vm {
        &self.vm
    }

    /// The view that the guest has latched on this vCPU.
    ///
    /// The result may not be used past the next [`Vcpu::latch`] or [`Vcpu::release`], which the
    /// vCPU's own thread calls, as it does this.
    pub(crate) fn latched(&self) -> Option<&Reading> {
        // SAFETY: Null, or from `KBox::into_raw` and not freed yet; only this thread frees it.
        unsafe { self.latched.load(Relaxed).as_ref() }
    }

    /// Latches `view`.
    pub(crate) fn latch(&self, view: KBox<Reading>) {
        self.release();
        self.latched.store(KBox::into_raw(view), Relaxed);
    }

    /// Releases what is latched, if anything is.
    pub(crate) fn release(&self) {
        let view = self.latched.swap(ptr::null_mut(), Relaxed);
        if !view.is_null() {
            // SAFETY: From `KBox::into_raw` in `latch`, and taken out, so freed once.
            drop(unsafe { KBox::from_raw(view) });
        }
    }
}
