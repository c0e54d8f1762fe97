// SPDX-License-Identifier: GPL-2.0

//! The period of counting: what begins and ends it, and what the host may read of it.
//!
//! All that the host reads or resets goes through the one lock here. The hooks read beside it and
//! learn from a sequence number that a new period began meanwhile; only then they wait for the lock.

use crate::{
    acct::{
        detail::Booked,
        histogram::Buckets,
        leaves::paging,
        reasons::Isa,
        sequence::Sequence,
        table::Reading, //
    },
    bindings::kvm_exit_hook_vendor,
    generation,
    host::Tables,
    vms,
};
use core::sync::atomic::{AtomicU32, Ordering};
use kernel::{
    alloc::KVBox,
    prelude::*,
    sync::{
        atomic::{Atomic, Relaxed},
        global_lock, //
    },
};

/// Of what begins with a period: the baselines, the generation and the paging state.
static SEQUENCE: Sequence = Sequence::new();

/// Moves when counting starts anew: on a reset, and when a vendor module has been loaded.
static GENERATION: Atomic<u32> = Atomic::new(0);

/// Bits of `acct::leaves::paging`. `core`'s atomic, because exits read it, and a load of the kernel's
/// is a call of a C function.
static PAGING: AtomicU32 = AtomicU32::new(0);

/// What the lock protects.
pub(crate) struct Period {
    tables: Option<Tables>,
    /// The vendor module's reasons with a handler, a bit each; `None` while it is not loaded.
    handled: Option<[u64; 17]>,
}

global_lock! {
    unsafe(uninit) static PERIOD: Mutex<Period> = Period { tables: None, handled: None };
}

/// Keeps the tables while it lives.
pub(crate) struct Counting(());

impl Counting {
    /// Allocates the tables and makes this file's lock usable.
    ///
    /// # Safety
    ///
    /// To be called once, before anything else in this file, and before a hook is registered.
    pub(crate) unsafe fn start() -> Result<Self> {
        // SAFETY: By this function's requirement.
        unsafe { PERIOD.init() };
        // SAFETY: As above.
        PERIOD.lock().tables = Some(unsafe { Tables::new() }?);
        GENERATION.store(generation::first(), Relaxed);
        Ok(Self(()))
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        PERIOD.lock().tables = None;
        generation::wait_until_past(generation());
    }
}

/// Runs `f` on the period, which does not end meanwhile.
pub(crate) fn with<R>(f: impl FnOnce(&Period) -> R) -> R {
    f(&PERIOD.lock())
}

/// What `read` returns, all of it of one period: for the hooks, which may sleep.
pub(crate) fn consistent<R>(mut read: impl FnMut() -> R) -> R {
    loop {
        if let Some(value) = SEQUENCE.read(&mut read) {
            return value;
        }
        // Until the new period has begun; at most some 15 of them begin in a second.
        drop(PERIOD.lock());
    }
}

/// Begins a new period with the paging state that there is: a reset.
pub(crate) fn reset() {
    PERIOD.lock().begin(paging());
}

/// Makes room for what exits are about, or, when no exit looks for it any more, takes it away.
pub(crate) fn keep_detail(on: bool) -> Result {
    let mut period = PERIOD.lock();
    let tables = period.tables.as_mut().ok_or(ENODEV)?;
    tables.keep_detail(on, isa())
}

/// A vendor module has come: begins a new period.
pub(crate) fn vendor_came(vendor: &kvm_exit_hook_vendor) {
    let mut period = PERIOD.lock();
    period.begin(vendor.paging);
    period.handled = Some(vendor.handled);
    if let Some(tables) = &mut period.tables {
        tables.set_isa(isa());
    }
}

/// The vendor module goes. The paging state stays: it is that of the counts, until others begin.
pub(crate) fn vendor_goes() {
    PERIOD.lock().handled = None;
}

impl Period {
    /// Needs no memory, so that it is done wholly or not at all.
    fn begin(&mut self, paging: u32) {
        let next = generation().wrapping_add(1);
        generation::wait_until(next);
        SEQUENCE.begin();
        if let Some(tables) = &mut self.tables {
            vms::begin(tables.begin());
        }
        GENERATION.store(next, Relaxed);
        PAGING.store(paging, Ordering::Relaxed);
        SEQUENCE.end();
    }

    /// What has been counted, over all CPUs.
    pub(crate) fn reading(&self) -> Result<KVBox<Reading>> {
        self.tables.as_ref().ok_or(ENODEV)?.reading()
    }

    /// The histogram of the cell `index`, over all CPUs.
    pub(crate) fn buckets(&self, index: usize) -> Buckets {
        let tables = self.tables.as_ref();
        tables.map(|t| t.buckets(index)).unwrap_or_default()
    }

    /// Calls `row` for each key that a CPU has counted: reason, key, numbers.
    pub(crate) fn for_each_key(&self, row: impl FnMut(u32, u64, Booked) -> Result) -> Result {
        self.tables.as_ref().ok_or(ENODEV)?.for_each_key(row)
    }

    /// Whether a vendor module is loaded.
    pub(crate) fn has_vendor(&self) -> bool {
        self.handled.is_some()
    }

    /// Whether the running KVM has a handler for `reason`.
    pub(crate) fn is_handled(&self, reason: u32) -> bool {
        let (word, bit) = (reason / u64::BITS, reason % u64::BITS);
        self.handled
            .and_then(|handled| handled.get(word as usize).copied())
            .is_some_and(|word| (word >> bit) & 1 != 0)
    }
}

pub(crate) fn generation() -> u32 {
    GENERATION.load(Relaxed)
}

#[inline(always)]
pub(crate) fn paging() -> u32 {
    PAGING.load(Ordering::Relaxed)
}

#[inline(always)]
pub(crate) fn isa() -> Isa {
    if paging() & paging::SVM != 0 {
        Isa::Svm
    } else {
        Isa::Vmx
    }
}
