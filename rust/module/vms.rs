// SPDX-License-Identifier: GPL-2.0

//! The VMs' view: a table per vCPU; a VM is the sum over its vCPUs.

use crate::{
    acct::{
        clock::{Clock, Stamps},
        snapshot::{self, COMM},
        table::{Reading, Table},
        times::{Times, TimesCell},
        view::{Sum, View}, //
    },
    bindings::{kvm_exit_hook_notes, kvm_exit_hook_vcpu},
    latch::{Frozen, Latch},
    tsc,
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
    ffi::c_void,
    prelude::*,
    str::BStr,
    sync::{atomic, global_lock, new_mutex, Arc, Mutex},
    types::ForeignOwnable, //
};
use pin_init::Zeroable;

// SAFETY: `AtomicU64`s only, for which all bits zero is the value 0.
unsafe impl Zeroable for Table {}
// SAFETY: `u64`s only.
unsafe impl Zeroable for Reading {}
// SAFETY: As for `Table`.
unsafe impl Zeroable for Clock {}
// SAFETY: As for `Table`.
unsafe impl Zeroable for TimesCell {}

/// One VM that has vCPUs.
pub(crate) struct Vm {
    /// The address of its `struct kvm`: tells VMs apart, is never dereferenced.
    key: usize,
    /// Pid of the process that has it, in the initial namespace; 0 if that is gone.
    pub(crate) pid: u32,
    /// That process's name.
    comm: [u8; COMM],
    /// What had been counted when this period began. Its own vCPUs read it without a lock; it is
    /// written under that of the period, within its sequence.
    baseline: Table,
    /// Whether one of its vCPUs is gone already, so that the sum over the others says nothing.
    dying: AtomicBool,
    /// How often one of its vCPUs has been reset.
    resets: atomic::Atomic<u32>,
    /// Its vCPUs, newest first. It grows while the VM runs and shrinks only when none of its
    /// vCPUs can run any more, so a vCPU may walk its own VM's list without a lock.
    vcpus: AtomicPtr<Vcpu>,
}

/// One vCPU's counts, written by its own thread only.
#[pin_data]
pub(crate) struct Vcpu {
    /// First, because every exit goes here.
    pub(crate) table: Table,
    /// Where its time goes.
    pub(crate) clock: Clock,
    /// What KVM notes of it.
    pub(crate) notes: Notes,
    /// Its time when this period began; as its VM's baseline.
    time_baseline: TimesCell,
    /// Its number in its VM.
    index: u32,
    next: AtomicPtr<Vcpu>,
    vm: Arc<Vm>,
    /// What the guest keeps on this vCPU. Only the vCPU's own thread takes the lock.
    #[pin]
    latch: Mutex<Latch>,
}

/// KVM's notes of a vCPU, which are there until that is destroyed.
pub(crate) struct Notes(*const kvm_exit_hook_notes);

// SAFETY: Read word by word, beside KVM, which writes it so.
unsafe impl Send for Notes {}
// SAFETY: As above.
unsafe impl Sync for Notes {}

impl Notes {
    /// The stamps now.
    #[inline(always)]
    pub(crate) fn stamps(&self) -> Stamps {
        // In this order: an exit whose entry was not seen would be taken for one that KVM made up.
        // SAFETY: Aligned words of what outlives `self`.
        unsafe {
            let start = ptr::read_volatile(&raw const (*self.0).start);
            let entered = ptr::read_volatile(&raw const (*self.0).entered) as i64;
            Stamps { entered, start }
        }
    }

    /// All of it, on the vCPU's own thread.
    ///
    /// # Safety
    ///
    /// Only in a hook of this vCPU.
    #[inline(always)]
    pub(crate) unsafe fn own(&self) -> &kvm_exit_hook_notes {
        // SAFETY: This thread is the one that writes, and it is here.
        unsafe { &*self.0 }
    }
}

/// What the lock protects.
struct Vms {
    list: KVec<Arc<Vm>>,
    /// The time of vCPUs that went in this period.
    gone: Times,
}

