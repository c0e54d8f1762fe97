// SPDX-License-Identifier: GPL-2.0

//! A view that a guest has latched on one of its vCPUs, to read it leaf by leaf.

use crate::acct::{
    leaves::Whose,
    table::Reading,
    times::Times, //
};
use kernel::{alloc::KVBox, prelude::*};
use pin_init::Zeroable;

/// The view, and what INFO says of it.
pub(crate) struct Frozen {
    pub(crate) reading: Reading,
    pub(crate) vcpu: Times,
    pub(crate) vm: Times,
    pub(crate) generation: u32,
    pub(crate) paging: u32,
}

// SAFETY: Integers only.
unsafe impl Zeroable for Frozen {}

impl Frozen {
    /// The time that [`crate::acct::leaves::TIME`] is about.
    pub(crate) fn times(&self, whose: Whose) -> Times {
        match whose {
            Whose::Vcpu => self.vcpu,
            Whose::Vm => self.vm,
        }
    }
}

/// What one vCPU has latched. Its room stays once it was needed: a guest may latch at any rate.
pub(crate) struct Latch {
    room: Option<KVBox<Frozen>>,
    /// While it is latched: how often the VM had been reset by then.
    since: Option<u32>,
}

impl Latch {
    /// Nothing latched, no room yet.
    pub(crate) const fn new() -> Self {
        Self {
            room: None,
            since: None,
        }
    }

    /// What is latched, in a VM that has been reset `resets` times: nothing that is from before.
    pub(crate) fn get(&self, resets: u32) -> Option<&Frozen> {
        let room = self.room.as_deref();
        room.filter(|_| self.since == Some(resets))
    }

    /// Latches what `fill` writes; [`ENOMEM`] where there is no room for it.
    pub(crate) fn set(&mut self, resets: u32, fill: impl FnOnce(&mut Frozen)) -> Result {
        self.release();
        let room = match &mut self.room {
            Some(room) => room,
            // No warning: the guest asks for this, and eax tells it when it failed.
            none => none.insert(KVBox::zeroed(GFP_KERNEL_ACCOUNT | __GFP_NOWARN)?),
        };
        fill(room);
        self.since = Some(resets);
        Ok(())
    }

    /// Releases what is latched, if anything is.
    pub(crate) fn release(&mut self) {
        self.since = None;
    }
}
