// SPDX-License-Identifier: GPL-2.0

//! Where the time went, for the eye: a table, a bar, a line.

use crate::grid::{Cell, Column, Grid};
use crate::output::{ratio, share};
use crate::time::Time;
use acct::times::STATES;

/// Columns of the bar, which is between brackets.
const WIDTH: u64 = 76;

/// What the bar has of each state, in their order.
const GLYPHS: [char; STATES] = ['#', 'x', 'e', 'v', '.'];

/// What to know of [`grid()`].
pub const NOTES: &str = "\
guest: between VM entry and VM exit; exit: from there until KVM has dealt with it; entry: from
there, or from KVM_RUN, to the next VM entry; vmm: between two KVM_RUNs; halted: waiting.
preempted: the part of all these in which the host's scheduler had the thread off its CPU.
";

/// State by state: cycles, share, how often, and the mean.
pub fn grid(time: &Time) -> Grid {
    let figures = ["cycles", "share", "entered", "cycles/entered"].map(Column::figures);
    let mut grid = Grid::new([vec![Column::words("state")], figures.to_vec()].concat());
    let mut row = |name: &str, cycles: u64, entered: Option<u64>| {
        let none = || Cell::words("");
        grid.push(vec![
            Cell::words(name),
            Cell::count(cycles),
            Cell::share(cycles, time.elapsed),
            entered.map_or_else(none, Cell::count),
            entered.map_or_else(none, |n| Cell::mean(ratio(cycles, n))),
        ]);
    };
    let entered = time.entered.map(|entered| entered.states.each());
    for (at, (name, cycles)) in time.cycles.each().into_iter().enumerate() {
        row(name, cycles, entered.map(|entered| entered[at].1));
        // What an exit costs, whatever else the host had to do.
        if let ("exit", Some(preempted)) = (name, time.preempted_in) {
            let cycles = cycles.saturating_sub(preempted.exit);
            row("exit, not preempted", cycles, None);
        }
    }
    row("elapsed", time.elapsed, None);
    let entered = time.entered.map(|entered| entered.preempted);
    row("of which preempted", time.preempted, entered);
    grid
}

/// The shares as a bar of one line, and a line that says which is which.
pub fn bar(time: &Time) -> String {
    let bar: String = widths(time)
        .into_iter()
        .zip(GLYPHS)
        .flat_map(|(width, glyph)| std::iter::repeat_n(glyph, width as usize))
        .collect();
    let states = time.cycles.each().into_iter().zip(GLYPHS);
    let legend = states.map(|((name, _), glyph)| format!("{glyph} {name}"));
    format!("[{bar}]\n {}\n", legend.collect::<Vec<_>>().join("   "))
}

/// How wide each state is. What there is at all can be seen; the widest gives it the room.
fn widths(time: &Time) -> [u64; STATES] {
    let cycles = time.cycles.each().map(|(_, cycles)| cycles);
    // Not what has elapsed, which a damaged snapshot can have anything for.
    let whole: u128 = cycles.into_iter().map(u128::from).sum();
    let wide = |cycles: u64| {
        let exact = u128::from(cycles) * u128::from(WIDTH);
        exact.checked_div(whole).unwrap_or(0) as u64
    };
    let mut widths = cycles.map(|cycles| wide(cycles).max(u64::from(cycles > 0)));
    let sum: u64 = widths.iter().sum();
    if let Some(widest) = widths.iter_mut().max().filter(|widest| **widest > 0) {
        *widest = (*widest + WIDTH).saturating_sub(sum);
    }
    widths
}

/// "guest 41.7%, exit 8.3%, …; of which preempted 10.0%"
pub fn line(time: &Time) -> String {
    let states = time.cycles.each();
    let shares = states.map(|(name, cycles)| format!("{name} {}", share(cycles, time.elapsed)));
    let preempted = share(time.preempted, time.elapsed);
    format!("{}; of which preempted {preempted}", shares.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::States;
    use proptest::prelude::*;

    fn time(cycles: [u64; STATES]) -> Time {
        Time {
            elapsed: cycles.iter().sum(),
            cycles: States::from(cycles),
            ..Time::default()
        }
    }

    proptest! {
        #[test]
        fn the_bar_is_as_wide_as_it_should_be(
            cycles in prop::array::uniform5((any::<u32>(), 0u32..40).prop_map(|(n, s)| {
                u64::from(n) << 20 >> s
            })),
        ) {
            let time = time(cycles);
            let widths = widths(&time);
            let expected = if time.elapsed == 0 { 0 } else { WIDTH };
            prop_assert_eq!(widths.iter().sum::<u64>(), expected);
            for (width, cycles) in widths.into_iter().zip(cycles) {
                prop_assert_eq!(width > 0, cycles > 0);
                let exact = cycles as f64 * WIDTH as f64 / time.elapsed.max(1) as f64;
                prop_assert!((width as f64 - exact).abs() <= 4.0, "{width} {exact}");
            }
            prop_assert!(bar(&time).lines().all(|line| line.len() <= 80));
        }
    }

    #[test]
    fn the_bar_is_no_wider_where_the_sum_is_wrong() {
        let mut time = time([5; STATES]);
        time.elapsed = 1;
        assert_eq!(widths(&time).iter().sum::<u64>(), WIDTH);
        time.cycles = States::from([u64::MAX; STATES]);
        assert_eq!(widths(&time).iter().sum::<u64>(), WIDTH);
    }

    #[test]
    fn of_no_time_there_are_no_shares() {
        assert!(bar(&time([0; STATES])).starts_with("[]\n"));
        assert!(line(&time([0; STATES])).starts_with("guest -, exit -"));
    }

    #[test]
    fn a_line_has_all_shares() {
        let mut time = time([500, 200, 100, 150, 50]);
        time.preempted = 10;
        assert_eq!(
            line(&time),
            "guest 50.0%, exit 20.0%, entry 10.0%, vmm 15.0%, halted 5.0%; of which preempted 1.0%"
        );
    }
}
