// SPDX-License-Identifier: GPL-2.0

//! When to look again: at the beat of an interval, which does not drift.

use std::time::{Duration, Instant};

/// Beats that are an interval apart, however long it takes to do what is to be done at each.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    interval: Duration,
    next: Instant,
}

impl Pace {
    /// The first beat is now.
    pub fn new(interval: Duration, now: Instant) -> Self {
        Self {
            interval,
            next: now,
        }
    }

    /// How long it is until the next beat.
    pub fn remaining(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }

    /// The beat that was due is done. Those that were missed meanwhile are left out.
    pub fn done(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.next).as_nanos();
        let missed = late.checked_div(self.interval.as_nanos()).unwrap_or(0);
        let beats = u32::try_from(missed + 1).unwrap_or(u32::MAX);
        self.next += self.interval.saturating_mul(beats);
    }
}

/// Reads the value of `--interval`: seconds.
pub fn interval(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds")?;
    if (0.1..=86_400.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err("between 0.1 s and a day, please".to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_checked() {
        assert_eq!(interval("0.5"), Ok(Duration::from_millis(500)));
        for wrong in ["0", "-1", "NaN", "inf", "1s", ""] {
            assert!(interval(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn it_does_not_drift() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let left = |pace: &Pace, ms| pace.remaining(at(ms)).as_millis();
        let mut pace = Pace::new(Duration::from_millis(100), start);
        assert_eq!(left(&pace, 0), 0);
        // Each is late by some milliseconds, and the next is not.
        for (now, remaining) in [(3, 97), (107, 93), (201, 99), (399, 1)] {
            pace.done(at(now));
            assert_eq!(left(&pace, now), remaining, "at {now}");
        }
        // The host was asleep: one beat is made up for, and not as many as were missed.
        assert_eq!(left(&pace, 5_030), 0);
        pace.done(at(5_030));
        assert_eq!(left(&pace, 5_030), 70);
    }
}
