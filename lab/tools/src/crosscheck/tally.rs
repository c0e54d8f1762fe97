// SPDX-License-Identifier: GPL-2.0

//! What the recorded events say of exits, of the time between them, and of what they were about.
//!
//! The keys are made a second time here, of what KVM traces: a check that called the module's own
//! code for them would agree with all its mistakes.

use crate::trace::{Event, Exit, What};
use acct::keys::INDEXED;
use acct::reasons::{svm, vmx, OTHER};
use acct::table::index_named;
use kvm_exits::snapshot::Isa;
use std::collections::BTreeMap;

/// All that was traced.
#[derive(Debug, Default)]
pub struct Tally {
    /// By the number that the module counts the reason under.
    pub reasons: BTreeMap<u32, Reason>,
    /// By number of the vCPU.
    pub vcpus: BTreeMap<u32, Vcpu>,
}

/// The exits of one reason.
#[derive(Debug, Default)]
pub struct Reason {
    /// How many.
    pub exits: u64,
    /// The cycles from each to that entry, or, where there is none, to the last call of KVM_RUN.
    pub gap_cycles: u64,
    /// Returns from KVM_RUN after an exit, with no other since.
    pub userspace: u64,
    /// How many by key.
    pub keys: BTreeMap<u64, u64>,
    /// How many an event should have told of, and none did.
    pub untold: u64,
    /// How many were about what there is no event for.
    pub silent: u64,
}

/// What one vCPU did.
#[derive(Debug, Default)]
pub struct Vcpu {
    /// VM entries that an exit followed.
    pub entries: u64,
    /// The cycles between the two.
    pub guest_cycles: u64,
    /// Cycles in KVM_RUN before the first of all entries.
    pub before_first: u64,
}

/// Where a thread is.
#[derive(Default)]
struct Thread {
    vcpu: Option<u32>,
    /// When KVM_RUN was called, if no entry came since.
    called: Option<u64>,
    before_first: u64,
    entered: Option<u64>,
    /// TSC and reason of the last exit.
    exited: Option<(u64, u32)>,
    /// Whether that had no entry yet.
    outside: bool,
    /// What the last exit waits for an event to tell.
    awaits: Option<Awaits>,
}

/// Which event tells what an exit was about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Awaits {
    Cpuid,
    Msr,
    MsrEither,
    Hypercall,
    Mmio,
}

/// How the key of an exit is found.
enum Key {
    Is(u64),
    Told(Awaits),
    Silent,
    None,
}

/// Sums up `events`, which are in order.
pub fn tally(isa: Isa, events: &[Event]) -> Tally {
    let mut tally = Tally::default();
    let mut threads = BTreeMap::<u32, Thread>::new();
    for event in events {
        let thread = threads.entry(event.thread).or_default();
        tally.event(isa, thread, event);
    }
    for thread in threads.values_mut() {
        tally.settle(thread);
        tally.end(thread);
    }
    tally
}

impl Tally {
    fn event(&mut self, isa: Isa, thread: &mut Thread, event: &Event) {
        let told = match event.what {
            What::Entry { vcpu } => return self.entry(thread, vcpu, event.tsc),
            What::Exit(exit) => return self.exit(isa, thread, &exit, event.tsc),
            What::Fpu { load } => {
                thread.called = load.then_some(event.tsc).or(thread.called);
                return;
            }
            What::UserspaceExit => return self.userspace(thread, event.tsc),
            What::Cpuid { leaf, subleaf } => {
                let subleaf = u64::from(subleaf) * u64::from(INDEXED.contains(&leaf));
                (Awaits::Cpuid, u64::from(leaf) | subleaf << 32)
            }
            What::Msr { write, msr } if thread.awaits == Some(Awaits::MsrEither) => {
                let write = u64::from(write) << 32;
                (Awaits::MsrEither, u64::from(msr) | write)
            }
            What::Msr { msr, .. } => (Awaits::Msr, msr.into()),
            What::Hypercall { nr } => (Awaits::Hypercall, nr),
            What::Mmio { gpa } => (Awaits::Mmio, gpa & !0xfff),
        };
        // The first: what comes behind it belongs to the same instruction, or to none.
        if let (Some((_, reason)), true) = (thread.exited, thread.awaits == Some(told.0)) {
            thread.awaits = None;
            *self.reason(reason).keys.entry(told.1).or_default() += 1;
        }
    }

    fn reason(&mut self, reason: u32) -> &mut Reason {
        self.reasons.entry(reason).or_default()
    }

    fn entry(&mut self, thread: &mut Thread, vcpu: u32, tsc: u64) {
        thread.in_run(tsc);
        thread.called = None;
        thread.vcpu = Some(vcpu);
        thread.entered = Some(tsc);
        if let (Some((exited, reason)), true) = (thread.exited, thread.outside) {
            self.reason(reason).gap_cycles += tsc - exited;
        }
        thread.outside = false;
    }

