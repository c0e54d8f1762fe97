// SPDX-License-Identifier: GPL-2.0

//! What the exits were about, key by key.

use super::tally::{self, Tally};
use crate::text::number;
use acct::keys::Kind;
use anyhow::Result;
use kvm_exits::detail::KeyRow;
use kvm_exits::name::Name;
use kvm_exits::snapshot::{Isa, ReasonRow, Snapshot};
use serde::Serialize;
use std::collections::BTreeMap;

/// The keys of one reason.
#[derive(Debug, Serialize)]
pub struct Reason {
    /// The basic exit reason.
    pub reason: u32,
    /// KVM's name for it.
    pub name: String,
    /// Its exits, by the module.
    pub count: u64,
    /// The sum over the module's keys, with what it has as other, less that.
    pub difference: i64,
    /// Of these, what the module has no key for.
    pub other: u64,
    /// Exits of which an event should tell what they were about, and none does: any key may have
    /// them. KVM has nothing to tell of what it hands to L1.
    pub untold: u64,
    /// Exits handed to L1.
    pub reflected: u64,
    /// Each key that anybody has.
    pub rows: Vec<Row>,
}

/// One key.
#[derive(Debug, Serialize)]
pub struct Row {
    /// As the module has it, in hexadecimal.
    pub key: String,
    /// The same in words, where the module has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    /// By the module.
    pub module: u64,
    /// By the tracepoints, where these tell it of any exit of the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracepoint: Option<u64>,
    /// The one less the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<i64>,
}

/// Every reason that has keys.
pub fn compare(module: &Snapshot, traced: &Tally) -> Result<Vec<Reason>> {
    let isa = module.isa;
    let nothing = tally::Reason::default();
    let rows = module.reasons.iter();
    rows.filter(|row| Kind::of(isa.into(), row.reason).is_some() && row.counters.count != 0)
        .map(|row| {
            let traced = traced.reasons.get(&row.reason).unwrap_or(&nothing);
            let keys = row.detail.as_deref().unwrap_or_default();
            Reason::new(isa, row, keys, traced)
        })
        .collect()
}

impl Reason {
    fn new(
        isa: Isa,
        &ReasonRow {
            reason, counters, ..
        }: &ReasonRow,
        keys: &[KeyRow],
        traced: &tally::Reason,
    ) -> Result<Self> {
        let told = traced.silent == 0;
        let mut rows = BTreeMap::<u64, Row>::new();
        let row = |key: u64| Row {
            key: format!("{key:#x}"),
            name: None,
            module: 0,
            tracepoint: told.then_some(0),
            difference: None,
        };
        let mut other = 0;
        for KeyRow {
            key, name, count, ..
        } in keys
        {
            let Some(key) = key else {
                other += count;
                continue;
            };
            let key = number(&key.to_string())?;
            let row = rows.entry(key).or_insert_with(|| row(key));
            row.name = Some(name.clone());
            row.module += count;
        }
        for (&key, &count) in &traced.keys {
            rows.entry(key).or_insert_with(|| row(key)).tracepoint = Some(count);
        }
        for row in rows.values_mut() {
            row.difference = row.tracepoint.map(|n| super::difference(row.module, n));
        }
        let sum = keys.iter().fold(0, |sum, key| sum + key.count);
        Ok(Self {
            reason,
            name: isa.reason_name(reason),
            count: counters.count,
            difference: super::difference(sum, counters.count),
            other,
            untold: traced.untold,
            reflected: counters.l2_reflected.unwrap_or_default(),
            rows: rows.into_values().collect(),
        })
    }

    /// What is wrong with it, where there is room for all keys.
    pub fn room_problem(&self) -> Option<String> {
        let Self {
            reason,
            name,
            other,
            ..
        } = self;
        (*other != 0).then(|| format!("{reason} {name}: {other} exits found no room"))
    }

    /// What is wrong with it.
    pub fn problems(&self) -> Vec<String> {
        let what = format!("{} {}", self.reason, self.name);
        let mut problems = Vec::new();
        if self.difference != 0 {
            problems.push(format!(
                "{what}: its keys sum up to {:+} of {} exits",
                self.difference, self.count
            ));
        }
        if self.untold > self.reflected {
            problems.push(format!(
                "{what}: nothing tells what {} exits were about, {} were handed to L1",
                self.untold, self.reflected
            ));
        }
        // What no event tells may be any key's, but is no more than there is of it; what found no
        // room has no key at all.
        let (mut untold, mut other) = (self.untold as i64, self.other as i64);
        for row in &self.rows {
            let (Some(tracepoint), Some(difference)) = (row.tracepoint, row.difference) else {
                continue;
            };
            let left = match row.module {
                0 => &mut other,
                _ => &mut untold,
            };
            let explained = (row.module == 0) == (difference < 0);
            let beyond = difference.abs();
            if difference != 0 && (!explained || beyond > *left) {
                let name = row.name.as_ref();
                problems.push(format!(
                    "{what}, {}: counted {}, traced {tracepoint} times: {difference:+}",
                    name.map_or(row.key.clone(), Name::to_string),
                    row.module,
                ));
            } else {
                *left -= beyond;
            }
        }
        problems
    }
}
