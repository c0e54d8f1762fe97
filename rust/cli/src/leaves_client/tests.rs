// SPDX-License-Identifier: GPL-2.0

mod time;

use super::*;
use acct::cell::{Level, Values};
use acct::leaves::{self, paging, Whose, LAST_EXTENDED};
use acct::reasons;
use acct::table::{index_named, Reading};
use acct::times::Times;
use nix::sys::signal::{raise, SigSet, Signal};
use std::cell::{Cell, RefCell};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::Arc;

/// A host that answers as the module does and counts every question, for that is an exit too.
#[derive(Debug)]
struct Host {
    context: leaves::Context,
    live: RefCell<Reading>,
    latched: RefCell<Option<Reading>>,
    /// The VM's time, which passes with every question; and as it was latched.
    times: Cell<Times>,
    latched_times: Cell<Times>,
    /// The highest extended leaf that it knows, and whether it measures time.
    highest: u32,
    is_timed: bool,
    latches: Cell<u32>,
    /// Whether SIGTERM had to wait, when it was asked to release.
    released_undisturbed: Cell<bool>,
    abi: u32,
    can_latch: bool,
    /// Whether answers are of the latched view.
    holds: bool,
    /// How often it lets go of a view as soon as it is read.
    lets_go: Cell<u32>,
}

impl Host {
    fn new(paging: u32) -> Self {
        let host = Self {
            context: leaves::Context {
                layout: Layout::V2,
                scope: leaves::Scope::Vm,
                paging,
                generation: 3,
                tsc_khz: 50_000,
            },
            live: RefCell::new(Reading::ZERO),
            latched: RefCell::new(None),
            times: Cell::new(Times::ZERO),
            latched_times: Cell::new(Times::ZERO),
            highest: LAST_EXTENDED,
            is_timed: true,
            latches: Cell::new(0),
            released_undisturbed: Cell::new(false),
            abi: ABI,
            can_latch: true,
            holds: true,
            lets_go: Cell::new(0),
        };
        // Made up; the first has all it takes to need 64 bits.
        host.count(0, 1 << 33, 5 << 34);
        host.count(reasons::OTHER, 3, 30);
        host
    }

    fn vmx() -> Self {
        Self::new(paging::TDP | paging::VPID | paging::UNRESTRICTED)
    }

    fn count(&self, reason: u32, count: u64, cycles: u64) {
        let index = index_named(reason, self.context.isa()).unwrap();
        let mut live = self.live.borrow_mut();
        let mut values = live.get(index);
        values.l1 = values.l1.plus(&Level { count, cycles });
        live.set(index, values);
    }
}

impl Host {
    /// As the leaf does: 1 latches, 0 releases, anything else asks.
    fn latch(&self, subleaf: u32) {
        match subleaf {
            0 => {
                let mask = SigSet::thread_get_mask().unwrap();
                let blocked = mask.contains(Signal::SIGTERM);
                self.released_undisturbed.set(blocked);
                self.latched.take();
            }
            1 if self.can_latch => {
                self.latches.set(self.latches.get() + 1);
                self.latched.replace(Some(self.live.borrow().clone()));
                self.latched_times.set(self.times.get());
            }
            _ => {}
        }
    }
}

impl Cpuid for Host {
    fn query(&self, leaf: u32, subleaf: u32) -> Result<Registers> {
        let own = match self.context.isa() {
            reasons::Isa::Vmx => reasons::vmx::CPUID,
            reasons::Isa::Svm => reasons::svm::CPUID,
        };
        self.count(own, 1, 100);
        if self.is_timed {
            let mut times = self.times.get();
            (1..)
                .zip(times.words_mut())
                .for_each(|(n, word)| *word += n);
            times.elapsed = times.sum();
            self.times.set(times);
        }
        if leaf == LATCH {
            self.latch(subleaf);
            return Ok(Registers {
                eax: u32::from(self.latched.borrow().is_some()),
                ..Registers::default()
            });
        }
        if leaf == INFO && self.lets_go.get() > 0 && self.latched.take().is_some() {
            self.lets_go.set(self.lets_go.get() - 1);
        }
        let (live, latched) = (self.live.borrow(), self.latched.borrow());
        let view = latched.as_ref().filter(|_| self.holds).unwrap_or(&live);
        let times = |whose| match (whose, latched.is_some()) {
            (Whose::Vm, true) => self.latched_times.get(),
            (Whose::Vm, false) => self.times.get(),
            (Whose::Vcpu, _) => Times::ZERO,
        };
        let answer = leaves::answer(&self.context, view, times, leaf, subleaf);
        // Of a leaf that it does not know, it says nothing.
        let answer = answer.filter(|_| leaf <= self.highest || leaf > LAST_EXTENDED);
        let mut answer = answer.unwrap_or_default();
        if leaf == SIGNATURE {
            answer.eax = self.highest;
        }
        if leaf == INFO {
            answer.eax = answer.eax & !0xff | self.abi;
        }
        Ok(answer)
    }
}

/// Bare metal: the figures of the highest basic leaf, whatever is asked.
#[derive(Debug)]
struct Metal;

impl Cpuid for Metal {
    fn query(&self, _: u32, _: u32) -> Result<Registers> {
        Ok(Registers {
            eax: 0x5FFF_FFFF,
            ebx: 1,
            ecx: 2,
            edx: 3,
        })
    }
}

/// What `guest` does.
fn read(host: &Host) -> Result<Snapshot> {
    let (snapshot, _latch) = Leaves::detect(host)?.latched()?;
    Ok(snapshot)
}