    fn exit(&mut self, isa: Isa, thread: &mut Thread, exit: &Exit, tsc: u64) {
        self.settle(thread);
        let before_first = std::mem::take(&mut thread.before_first);
        let vcpu = self.vcpus.entry(exit.vcpu).or_default();
        vcpu.before_first += before_first;
        if let Some(entered) = thread.entered.take() {
            vcpu.entries += 1;
            vcpu.guest_cycles += tsc - entered;
        }
        let number = counted_as(isa, exit.reason);
        thread.exited = Some((tsc, number));
        thread.outside = true;
        let reason = self.reason(number);
        reason.exits += 1;
        match key(isa, number, exit) {
            Key::Is(key) => *reason.keys.entry(key).or_default() += 1,
            Key::Told(by) => thread.awaits = Some(by),
            Key::Silent => reason.silent += 1,
            Key::None => (),
        }
    }

    /// Nothing has told what the last exit was about.
    fn settle(&mut self, thread: &mut Thread) {
        if let (Some(_), Some((_, reason))) = (thread.awaits.take(), thread.exited) {
            self.reason(reason).untold += 1;
        }
    }

    /// A wait that goes on is not in the module's figures of the reason yet. Those before it are.
    fn end(&mut self, thread: &Thread) {
        if let (Some((exited, reason)), Some(called), true) =
            (thread.exited, thread.called, thread.outside)
        {
            self.reason(reason).gap_cycles += called - exited;
        }
    }

    fn userspace(&mut self, thread: &mut Thread, tsc: u64) {
        thread.in_run(tsc);
        if let Some((_, reason)) = thread.exited {
            self.reason(reason).userspace += 1;
        }
    }
}

impl Thread {
    /// It was in KVM_RUN until now; where that is of no exit, it is noted.
    fn in_run(&mut self, tsc: u64) {
        if let (Some(called), None) = (self.called, self.vcpu) {
            self.before_first += tsc - called;
        }
    }
}

/// VMX has flags above the basic reason.
fn counted_as(isa: Isa, reason: u64) -> u32 {
    let reason = match isa {
        Isa::Vmx => reason & 0xffff,
        Isa::Svm => reason,
    };
    let number = u32::try_from(reason).ok();
    number
        .filter(|&number| index_named(number, isa.into()).is_some())
        .unwrap_or(OTHER)
}

fn key(isa: Isa, reason: u32, exit: &Exit) -> Key {
    match isa {
        Isa::Vmx => key_vmx(reason, exit),
        Isa::Svm => key_svm(reason, exit),
    }
}

/// Whether bit `n` is set.
fn bit(word: u64, n: u32) -> u64 {
    word >> n & 1
}

/// The exit qualification (SDM Vol. 3C, 29.2.1) is `info1`.
fn key_vmx(reason: u32, exit: &Exit) -> Key {
    let about = exit.info1;
    let vector = u64::from(exit.intr_info & 0xff);
    match reason {
        vmx::EXCEPTION_NMI if vector == 14 => Key::Is(vector | u64::from(exit.error_code) << 8),
        vmx::EXCEPTION_NMI | vmx::EXTERNAL_INTERRUPT => Key::Is(vector),
        vmx::CPUID => Key::Told(Awaits::Cpuid),
        vmx::VMCALL => Key::Told(Awaits::Hypercall),
        vmx::MSR_READ | vmx::MSR_WRITE => Key::Told(Awaits::Msr),
        vmx::EPT_MISCONFIG => Key::Told(Awaits::Mmio),
        // Register, then access.
        vmx::CR_ACCESS => Key::Is(about % 16 + 16 * (about / 16 % 4)),
        vmx::DR_ACCESS => Key::Is(about % 8 + 16 * bit(about, 4)),
        vmx::IO_INSTRUCTION => Key::Is(port(
            about >> 16,
            about % 8 + 1,
            bit(about, 3),
            bit(about, 4),
        )),
        vmx::APIC_ACCESS | vmx::APIC_WRITE => Key::Is(about % 0x1000 / 0x10 * 0x10),
        vmx::EPT_VIOLATION => {
            let present = u64::from(about / 8 % 8 != 0);
            Key::Is(about % 8 + 8 * present)
        }
        vmx::INVPCID | vmx::INVEPT | vmx::INVVPID => Key::Silent,
        _ => Key::None,
    }
}

/// EXITINFO1 and EXITINFO2 (APM Vol. 2, Appendix C) are `info1` and `info2`.
fn key_svm(reason: u32, exit: &Exit) -> Key {
    let about = exit.info1;
    match reason {
        svm::PF_EXCP => Key::Is(about),
        svm::CPUID => Key::Told(Awaits::Cpuid),
        svm::MSR => Key::Told(Awaits::MsrEither),
        svm::VMMCALL => Key::Told(Awaits::Hypercall),
        svm::IOIO => Key::Is(port(
            about >> 16,
            about / 16 % 8,
            bit(about, 0),
            bit(about, 2),
        )),
        svm::INVPCID => Key::Is(exit.info2),
        svm::NPF => {
            let (present, write, reserved, fetch) =
                (bit(about, 0), bit(about, 1), bit(about, 3), bit(about, 4));
            let read = u64::from(write + fetch == 0);
            Key::Is(read + 2 * write + 4 * fetch + 8 * present + 16 * reserved)
        }
        svm::AVIC_UNACCELERATED_ACCESS => Key::Is(about % 0x1000 / 0x10 * 0x10),
        _ => Key::None,
    }
}

fn port(port: u64, bytes: u64, input: u64, string: u64) -> u64 {
    port % 0x1_0000 + 0x1_0000 * bytes + 0x10_0000 * input + 0x20_0000 * string
}
