// SPDX-License-Identifier: GPL-2.0

//! The clock of one vCPU: which state it is in, since when, and how long it was in each.
//!
//! One thread writes, the vCPU's; anybody reads. A state that has ended is booked together with the
//! stamp of its end, so that the sum over the states is always the time from the first stamp to the
//! last. A reader that finds it so has a consistent reading: there is no sequence number to pay for.

use super::{
    cell::Counter,
    times::{State, Times, STATES},
};
use core::sync::atomic::{
    fence, AtomicI64,
    Ordering::{Acquire, Relaxed, Release},
};

/// `since` of a clock that does not run: later than any TSC.
const STOPPED: i64 = i64::MAX;

/// How often a reader tries to find a clock in order: milliseconds, where one time in two does it.
const TRIES: u32 = 1 << 16;

/// What KVM notes beside the clock; both are TSCs, or negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamps {
    /// Right before the last VM entry; 0 where that failed.
    pub entered: i64,
    /// At the exit in flight; negative where there is none.
    pub start: i64,
}

/// What a vCPU does from a moment on, besides exits and entries: `enum kvm_exit_hook_state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// KVM_RUN was called, or a wait is over.
    Run = 0,
    /// KVM_RUN returns.
    Vmm = 1,
    /// It waits.
    Halted = 2,
    /// Its thread lost its CPU, though it could run.
    Preempted = 3,
    /// Its thread is on a CPU again.
    Resumed = 4,
}

impl Change {
    /// The change of this number; `None` for one that there is not.
    pub const fn of(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Run),
            1 => Some(Self::Vmm),
            2 => Some(Self::Halted),
            3 => Some(Self::Preempted),
            4 => Some(Self::Resumed),
            _ => None,
        }
    }
}

/// What a change ended: to be charged to the exit that led there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Cycles that were the VMM's.
    pub vmm: u64,
    /// Cycles in which the vCPU waited.
    pub halted: u64,
}

/// One vCPU's clock. Made of zeros, it has to be stopped ([`Clock::stop`]) before it is used.
#[derive(Default)]
pub struct Clock {
    /// Up to when all is booked.
    since: AtomicI64,
    /// Booked, of each state.
    cycles: [Counter; STATES],
    /// Exits dealt with, VM entries that failed or never were among them.
    exits: Counter,
    /// Those.
    not_entered: Counter,
    /// When it was started, less for how long it ran before; while it is stopped, that.
    first: AtomicI64,
    /// What of [`Change`] was last; exits come and go within `Run`.
    mode: Counter,
    /// How often each of `Run`, `Vmm`, `Halted` began.
    began: [Counter; 3],
    /// While the thread is preempted, since when; else 0.
    preempted_since: AtomicI64,
    preempted: [Counter; STATES],
    preemptions: Counter,
}

impl Clock {
    /// Stops the clock: what passes until the next change, or the end of the next exit, is in no
    /// state. Only while the vCPU's thread cannot call the others here.
    pub fn stop(&self, stamps: impl Fn() -> Stamps, now: impl Fn() -> i64) {
        if self.first.load(Relaxed) != 0 {
            let times = self.read(stamps, now);
            self.first.store(times.elapsed as i64, Relaxed);
            for (booked, cycles) in self.cycles.iter().zip(&times.cycles) {
                booked.set(*cycles);
            }
            for (booked, cycles) in self.preempted.iter().zip(&times.preempted) {
                booked.set(*cycles);
            }
        }
        self.preempted_since.store(0, Relaxed);
        self.since.store(STOPPED, Release);
    }

    /// An exit has been dealt with, `cycles` after it was taken.
    #[inline(always)]
    pub fn exit(&self, stamps: Stamps, cycles: u64, now: impl FnOnce() -> i64) {
        let Stamps { entered, start } = stamps;
        let since = self.since.load(Relaxed);
        // Signed, so that what is no TSC goes the other way, as does a clock that is stopped.
        if since <= entered && entered <= start {
            self.book(State::Entry, entered.wrapping_sub(since));
            self.book(State::Guest, start.wrapping_sub(entered));
            self.book(State::Exit, cycles as i64);
            self.exits.add(1);
            self.since.store(start.wrapping_add(cycles as i64), Release);
        } else {
            self.odd_exit(stamps, cycles, now());
        }
    }

    /// [`Clock::exit`] where the guest was not entered since the last stamp, or where the stamps
    /// are of CPUs whose TSCs differ: then all that is in doubt belongs to `Entry`.
    #[cold]
    #[inline(never)]
    fn odd_exit(&self, stamps: Stamps, cycles: u64, now: i64) {
        let since = self.since.load(Relaxed);
        let start = if stamps.start < 0 {
            now.wrapping_sub(cycles as i64)
        } else {
            stamps.start
        };
        let start = if since == STOPPED {
            self.begin(start);
            start
        } else {
            let start = start.max(since);
            self.book(State::Entry, start.wrapping_sub(since));
            start
        };
        self.book(State::Exit, cycles as i64);
        self.exits.add(1);
        self.not_entered.add(1);
        self.since.store(start.wrapping_add(cycles as i64), Release);
    }

    /// `change` happens at `tsc`; `in_exit` tells whether an exit is in flight.
    pub fn change(&self, change: Change, in_exit: bool, tsc: i64) -> Ended {
        match change {
            Change::Preempted => {
                if self.since.load(Relaxed) != STOPPED {
                    self.preempted_since.store(tsc, Relaxed);
                }
            }
            Change::Resumed => self.resume(in_exit, tsc),
            Change::Run | Change::Vmm | Change::Halted => return self.switch(change, tsc),
        }
        Ended::default()
    }

