// SPDX-License-Identifier: GPL-2.0

//! What became of a count.

/// What became of a count from the one run to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// There was none before.
    New,
    /// It is more by a twentieth, or more than that.
    More,
    /// Neither more nor less: two runs of the same guest are not the same to the last exit.
    Same,
    /// It is less by a twentieth, or more than that.
    Fewer,
    /// There is none any more.
    Gone,
}

/// Whatever became of it.
pub const ANY: &[Change] = &[
    Change::New,
    Change::More,
    Change::Same,
    Change::Fewer,
    Change::Gone,
];

/// It became more.
pub const UP: &[Change] = &[Change::New, Change::More];

/// It became less.
pub const DOWN: &[Change] = &[Change::Fewer, Change::Gone];

impl Change {
    /// From `before` to `after`; `None` where there is nothing in either.
    pub fn of(before: u64, after: u64) -> Option<Self> {
        let more_by_a_twentieth =
            |a: u64, b: u64| u128::from(b) * 20 >= u128::from(a) * 20 + u128::from(a);
        Some(match (before, after) {
            (0, 0) => return None,
            (0, _) => Self::New,
            (_, 0) => Self::Gone,
            _ if more_by_a_twentieth(before, after) => Self::More,
            _ if more_by_a_twentieth(after, before) => Self::Fewer,
            _ => Self::Same,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twentieth_is_a_change() {
        let change = |before, after| Change::of(before, after).unwrap();
        assert_eq!(Change::of(0, 0), None);
        assert_eq!(change(0, 1), Change::New);
        assert_eq!(change(1, 0), Change::Gone);
        assert_eq!(change(100, 104), Change::Same);
        assert_eq!(change(100, 105), Change::More);
        assert_eq!(change(104, 100), Change::Same);
        assert_eq!(change(105, 100), Change::Fewer);
        assert_eq!(change(u64::MAX, u64::MAX - 1), Change::Same);
    }
}
