// SPDX-License-Identifier: GPL-2.0

//! Answers the guest's CPUID: picks the view, `acct::leaves` does the rest.

use crate::{
    acct::{
        cell::{Level, Values},
        leaves::{self, Context, Registers, Scope, View},
        table::{index_of, Reading, CELLS}, //
    },
    bindings::kvm_exit_hook_cpuid,
    host, params, period, tsc,
    vms::Vcpu,
};
use kernel::prelude::*;

/// What a vCPU sees when nothing is latched.
struct Live<'a> {
    vcpu: &'a Vcpu,
    scope: Scope,
    /// The exit that asks: taken, not yet booked.
    in_flight: (usize, bool),
}

impl Live<'_> {
    fn read(&self, index: usize) -> Values {
        let values = match self.scope {
            Scope::Vm => self.vcpu.vm().read(index),
            // SAFETY: This runs in a hook.
            Scope::Host => unsafe { host::read(index) },
        };
        match self.in_flight {
            (at, l2) if at == index => values.with_in_flight(l2),
            _ => values,
        }
    }

    /// All cells, for the latch.
    fn freeze(&self) -> Result<KBox<Reading>> {
        // No warning: a guest may ask for this at any rate, and eax tells it when it failed.
        let mut frozen = KBox::<Reading>::zeroed(GFP_NOWAIT | __GFP_NOWARN)?;
        (0..CELLS).for_each(|index| frozen.set(index, self.read(index)));
        Ok(frozen)
    }
}

impl View for Live<'_> {
    fn all(&self, index: usize) -> Level {
        self.read(index).all()
    }

    fn l2(&self, index: usize) -> Level {
        self.read(index).l2
    }
}

impl View for &Reading {
    fn all(&self, index: usize) -> Level {
        self.get(index).all()
    }

    fn l2(&self, index: usize) -> Level {
        self.get(index).l2
    }
}

/// The answer to `query`, asked by `vcpu`; `None` where KVM's own answer stands.
///
/// # Safety
///
/// Only for the CPUID hook, on `vcpu`'s own thread with preemption off.
pub(crate) unsafe fn answer(vcpu: &Vcpu, query: &kvm_exit_hook_cpuid) -> Option<Registers> {
    let params = params::get()?;
    let ctx = Context {
        layout: params.layout?,
        scope: params.scope,
        paging: period::paging(),
        generation: period::generation(),
        tsc_khz: tsc::khz(),
    };
    if params.cpl0 && query.cpl != 0 {
        return None;
    }
    let live = Live {
        vcpu,
        scope: params.scope,
        in_flight: (index_of(query.reason, || ctx.isa()), query.l2 != 0),
    };
    if query.function == leaves::LATCH {
        return Some(latch(vcpu, &live, query.index));
    }
    match vcpu.latched() {
        Some(frozen) => leaves::answer(&ctx, &frozen, query.function, query.index),
        None => leaves::answer(&ctx, &live, query.function, query.index),
    }
}

/// Sub-leaf 1 latches, 0 releases, anything else asks.
fn latch(vcpu: &Vcpu, live: &Live<'_>, subleaf: u32) -> Registers {
    match subleaf {
        0 => vcpu.release(),
        1 => {
            // Drop the old view first: it may be what the new one finds room in.
            vcpu.release();
            if let Ok(view) = live.freeze() {
                vcpu.latch(view);
            }
        }
        _ => (),
    }
    Registers {
        eax: vcpu.latched().is_some().into(),
        ..Registers::default()
    }
}
