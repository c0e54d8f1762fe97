// SPDX-License-Identifier: GPL-2.0

//! Where vCPUs' time went, as a snapshot has it.

use acct::times::{State, Times, STATES};
use anyhow::{ensure, Result};
use serde::{Deserialize, Serialize};

/// A figure per state that a vCPU can be in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct States {
    /// In the guest.
    pub guest: u64,
    /// From the exit until it has been dealt with: what the reasons' cycles are.
    pub exit: u64,
    /// From there, or from KVM_RUN, to the entry.
    pub entry: u64,
    /// Outside of KVM_RUN.
    pub vmm: u64,
    /// Waiting for an interrupt, or to be started.
    pub halted: u64,
}

impl From<[u64; STATES]> for States {
    fn from([guest, exit, entry, vmm, halted]: [u64; STATES]) -> Self {
        Self {
            guest,
            exit,
            entry,
            vmm,
            halted,
        }
    }
}

impl States {
    /// Each state's name and figure.
    pub fn each(&self) -> [(&'static str, u64); STATES] {
        State::ALL.map(|(state, name)| (name, self.of(state)))
    }

    /// That of `state`.
    pub fn of(&self, state: State) -> u64 {
        match state {
            State::Guest => self.guest,
            State::Exit => self.exit,
            State::Entry => self.entry,
            State::Vmm => self.vmm,
            State::Halted => self.halted,
        }
    }

    /// The same, to set it.
    pub fn of_mut(&mut self, state: State) -> &mut u64 {
        match state {
            State::Guest => &mut self.guest,
            State::Exit => &mut self.exit,
            State::Entry => &mut self.entry,
            State::Vmm => &mut self.vmm,
            State::Halted => &mut self.halted,
        }
    }

    /// Each at least what it is in `before`.
    fn at_least(mut self, before: &Self) -> Self {
        for (state, _) in State::ALL {
            let n = self.of_mut(state);
            *n = before.of(state).max(*n);
        }
        self
    }

    /// The sum over the states.
    pub fn sum(&self) -> u64 {
        let figures = self.each().into_iter();
        figures.fold(0, |sum, (_, n)| sum.wrapping_add(n))
    }
}

/// The time of a vCPU, or of several together, in TSC cycles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Time {
    /// From the first KVM_RUN, or since the generation began: the sum over the states.
    pub elapsed: u64,
    /// In each state.
    #[serde(flatten)]
    pub cycles: States,
    /// Of all this, while the thread was off its CPU though it could run.
    pub preempted: u64,
    /// The same, by the state that the vCPU was in. A guest is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub preempted_in: Option<States>,
    /// How often each began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entered: Option<Entered>,
}

/// How often states began, and how often the thread lost its CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entered {
    /// Each state.
    #[serde(flatten)]
    pub states: States,
    /// Whatever the state.
    pub preempted: u64,
}

impl From<Times> for Time {
    fn from(times: Times) -> Self {
        Self {
            elapsed: times.elapsed,
            cycles: times.cycles.into(),
            preempted: times.preempted(),
            preempted_in: Some(times.preempted.into()),
            entered: Some(Entered {
                states: times.entered.into(),
                preempted: times.preemptions,
            }),
        }
    }
}

/// What a guest is not told, is 0.
impl From<&Time> for Times {
    fn from(time: &Time) -> Self {
        let figures = |states: &States| states.each().map(|(_, figure)| figure);
        let entered = time.entered.unwrap_or_default();
        Self {
            cycles: figures(&time.cycles),
            preempted: figures(&time.preempted_in.unwrap_or_default()),
            entered: figures(&entered.states),
            preemptions: entered.preempted,
            elapsed: time.elapsed,
        }
    }
}

impl Time {
    /// What came since `earlier`, as [`Times::since()`] has it.
    pub fn since(&self, earlier: &Self) -> Self {
        let since = Times::from(self).since(&earlier.into());
        let entered = self.entered.zip(earlier.entered).map(|_| Entered {
            states: since.entered.into(),
            preempted: since.preemptions,
        });
        let preempted_in = self.preempted_in.zip(earlier.preempted_in);
        let preempted_in = preempted_in.map(|_| States::from(since.preempted));
        let preempted = self.preempted.saturating_sub(earlier.preempted);
        Self {
            elapsed: since.cycles.iter().sum(),
            cycles: since.cycles.into(),
            preempted: preempted_in.map_or(preempted, |states| states.sum()),
            preempted_in,
            entered,
        }
    }

    /// The states and what was preempted, each at least what it is in `before`. They need not be
    /// the whole any more.
    pub fn at_least(&self, before: &Self) -> Self {
        Self {
            cycles: self.cycles.at_least(&before.cycles),
            preempted: self.preempted.max(before.preempted),
            ..*self
        }
    }

    /// Checks that the parts are the whole.
    pub fn verify(&self) -> Result<()> {
        let sum = self.cycles.sum();
        ensure!(
            sum == self.elapsed,
            "the states' time sums up to {sum}, \"elapsed\" says {}: this snapshot was changed",
            self.elapsed
        );
        let preempted = self
            .preempted_in
            .map_or(self.preempted, |states| states.sum());
        ensure!(
            preempted == self.preempted,
            "the time preempted sums up to {preempted}, \"preempted\" says {}: \
             this snapshot was changed",
            self.preempted
        );
        Ok(())
    }
}

/// One vCPU of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vcpu {
    /// Its number in the VM, as KVM counts them.
    pub index: u32,
    /// Where its time went.
    pub time: Time,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times() -> Times {
        let mut times = Times::ZERO;
        (1..).zip(times.words_mut()).for_each(|(n, word)| *word = n);
        times.elapsed = times.sum();
        times
    }

    #[test]
    fn parts_make_the_whole() {
        let time = Time::from(times());
        assert_eq!((time.elapsed, time.preempted), (15, 40));
        assert_eq!(
            time.cycles.each(),
            [
                ("guest", 1),
                ("exit", 2),
                ("entry", 3),
                ("vmm", 4),
                ("halted", 5)
            ]
        );
        time.verify().unwrap();
        for (broken, why) in [
            (
                Time {
                    elapsed: 16,
                    ..time
                },
                "sums up to 15",
            ),
            (
                Time {
                    preempted: 1,
                    ..time
                },
                "preempted sums up to 40",
            ),
        ] {
            let error = broken.verify().unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn json_has_names() {
        let text = serde_json::to_string(&Time::from(times())).unwrap();
        assert_eq!(
            text,
            r#"{"elapsed":15,"guest":1,"exit":2,"entry":3,"vmm":4,"halted":5,"preempted":40,"#
                .to_string()
                + r#""preempted_in":{"guest":6,"exit":7,"entry":8,"vmm":9,"halted":10},"#
                + r#""entered":{"guest":11,"exit":12,"entry":13,"vmm":14,"halted":15,"preempted":16}}"#
        );
        assert_eq!(serde_json::from_str::<Time>(&text).unwrap(), times().into());
    }
}
