// SPDX-License-Identifier: GPL-2.0

//! A vCPU's time, read out: what two readings have between them, and how it is kept.

use acct::times::{State, Times, TimesCell, STATES, WORDS};
use proptest::prelude::*;

/// Cycles, of these preempted, and how often, state by state.
fn times() -> impl Strategy<Value = Times> {
    let words = prop::collection::vec(0u64..1 << 40, WORDS);
    words.prop_map(|words| {
        let mut times = Times::ZERO;
        times.words_mut().zip(words).for_each(|(word, n)| *word = n);
        times
    })
}

fn of(cycles: [u64; STATES]) -> Times {
    Times {
        cycles,
        ..Times::ZERO
    }
}

proptest! {
    #[test]
    fn what_was_added_came_since(earlier in times(), mut added in times()) {
        for (preempted, cycles) in added.preempted.iter_mut().zip(added.cycles) {
            *preempted = (*preempted).min(cycles);
        }
        let now = earlier.plus(&added);
        prop_assert_eq!(now.since(&earlier), added);
        prop_assert_eq!(now.sum(), earlier.sum() + added.sum());
        prop_assert_eq!(now.preempted(), earlier.preempted() + added.preempted());
    }

    /// A reading may have given `exit` what the next one knows was the guest's.
    #[test]
    fn the_sum_is_the_time_between(earlier in times(), now in times(), more in 0u64..1 << 20) {
        let mut now = now;
        let lacking = earlier.sum().saturating_sub(now.sum());
        now.cycles[State::Guest as usize] += lacking + more;
        let between = now.since(&earlier);
        prop_assert_eq!(between.sum(), now.sum() - earlier.sum());
        for (preempted, cycles) in between.preempted.iter().zip(between.cycles) {
            prop_assert!(*preempted <= cycles);
        }
    }

    #[test]
    fn a_cell_keeps_all_of_it(times in times()) {
        let cell = TimesCell::default();
        prop_assert_eq!(cell.get(), Times::ZERO);
        cell.set(&times);
        prop_assert_eq!(cell.get(), times);
    }
}

#[test]
fn no_state_is_negative() {
    let earlier = of([100, 50, 10, 0, 0]);
    let now = of([190, 40, 10, 0, 0]);
    assert_eq!(now.since(&earlier), of([80, 0, 0, 0, 0]));
    // Of what entry lacks, neither guest nor exit has enough.
    let earlier = of([0, 0, 300, 0, 0]);
    let now = of([200, 150, 0, 0, 0]);
    assert_eq!(now.since(&earlier).sum(), 50);
    assert_eq!(earlier.since(&earlier), Times::ZERO);
}

#[test]
fn states_are_numbered_as_the_leaf_does() {
    for (at, (state, _)) in State::ALL.into_iter().enumerate() {
        assert_eq!(state as usize, at);
    }
    assert_eq!(
        State::ALL.map(|(_, name)| name),
        ["guest", "exit", "entry", "vmm", "halted"]
    );
}
