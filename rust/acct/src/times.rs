// SPDX-License-Identifier: GPL-2.0

//! Where a vCPU's time went, read out.

use super::cell::Counter;

/// The states, of which a vCPU is in exactly one at each moment since its first KVM_RUN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// From right before the VM entry to the VM exit.
    Guest = 0,
    /// From the VM exit until it has been dealt with.
    Exit = 1,
    /// From there, or from KVM_RUN's call, or from the end of a wait, to the VM entry, to KVM_RUN's
    /// return, or to the next wait.
    Entry = 2,
    /// From KVM_RUN's return to its next call.
    Vmm = 3,
    /// From the beginning of a wait (HLT, INIT) to its end, polling and blocking both.
    Halted = 4,
}

/// How many states there are.
pub const STATES: usize = 5;

impl State {
    /// All of them, as leaf 05 numbers them, with the names that they have in JSON.
    pub const ALL: [(Self, &'static str); STATES] = [
        (Self::Guest, "guest"),
        (Self::Exit, "exit"),
        (Self::Entry, "entry"),
        (Self::Vmm, "vmm"),
        (Self::Halted, "halted"),
    ];
}

/// A vCPU's time, or that of several added up, in TSC cycles.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// In each state.
    pub cycles: [u64; STATES],
    /// Of these, while the host's scheduler had the thread off its CPU though it could run.
    pub preempted: [u64; STATES],
    /// How often each state began.
    pub entered: [u64; STATES],
    /// How often the thread lost its CPU though it could run.
    pub preemptions: u64,
    /// From the first stamp to now, by the clock and not by the states, whose sum it is.
    pub elapsed: u64,
}

/// How many words a [`Times`] has.
pub const WORDS: usize = 3 * STATES + 2;

impl Times {
    /// No time.
    pub const ZERO: Self = Self {
        cycles: [0; STATES],
        preempted: [0; STATES],
        entered: [0; STATES],
        preemptions: 0,
        elapsed: 0,
    };

    /// The sum over the states: what has elapsed, where no cycle is lost and none booked twice.
    pub fn sum(&self) -> u64 {
        sum(&self.cycles)
    }

    /// The cycles for which the thread was off its CPU, whatever it was at.
    pub fn preempted(&self) -> u64 {
        sum(&self.preempted)
    }

    /// Both together.
    pub fn plus(mut self, other: &Self) -> Self {
        for (word, n) in self.words_mut().zip(other.words()) {
            *word = word.wrapping_add(n);
        }
        self
    }

    /// What came since `earlier`, a reading of the same clock. The sum over the states is exactly
    /// the time between the two.
    ///
    /// Either reading may have given a state the cycles since a change that was already under way
    /// on the vCPU's CPU. What a state has too little for that, the longest have too much.
    pub fn since(mut self, earlier: &Self) -> Self {
        let mut lacking = 0u64;
        for (now, before) in self.cycles.iter_mut().zip(&earlier.cycles) {
            lacking = lacking.wrapping_add(before.saturating_sub(*now));
            *now = now.saturating_sub(*before);
        }
        // One after the other: of readings that are close together, none has to have it all.
        for _ in 0..STATES {
            if let Some(longest) = self.cycles.iter_mut().max() {
                let part = lacking.min(*longest);
                *longest = longest.wrapping_sub(part);
                lacking = lacking.wrapping_sub(part);
            }
        }
        for ((now, before), cycles) in self
            .preempted
            .iter_mut()
            .zip(&earlier.preempted)
            .zip(&self.cycles)
        {
            *now = now.saturating_sub(*before).min(*cycles);
        }
        for (now, before) in self.entered.iter_mut().zip(&earlier.entered) {
            *now = now.saturating_sub(*before);
        }
        self.preemptions = self.preemptions.saturating_sub(earlier.preemptions);
        self.elapsed = self.elapsed.saturating_sub(earlier.elapsed);
        self
    }

    /// All of its numbers, in the order of the snapshot.
    pub fn words(&self) -> impl Iterator<Item = u64> + '_ {
        let lists = [&self.cycles, &self.preempted, &self.entered];
        lists
            .into_iter()
            .flatten()
            .copied()
            .chain([self.preemptions, self.elapsed])
    }

    /// As [`Times::words`].
    pub fn words_mut(&mut self) -> impl Iterator<Item = &mut u64> {
        let lists = [&mut self.cycles, &mut self.preempted, &mut self.entered];
        lists
            .into_iter()
            .flatten()
            .chain([&mut self.preemptions, &mut self.elapsed])
    }
}

fn sum(words: &[u64]) -> u64 {
    words.iter().fold(0, |sum, n| sum.wrapping_add(*n))
}

/// Times that are read while they may be set anew, word by word.
#[derive(Default)]
pub struct TimesCell([Counter; WORDS]);

impl TimesCell {
    /// Sets them. Only one at a time may do so.
    pub fn set(&self, times: &Times) {
        for (cell, word) in self.0.iter().zip(times.words()) {
            cell.set(word);
        }
    }

    /// What they are now.
    pub fn get(&self) -> Times {
        let mut times = Times::ZERO;
        for (word, cell) in times.words_mut().zip(&self.0) {
            *word = cell.get();
        }
        times
    }
}
