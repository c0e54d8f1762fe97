// SPDX-License-Identifier: GPL-2.0

//! The clock of a vCPU that does what vCPUs do, in any order that is possible.

use acct::{
    clock::{Change, Clock, Ended, Stamps},
    times::{State, Times},
};
use proptest::prelude::*;

/// No exit is in flight.
pub const NONE: i64 = -1;

/// A vCPU, and what is true of it.
pub struct Vcpu {
    pub clock: Clock,
    stamps: Stamps,
    pub tsc: i64,
    state: Option<State>,
    is_preempted: bool,
    truth: Times,
    began: i64,
}

#[derive(Clone, Copy, Debug)]
pub enum Step {
    Run,
    Enter,
    Exit,
    /// Instead of an exit: the entry failed, or KVM makes one up before it.
    NoEntry {
        failed: bool,
    },
    Dealt,
    /// One whose beginning nobody noted.
    MadeUp,
    Vmm,
    Halt,
    Preempt,
    Resume,
    Read,
}

const STEPS: [Step; 12] = [
    Step::Run,
    Step::Enter,
    Step::Exit,
    Step::NoEntry { failed: true },
    Step::NoEntry { failed: false },
    Step::Dealt,
    Step::MadeUp,
    Step::Vmm,
    Step::Halt,
    Step::Preempt,
    Step::Resume,
    Step::Read,
];

impl Vcpu {
    pub fn new() -> Self {
        let clock = Clock::default();
        clock.stop(|| unreachable!(), || unreachable!());
        Self {
            clock,
            stamps: Stamps {
                entered: 0,
                start: NONE,
            },
            tsc: 1_000_000,
            state: None,
            is_preempted: false,
            truth: Times::ZERO,
            began: 0,
        }
    }

    pub fn read(&self) -> Times {
        self.clock.read(|| self.stamps, || self.tsc)
    }

    /// Stops its clock.
    pub fn stop(&self) {
        self.clock.stop(|| self.stamps, || self.tsc);
    }

    /// `cycles` pass, all in one state.
    fn pass(&mut self, cycles: u64) {
        self.tsc += cycles as i64;
        if let Some(state) = self.state {
            self.truth.elapsed += cycles;
            self.truth.cycles[state as usize] += cycles;
            if self.is_preempted {
                self.truth.preempted[state as usize] += cycles;
            }
        }
    }

    fn begin(&mut self, state: State) {
        if self.state.is_none() {
            self.began = self.tsc;
        }
        self.state = Some(state);
        self.truth.entered[state as usize] += 1;
    }

    /// Whether `step` can come now.
    fn can(&self, step: Step) -> bool {
        let is = |states: &[State]| self.state.is_some_and(|state| states.contains(&state));
        match step {
            Step::Read => true,
            Step::Resume => self.is_preempted,
            _ if self.is_preempted => false,
            Step::Run => self.state.is_none() || is(&[State::Vmm, State::Halted]),
            Step::Enter | Step::NoEntry { .. } | Step::MadeUp | Step::Vmm | Step::Halt => {
                is(&[State::Entry])
            }
            Step::Exit => is(&[State::Guest]),
            Step::Dealt => is(&[State::Exit]),
            Step::Preempt => is(&[State::Entry, State::Exit, State::Halted]),
        }
    }

    /// `step` comes, `cycles` after the one before; what a change of it ended.
    pub fn step(&mut self, step: Step, cycles: u64) -> Ended {
        self.pass(cycles);
        match step {
            Step::Run => {
                self.begin(State::Entry);
                return self.change(Change::Run);
            }
            Step::Enter => {
                self.stamps.entered = self.tsc;
                self.begin(State::Guest);
            }
            Step::Exit => self.exit(),
            Step::NoEntry { failed } => {
                if failed {
                    self.stamps.entered = 0;
                }
                self.exit();
            }
            Step::Dealt => {
                let cycles = (self.tsc - self.stamps.start) as u64;
                self.clock.exit(self.stamps, cycles, || self.tsc);
                self.stamps.start = NONE;
                self.begin(State::Entry);
            }
            Step::MadeUp => {
                let part = cycles / 2;
                self.clock.exit(self.stamps, part, || self.tsc);
                self.truth.cycles[State::Entry as usize] -= part;
                self.truth.cycles[State::Exit as usize] += part;
                self.begin(State::Exit);
                self.begin(State::Entry);
            }
            Step::Vmm => {
                self.begin(State::Vmm);
                return self.change(Change::Vmm);
            }
            Step::Halt => {
                self.begin(State::Halted);
                return self.change(Change::Halted);
            }
            Step::Preempt => {
                self.is_preempted = true;
                return self.change(Change::Preempted);
            }
            Step::Resume => {
                self.is_preempted = false;
                self.truth.preemptions += 1;
                return self.change(Change::Resumed);
            }
            Step::Read => {}
        }
        Ended::default()
    }

    fn exit(&mut self) {
        self.stamps.start = self.tsc;
        self.begin(State::Exit);
    }

    pub fn change(&self, change: Change) -> Ended {
        self.clock.change(change, self.stamps.start >= 0, self.tsc)
    }
}

proptest! {
    #[test]
    fn follows_the_model(
        steps in prop::collection::vec((prop::sample::select(STEPS.to_vec()), 1u64..1_000), 0..200),
    ) {
        let mut vcpu = Vcpu::new();
        let (mut vmm, mut halted) = (0, 0);
        for (step, cycles) in steps {
            if !vcpu.can(step) {
                continue;
            }
            let ended = vcpu.step(step, cycles);
            vmm += ended.vmm;
            halted += ended.halted;
            let read = vcpu.read();
            prop_assert_eq!(read, vcpu.truth, "after {:?}", step);
            if vcpu.state.is_some() {
                prop_assert_eq!(read.sum(), (vcpu.tsc - vcpu.began) as u64);
            }
            // What the states were charged with when they ended.
            if vcpu.state != Some(State::Vmm) {
                prop_assert_eq!(vmm, read.cycles[State::Vmm as usize]);
            }
            if vcpu.state != Some(State::Halted) {
                prop_assert_eq!(halted, read.cycles[State::Halted as usize]);
            }
        }
    }

    /// Whatever a TSC says that is behind another's, or a stamp that is none.
    #[test]
    fn no_time_is_lost_or_negative(
        ops in prop::collection::vec((0u32..6, -2i64..1_000, 0i64..1_000, 0u64..100), 1..50),
    ) {
        let vcpu = Vcpu::new();
        vcpu.clock.change(Change::Run, false, 500);
        let (mut before, nothing) = (0, Stamps { entered: 0, start: NONE });
        for (op, start, tsc, cycles) in ops {
            match Change::of(op) {
                Some(change) => _ = vcpu.clock.change(change, start >= 0, tsc),
                None => vcpu.clock.exit(Stamps { entered: tsc, start }, cycles, || tsc),
            }
            // At a moment before all of them, nothing is in flight; and a sum that is not the time
            // booked would be none.
            let times = vcpu.clock.try_read(|| nothing, || 0).unwrap();
            prop_assert!(times.sum() >= before && times.sum() < 1 << 20);
            prop_assert!(times.preempted() < 1 << 20);
            before = times.sum();
        }
    }
}