global_lock! {
    /// All VMs; who holds it may walk the lists of their vCPUs.
    unsafe(uninit) static VMS: Mutex<Vms> = Vms { list: KVec::new(), gone: Times::ZERO };
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
                resets: atomic::Atomic::new(0),
                vcpus: AtomicPtr::new(ptr::null_mut()),
            }),
            GFP_KERNEL_ACCOUNT,
        )
    }

    fn vcpus(&self) -> impl Iterator<Item = &Vcpu> + Clone {
        let next = |pointer: &AtomicPtr<Vcpu>| {
            // SAFETY: Null, or a box that `Vcpu::destroy` frees, which unlinks it first, under the
            // lock that host readers hold, and when no vCPU of this VM can run.
            unsafe { pointer.load(Acquire).as_ref() }
        };
        iter::successors(next(&self.vcpus), move |vcpu| next(&vcpu.next))
    }

    /// This period's counts, over all vCPUs.
    pub(crate) fn view(&self) -> Sum<'_, impl Iterator<Item = &Table> + Clone> {
        Sum::new(self.vcpus().map(|vcpu| &vcpu.table), &self.baseline)
    }

    /// This period's time, of all vCPUs.
    pub(crate) fn times(&self) -> Times {
        self.vcpus()
            .fold(Times::ZERO, |sum, vcpu| sum.plus(&vcpu.times()))
    }

    /// Each of its vCPUs, the newest first: index and time.
    pub(crate) fn vcpu_times(&self) -> impl Iterator<Item = (u32, Times)> + '_ {
        self.vcpus().map(|vcpu| (vcpu.index, vcpu.times()))
    }

    /// How often one of its vCPUs has been reset: whoever runs there now may be somebody else.
    pub(crate) fn resets(&self) -> u32 {
        self.resets.load(atomic::Relaxed)
    }

    /// What a snapshot says of it.
    pub(crate) fn header(&self) -> snapshot::Vm {
        snapshot::Vm {
            pid: self.pid,
            vcpus: self.vcpu_count(),
            comm: self.comm,
        }
    }

    /// How many vCPUs it has.
    pub(crate) fn vcpu_count(&self) -> u32 {
        self.vcpus().fold(0, |count, _| count + 1)
    }

    /// Its process's name, which it chose itself: shown with what is not printable escaped.
    pub(crate) fn name(&self) -> &BStr {
        let name = self.comm.split(|&byte| byte == 0).next();
        BStr::from_bytes(name.unwrap_or_default())
    }
}

/// Runs `f` on every VM, with its counts of this period. Only under the period's lock.
pub(crate) fn for_each(mut f: impl FnMut(&Vm, &Reading) -> Result) -> Result {
    let mut reading = KVBox::<Reading>::zeroed(GFP_KERNEL)?;
    let vms = VMS.lock();
    for vm in vms.list.iter().filter(|vm| !vm.dying.load(Relaxed)) {
        vm.view().read_into(&mut reading);
        f(vm, &reading)?;
    }
    Ok(())
}

/// Begins a new period for every VM, with `scratch` to work in. Only under the period's lock.
pub(crate) fn begin(scratch: &mut Reading) {
    let mut vms = VMS.lock();
    for vm in &vms.list {
        vm.view().read_since_load_into(scratch);
        vm.baseline.set(scratch);
        for vcpu in vm.vcpus() {
            vcpu.time_baseline.set(&vcpu.times_since_load());
        }
    }
    vms.gone = Times::ZERO;
}

/// This period's time of all vCPUs, those that are gone included. Only under the period's lock.
pub(crate) fn times() -> Times {
    let vms = VMS.lock();
    let there = vms.list.iter().map(|vm| vm.times());
    there.fold(vms.gone, |sum, times| sum.plus(&times))
}

/// Stops the clocks of all vCPUs. Only while no hook moves them.
pub(crate) fn stop_clocks() {
    for vm in &VMS.lock().list {
        vm.vcpus().for_each(Vcpu::stop_clock);
    }
}