    fn switch(&self, change: Change, mut tsc: i64) -> Ended {
        let since = self.since.load(Relaxed);
        let mut ended = Ended::default();
        if since == STOPPED {
            self.begin(tsc);
        } else {
            tsc = tsc.max(since);
            let cycles = tsc.wrapping_sub(since);
            let state = self.state(false);
            self.book(state, cycles);
            match state {
                State::Vmm => ended.vmm = cycles as u64,
                State::Halted => ended.halted = cycles as u64,
                _ => (),
            }
        }
        self.mode.set(change as u64);
        if let Some(began) = self.began.get(change as usize) {
            began.add(1);
        }
        self.since.store(tsc, Release);
        ended
    }

    /// Starts a clock that is stopped; the caller stores `since`.
    fn begin(&self, tsc: i64) {
        let ran = self.first.load(Relaxed);
        self.first.store(tsc.wrapping_sub(ran), Relaxed);
        self.mode.set(Change::Run as u64);
    }

    fn resume(&self, in_exit: bool, tsc: i64) {
        let since = self.preempted_since.load(Relaxed);
        if since == 0 {
            return;
        }
        self.preempted_since.store(0, Relaxed);
        if let Some(preempted) = self.preempted.get(self.state(in_exit) as usize) {
            preempted.add(tsc.saturating_sub(since).max(0) as u64);
        }
        self.preemptions.add(1);
    }

    /// The state that it is in, besides the guest's.
    fn state(&self, in_exit: bool) -> State {
        match self.mode.get() {
            mode if mode == Change::Vmm as u64 => State::Vmm,
            mode if mode == Change::Halted as u64 => State::Halted,
            _ if in_exit => State::Exit,
            _ => State::Entry,
        }
    }

    #[inline(always)]
    fn book(&self, state: State, cycles: i64) {
        self.cycles[state as usize].add(cycles as u64);
    }

    /// What is on the clock now: the state that it is in included, up to now.
    ///
    /// The vCPU may change its state at any time, but is soon done with it. A clock that is never
    /// found in order has lost cycles: then what is returned says so, by its sum.
    pub fn read(&self, stamps: impl Fn() -> Stamps, now: impl Fn() -> i64) -> Times {
        for _ in 0..TRIES {
            if let Some(times) = self.try_read(&stamps, &now) {
                return times;
            }
            core::hint::spin_loop();
        }
        self.glance(stamps, now).0
    }

    /// [`Clock::read`]; `None` where the vCPU changed its state meanwhile.
    pub fn try_read(&self, stamps: impl Fn() -> Stamps, now: impl Fn() -> i64) -> Option<Times> {
        let (times, in_order) = self.glance(stamps, now);
        in_order.then_some(times)
    }

    /// What is there, and whether all of it is of one moment.
    fn glance(&self, stamps: impl Fn() -> Stamps, now: impl Fn() -> i64) -> (Times, bool) {
        let since = self.since.load(Acquire);
        let first = self.first.load(Relaxed);
        let mut times = Times::ZERO;
        copy(&mut times.cycles, &self.cycles);
        copy(&mut times.preempted, &self.preempted);
        times.preemptions = self.preemptions.get();
        let exits = self.exits.get();
        let not_entered = self.not_entered.get();
        let began = [0, 1, 2].map(|at: usize| self.began[at].get());
        let mode = self.state(false);
        let preempted_since = self.preempted_since.load(Relaxed);
        let stamps = stamps();
        fence(Acquire);
        let is_still = self.since.load(Relaxed) == since;
        times.entered = [
            exits.wrapping_sub(not_entered),
            exits,
            exits.wrapping_add(began[0]),
            began[1],
            began[2],
        ];
        if since == STOPPED {
            times.elapsed = first as u64;
            return (times, is_still);
        }
        // Not so where a state has been booked, with its end not stored yet.
        let is_booked = times.sum() == since.wrapping_sub(first) as u64;
        let now = now().max(since);
        let state = in_flight(&mut times, mode, since, stamps, now);
        if preempted_since != 0 {
            let booked = &mut times.preempted[state as usize];
            *booked = booked.wrapping_add(length(preempted_since, now));
        }
        times.elapsed = now.wrapping_sub(first) as u64;
        (times, is_still && is_booked)
    }
}

/// Adds what has passed since the last booking, and returns the state that lasts.
fn in_flight(times: &mut Times, mode: State, since: i64, stamps: Stamps, now: i64) -> State {
    let mut add = |state: State, from: i64, to: i64| {
        let cycles = &mut times.cycles[state as usize];
        *cycles = cycles.wrapping_add(length(from, to));
    };
    // A stamp of a CPU whose TSC is ahead of the reader's is of no later time.
    let (entered, start) = (stamps.entered.min(now), stamps.start.min(now));
    if !matches!(mode, State::Entry) {
        add(mode, since, now);
        return mode;
    }
    let (mut at, mut state) = (since, State::Entry);
    if entered > at {
        add(State::Entry, at, entered);
        times.entered[State::Guest as usize] += 1;
        (at, state) = (entered, State::Guest);
    }
    if start > at {
        add(state, at, start);
        (at, state) = (start, State::Exit);
    }
    add(state, at, now);
    if matches!(state, State::Exit) {
        times.entered[State::Exit as usize] += 1;
    }
    state
}

/// From one TSC to a later one; 0 where the two CPUs' differ by more than lies between.
fn length(from: i64, to: i64) -> u64 {
    to.saturating_sub(from).max(0) as u64
}

fn copy(to: &mut [u64; STATES], from: &[Counter; STATES]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = from.get();
    }
}