#[test]
fn bare_metal_is_no_guest() {
    let error = Leaves::detect(&Metal).unwrap_err().to_string();
    for word in ["no leaves of kvm_exit_stats", "leaves=off", "cpl0=1"] {
        assert!(error.contains(word), "{error}");
    }
}

#[test]
fn another_abi_is_refused() {
    let mut host = Host::vmx();
    host.abi = 2;
    let error = Leaves::detect(&host).unwrap_err().to_string();
    assert!(error.contains("speaks ABI 2"), "{error}");
}

#[test]
fn info_is_taken_apart() {
    let host = Host::vmx();
    let info = Leaves::detect(&host).unwrap().info().unwrap();
    assert_eq!(
        (info.layout, info.scope, info.isa),
        (Layout::V2, Scope::Vm, Isa::Vmx)
    );
    assert_eq!((info.generation, info.tsc_khz), (3, 50_000));
    assert!(info.paging.tdp && info.paging.vpid && info.paging.unrestricted_guest);

    let mut host = Host::new(paging::SVM | paging::VPID);
    host.context.scope = leaves::Scope::Host;
    let info = Leaves::detect(&host).unwrap().info().unwrap();
    assert_eq!((info.scope, info.isa), (Scope::Host, Isa::Svm));
    assert!(!info.paging.tdp && info.paging.vpid && !info.paging.unrestricted_guest);
}

#[test]
fn a_latched_snapshot_adds_up() {
    let host = Host::vmx();
    let l2 = Level {
        count: 4,
        cycles: 400,
    };
    let values = Values {
        l2,
        ..Values::default()
    };
    host.live.borrow_mut().set(48, values);
    let s = read(&host).unwrap();
    let names: Vec<_> = s.reasons.iter().map(|r| r.name.clone()).collect();
    assert_eq!(names, ["EXCEPTION_NMI", "CPUID", "EPT_VIOLATION", "OTHER"]);
    assert_eq!(s.reasons[0].counters.count, 1 << 33);
    assert_eq!(s.reasons[0].counters.cycles, 5 << 34);
    assert_eq!(s.reasons[3].reason, 0xFFFF);
    assert_eq!((s.total.l2_count, s.total.l2_cycles), (Some(4), Some(400)));
    assert_eq!(
        (&s.kernel, s.total.l2_reflected),
        (&None, None),
        "a guest cannot know"
    );
}

#[test]
fn a_view_that_moves_is_refused() {
    let mut host = Host::vmx();
    host.holds = false;
    let error = read(&host).unwrap_err().to_string();
    assert!(error.contains("not taken at one moment"), "{error}");
}

#[test]
fn a_view_that_was_let_go_is_read_again() {
    let host = Host::vmx();
    host.lets_go.set(TRIES - 1);
    read(&host).unwrap();
    assert_eq!(host.latches.get(), TRIES);
    assert!(host.latched.borrow().is_none());

    host.lets_go.set(TRIES);
    let error = read(&host).unwrap_err().to_string();
    assert!(
        error.contains("let go of the latched counters 5 times"),
        "{error}"
    );
    assert!(host.latched.borrow().is_none());
}

#[test]
fn reasons_unknown_here_are_counted_all_the_same() {
    let host = Host::vmx();
    host.count(97, 3, 30);
    let s = read(&host).unwrap();
    assert!(s
        .reasons
        .iter()
        .any(|r| r.reason == 97 && r.name == "UNDEFINED_97"));
}

#[test]
fn svm_codes_are_asked_for() {
    let host = Host::new(paging::SVM | paging::TDP);
    host.count(0x400, 8, 80);
    let s = read(&host).unwrap();
    let numbers: Vec<_> = s.reasons.iter().map(|r| r.reason).collect();
    let names: Vec<_> = s.reasons.iter().map(|r| r.name.clone()).collect();
    assert_eq!(numbers, [0, 0x72, 0x400, 0xFFFF]);
    assert_eq!(names, ["read_cr0", "cpuid", "npf", "OTHER"]);
}

#[test]
fn the_latch_is_released_or_kept() {
    let host = Host::vmx();
    let leaves = Leaves::detect(&host).unwrap();
    drop(leaves.latch().unwrap());
    assert!(host.latched.borrow().is_none());
    let (old, latch) = leaves.latched().unwrap();
    assert_eq!(latch.snapshot().unwrap(), old);
    latch.keep();
    assert!(host.latched.borrow().is_some());
    // A new latch is a new view.
    let (new, _latch) = leaves.latched().unwrap();
    assert_ne!(new, old);
    assert_eq!(host.latches.get(), 3);
}

#[test]
fn a_host_that_does_not_latch_is_refused() {
    let mut host = Host::vmx();
    host.can_latch = false;
    let error = Leaves::detect(&host).unwrap().latch().unwrap_err();
    assert!(error.to_string().contains("did not latch"), "{error}");
}

#[test]
fn a_signal_waits_for_the_release() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let came = Arc::new(AtomicBool::new(false));
        signal_hook::flag::register(signal as i32, came.clone()).unwrap();
        let host = Host::vmx();
        let leaves = Leaves::detect(&host).unwrap();
        let latch = leaves.latch().unwrap();
        raise(signal).unwrap();
        latch.snapshot().unwrap();
        assert!(!came.load(Ordering::Relaxed), "{signal}");
        drop(latch);
        assert!(host.latched.borrow().is_none() && host.released_undisturbed.get());
        assert!(came.load(Ordering::Relaxed), "{signal}");
    }
}
