// SPDX-License-Identifier: GPL-2.0

//! What `l2-events` printed: the exits of one kind of event, at L1 and at L0.

use anyhow::{Context, Result};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Exits by name.
pub type Named = BTreeMap<String, i64>;

/// A kind of event, `count` of them.
#[derive(Debug, Deserialize)]
pub struct Event {
    /// Its name.
    pub event: String,
    /// How many.
    pub count: u32,
    /// The time that they took.
    pub cycles: i64,
    /// The exits that the hypervisor of this guest counted: L1's, or with one level L0's.
    pub own: Named,
    /// With two levels, L0's while L2 ran.
    #[serde(default)]
    pub below_l2: Option<Named>,
    /// And while L1 ran.
    #[serde(default)]
    pub below_l1: Option<Named>,
}

impl Event {
    /// Exits of one event at the hypervisor whose guest it was in.
    pub fn own_each(&self) -> f64 {
        self.each(&self.own)
    }

    /// Exits of one event at L0, of both levels.
    pub fn l0_each(&self) -> f64 {
        match (&self.below_l2, &self.below_l1) {
            (Some(l2), Some(l1)) => self.each(l2) + self.each(l1),
            _ => self.own_each(),
        }
    }

    /// Cycles of one event.
    pub fn cycles_each(&self) -> f64 {
        self.cycles as f64 / f64::from(self.count)
    }

    /// What L0's exits are, those that happen at least once in ten events: `2.0 VMREAD`.
    pub fn l0_parts(&self) -> String {
        let each = |(name, n): (&String, &i64)| (name.clone(), *n as f64 / f64::from(self.count));
        let part = |level: &str, counts: &Named| {
            let mut parts: Vec<_> = counts.iter().map(each).filter(|(_, n)| *n >= 0.1).collect();
            parts.sort_by(|a, b| b.1.total_cmp(&a.1));
            let parts: Vec<_> = parts
                .iter()
                .map(|(name, n)| format!("{n:.1} {name}"))
                .collect();
            match parts.is_empty() {
                true => None,
                false => Some(format!("{level}: {}", parts.join(", "))),
            }
        };
        let levels = match (&self.below_l2, &self.below_l1) {
            (Some(l2), Some(l1)) => vec![part("L2", l2), part("L1", l1)],
            _ => vec![part("L1", &self.own)],
        };
        let levels: Vec<_> = levels.into_iter().flatten().collect();
        if levels.is_empty() {
            "none".to_string()
        } else {
            levels.join("; ")
        }
    }

    fn each(&self, counts: &Named) -> f64 {
        counts.values().sum::<i64>() as f64 / f64::from(self.count)
    }
}

/// The lines `event: {...}` of the console.
pub fn parse(log: &str) -> Result<Vec<Event>> {
    log.lines()
        .filter_map(|line| line.strip_prefix("event: "))
        .map(|json| serde_json::from_str(json).with_context(|| format!("event: {json}")))
        .collect()
}
