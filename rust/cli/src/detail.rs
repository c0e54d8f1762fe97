// SPDX-License-Identifier: GPL-2.0

//! What a reason's exits were about, as a snapshot has it.

use crate::name::Name;
use acct::detail::Booked;
use acct::keys::{Kind, Words};
use acct::msr_names;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// What [`KeyRow::name`] is of what has no key.
pub const OTHER: &str = "other";

/// The exits of one reason that were about the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRow {
    /// What tells them from others, in hexadecimal; that of all others has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Name>,
    /// The key in words, or [`OTHER`].
    pub name: Name,
    /// How many exits.
    pub count: u64,
    /// Their cycles.
    pub cycles: u64,
}

impl KeyRow {
    /// The key as a number, if it has one.
    pub fn number(&self) -> Option<u64> {
        let key = self.key.as_ref()?.to_string();
        u64::from_str_radix(key.strip_prefix("0x")?, 16).ok()
    }
}

/// Each key with the sum over the CPUs, those of most exits first; last what is left of `all`,
/// which came before keys were noted, or found no room.
pub fn rows(kind: Kind, keys: &BTreeMap<u64, Booked>, all: Booked) -> Vec<KeyRow> {
    let mut rest = all;
    let mut sorted: Vec<_> = keys.iter().collect();
    sorted.sort_by_key(|(_, booked)| Reverse(booked.count));
    let mut rows = Vec::new();
    for (&key, &Booked { count, cycles }) in sorted {
        rest.count = rest.count.saturating_sub(count);
        rest.cycles = rest.cycles.saturating_sub(cycles);
        rows.push(KeyRow {
            key: Some(format!("{key:#x}").into()),
            name: name(kind, key).into(),
            count,
            cycles,
        });
    }
    if rest != Booked::default() {
        rows.push(KeyRow {
            key: None,
            name: OTHER.into(),
            count: rest.count,
            cycles: rest.cycles,
        });
    }
    rows
}

/// `key` in words, and what the register is called.
fn name(kind: Kind, key: u64) -> String {
    let called = match kind {
        // The upper half is the direction, or nothing.
        Kind::Msr | Kind::MsrEither => msr_names::name(key as u32),
        Kind::ApicRegister => msr_names::apic_register(key as u32),
        _ => None,
    };
    let words = Words(kind, key);
    called.map_or_else(|| words.to_string(), |called| format!("{words} {called}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_have_names() {
        assert_eq!(name(Kind::Msr, 0x6e0), "MSR 0x6e0 TSC_DEADLINE");
        assert_eq!(name(Kind::Msr, 0x83f), "MSR 0x83f APIC_SELF_IPI");
        assert_eq!(name(Kind::Msr, 0xdead), "MSR 0xdead");
        let write = 0xc000_0080 | 1 << 32;
        assert_eq!(name(Kind::MsrEither, write), "MSR 0xc0000080 write EFER");
        assert_eq!(name(Kind::ApicRegister, 0xb0), "APIC 0xb0 APIC_EOI");
        // No MSR, whatever the number.
        assert_eq!(name(Kind::Hypercall, 0x10), "hypercall 16");
    }

    #[test]
    fn what_is_left_comes_last() {
        let booked = |count, cycles| Booked { count, cycles };
        let keys = BTreeMap::from([(1, booked(2, 10)), (2, booked(3, 30)), (3, booked(2, 5))]);
        let shown = |all| -> Vec<_> {
            let rows = rows(Kind::Invalidation, &keys, all).into_iter();
            rows.map(|row| (row.name.to_string(), row.count, row.cycles))
                .collect()
        };
        let known = [("type 2", 3, 30), ("type 1", 2, 10), ("type 3", 2, 5)]
            .map(|(name, count, cycles)| (name.to_string(), count, cycles));
        assert_eq!(shown(booked(7, 45)), known);
        let mut with_other = known.to_vec();
        with_other.push(("other".to_string(), 93, 955));
        assert_eq!(shown(booked(100, 1_000)), with_other);
    }
}
