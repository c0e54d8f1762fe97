// SPDX-License-Identifier: GPL-2.0

//! Answers the guest's CPUID: picks the view, `acct::leaves` does the rest.

use crate::{
    acct::{
        leaves::{self, Context, Registers, Scope, Whose},
        table::index_of,
        view::{View, WithInFlight}, //
    },
    bindings::{
        kvm_exit_hook_cpuid,
        KVM_EXIT_HOOK_CPUID_FIRST,
        KVM_EXIT_HOOK_CPUID_LAST, //
    },
    host,
    latch::Frozen,
    params, period, tsc,
    vms::Vcpu,
};

// KVM asks for leaves of this range only.
const _: () = {
    assert!(KVM_EXIT_HOOK_CPUID_FIRST == leaves::SIGNATURE);
    assert!(KVM_EXIT_HOOK_CPUID_LAST == leaves::LAST);
};

/// The answer to `query`, asked by `vcpu`; `None` where KVM's own answer stands.
///
/// # Safety
///
/// Only for the CPUID hook, on `vcpu`'s own thread.
pub(crate) unsafe fn answer(vcpu: &Vcpu, query: &kvm_exit_hook_cpuid) -> Option<Registers> {
    let params = params::get()?;
    let layout = params.layout?;
    let context = |paging, generation| Context {
        layout,
        scope: params.scope,
        paging,
        generation,
        tsc_khz: tsc::khz(),
    };
    if params.cpl0 && query.cpl != 0 {
        return None;
    }
    match params.scope {
        Scope::Vm => from(vcpu, context, query, || vcpu.vm().view()),
        // SAFETY: This runs in a hook.
        Scope::Host => from(vcpu, context, query, || unsafe { host::view() }),
    }
}

/// The answer from the counts that `view` shows, or from those of them that are latched. `context`
/// is that of a paging state and a generation.
fn from<V: View>(
    vcpu: &Vcpu,
    context: impl Fn(u32, u32) -> Context,
    query: &kvm_exit_hook_cpuid,
    view: impl Fn() -> V,
) -> Option<Registers> {
    let times = |whose| match whose {
        Whose::Vcpu => vcpu.times(),
        Whose::Vm => vcpu.vm().times(),
    };
    let live = || {
        let context = context(period::paging(), period::generation());
        let view = WithInFlight {
            booked: view(),
            // The exit that asks: taken, not yet booked.
            index: index_of(query.reason, || context.isa()),
            l2: query.l2 != 0,
        };
        (context, view)
    };
    if query.function == leaves::LATCH {
        // Sub-leaf 1 latches, 0 releases, anything else asks.
        match query.index {
            0 => vcpu.release(),
            // Without room for it nothing is latched, which eax says.
            1 => {
                let _ = vcpu.latch(|frozen| {
                    period::consistent(|| {
                        freeze(frozen, live());
                        frozen.vcpu = times(Whose::Vcpu);
                        frozen.vm = times(Whose::Vm);
                    })
                });
            }
            _ => (),
        }
        return Some(Registers {
            eax: vcpu.with_latched(|frozen| frozen.is_some()).into(),
            ..Registers::default()
        });
    }
    let latched = vcpu.with_latched(|frozen| {
        let frozen = frozen?;
        let context = context(frozen.paging, frozen.generation);
        let view = &frozen.reading;
        let times = |whose| frozen.times(whose);
        Some(leaves::answer(
            &context,
            view,
            times,
            query.function,
            query.index,
        ))
    });
    latched.unwrap_or_else(|| {
        period::consistent(|| {
            let (context, view) = live();
            leaves::answer(&context, &view, times, query.function, query.index)
        })
    })
}

fn freeze(frozen: &mut Frozen, (context, view): (Context, impl View)) {
    view.read_into(&mut frozen.reading);
    frozen.paging = context.paging;
    frozen.generation = context.generation;
}