impl Vcpu {
    /// Makes the table of the vCPU `info` and adds it to its VM.
    pub(crate) fn create(info: &kvm_exit_hook_vcpu) -> Result<*mut c_void> {
        let mut vms = VMS.lock();
        vms.list.reserve(1, GFP_KERNEL)?;
        let key = info.vm.addr();
        let known = vms.list.iter().find(|vm| vm.key == key).cloned();
        let vm = match &known {
            Some(vm) => vm.clone(),
            None => Vm::new(key, info)?,
        };
        let next = vm.vcpus.load(Relaxed);
        let owner = vm.clone();
        let vcpu = KVBox::pin_init(
            pin_init!(Self {
                table <- pin_init::init_zeroed(),
                clock <- pin_init::init_zeroed(),
                notes: Notes(info.notes),
                time_baseline <- pin_init::init_zeroed(),
                index: info.index,
                next: AtomicPtr::new(next),
                vm: owner,
                latch <- new_mutex!(Latch::new()),
            }),
            GFP_KERNEL_ACCOUNT,
        )?;
        vcpu.stop_clock();
        let vcpu = vcpu.into_foreign();
        // Pairs with the Acquire in `vcpus`: who finds the vCPU finds its table zeroed.
        vm.vcpus.store(vcpu.cast(), Release);
        if known.is_none() {
            // Cannot fail: the room was reserved above.
            let _ = vms.list.push_within_capacity(vm);
        }
        Ok(vcpu)
    }

    /// Takes the vCPU out of its VM and frees it; the last one takes the VM along.
    ///
    /// # Safety
    ///
    /// `vcpu` is from [`Vcpu::create`], is not used any more, and no vCPU of its VM is in a hook.
    pub(crate) unsafe fn destroy(vcpu: *mut c_void) {
        let mut vms = VMS.lock();
        // SAFETY: It was made by `into_foreign` and is given back once, here.
        let vcpu = unsafe { Pin::<KVBox<Self>>::from_foreign(vcpu) };
        vcpu.vm.dying.store(true, Relaxed);
        vms.gone = vms.gone.plus(&vcpu.times());

        let this = ptr::from_ref(&*vcpu).cast_mut();
        let next = vcpu.next.load(Relaxed);
        if vcpu.vm.vcpus.load(Relaxed) == this {
            vcpu.vm.vcpus.store(next, Relaxed);
        } else if let Some(before) = vcpu.vm.vcpus().find(|v| v.next.load(Relaxed) == this) {
            before.next.store(next, Relaxed);
        }
        if vcpu.vm.vcpus.load(Relaxed).is_null() {
            vms.list.retain(|vm| vm.key != vcpu.vm.key);
        }
    }

    /// This period's time.
    pub(crate) fn times(&self) -> Times {
        self.times_since_load().since(&self.time_baseline.get())
    }

    fn times_since_load(&self) -> Times {
        self.clock.read(|| self.notes.stamps(), tsc::now)
    }

    fn stop_clock(&self) {
        self.clock.stop(|| self.notes.stamps(), tsc::now);
    }

    /// The VM it belongs to.
    pub(crate) fn vm(&self) -> &Vm {
        &self.vm
    }

    /// It starts again, and with it perhaps all of its VM: what was latched there is so no more.
    pub(crate) fn reset(&self) {
        self.vm.resets.fetch_add(1, atomic::Relaxed);
    }

    /// Calls `f` with the view that the guest has latched on this vCPU, if it has.
    pub(crate) fn with_latched<R>(&self, f: impl FnOnce(Option<&Frozen>) -> R) -> R {
        f(self.latch.lock().get(self.vm.resets()))
    }

    /// Latches what `fill` writes; [`ENOMEM`] where there is no room for it.
    pub(crate) fn latch(&self, fill: impl FnOnce(&mut Frozen)) -> Result {
        self.latch.lock().set(self.vm.resets(), fill)
    }

    /// Releases what is latched, if anything is.
    pub(crate) fn release(&self) {
        self.latch.lock().release();
    }
}
