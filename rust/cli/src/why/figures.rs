// SPDX-License-Identifier: GPL-2.0

//! The figures that a sentence takes from the runs.

use super::says::{Keys, Need, Says, Side};
use super::{Change, Pair};
use crate::comparison::proportion;
use crate::output::{grouped, mean, ratio, share};
use crate::snapshot::{Counters, Isa, Snapshot};

/// The figures of one reason.
pub struct Figures<'a> {
    pair: &'a Pair<'a>,
    reason: u32,
    before: Counters,
    after: Counters,
}

impl<'a> Figures<'a> {
    pub fn new(pair: &'a Pair<'a>, reason: u32) -> Self {
        let counters = |snapshot: &Snapshot| {
            let row = snapshot.row(reason);
            row.map(|row| row.counters).unwrap_or_default()
        };
        Self {
            pair,
            reason,
            before: counters(pair.nested.snapshot),
            after: counters(pair.shadow.snapshot),
        }
    }

    pub fn change(&self) -> Option<Change> {
        Change::of(self.before.count, self.after.count)
    }

    /// The sentence with its figures, if what it needs is so.
    pub fn say(&self, says: &Says) -> Option<String> {
        let mut extra = Vec::new();
        for need in says.needs {
            extra.extend(self.need(need)?);
        }
        fill(says.text, |name| {
            let extra = extra.iter().find(|(known, _)| *known == name);
            extra
                .map(|(_, figure)| figure.clone())
                .or_else(|| self.figure(name))
        })
    }

    /// What the need adds to the figures; `None` where it is not met.
    fn need(&self, need: &Need) -> Option<Option<(&'static str, String)>> {
        let (nested, shadow) = (self.pair.nested.snapshot, self.pair.shadow.snapshot);
        let holds = |is: bool| is.then_some(None);
        match need {
            Need::Longer => {
                let elapsed = |s: &Snapshot| s.time.as_ref().map(|time| time.elapsed);
                let (before, after) = (elapsed(nested)?, elapsed(shadow)?);
                (Change::of(before, after)? == Change::More)
                    .then(|| Some(("longer", times(before, after))))
            }
            Need::Restricted => {
                holds(nested.paging.unrestricted_guest && !shadow.paging.unrestricted_guest)
            }
            Need::Emulated => holds(nested.is_emulated() && shadow.is_emulated()),
            Need::Less => holds(self.after.count < self.before.count),
            Need::Other(reason) => match shadow.count(*reason) {
                0 => None,
                count => Some(Some(("other", grouped(count)))),
            },
            Need::Keys(keys) => match self.keys(keys)? {
                0 => None,
                count => Some(Some((keys.name, grouped(count)))),
            },
        }
    }

    fn life(&self, side: Side) -> Option<&'a Snapshot> {
        match side {
            Side::Nested => self.pair.nested.life,
            Side::Shadow => self.pair.shadow.life,
        }
    }

    fn keys(&self, keys: &Keys) -> Option<u64> {
        let detail = self.life(keys.of)?.row(keys.reason)?.detail.as_ref()?;
        let fitting = detail
            .iter()
            .filter(|row| row.number().is_some_and(keys.is));
        Some(fitting.map(|row| row.count).fold(0, u64::saturating_add))
    }

    /// What every sentence can name.
    fn figure(&self, name: &str) -> Option<String> {
        let total = self.pair.shadow.snapshot.total;
        let per_exit = |counters: &Counters| mean(ratio(counters.cycles, counters.count));
        Some(match name {
            "tdp" => match self.pair.nested.snapshot.isa {
                Isa::Vmx => "EPT".to_string(),
                Isa::Svm => "NPT".to_string(),
            },
            "before" => grouped(self.before.count),
            "after" => grouped(self.after.count),
            "ratio" => times(self.before.count, self.after.count),
            "share" => share(self.after.count, total.count),
            "mean" => per_exit(&self.after),
            "mean_of_all" => per_exit(&total),
            "life" => grouped(self.life(Side::Shadow)?.count(self.reason)),
            _ => return None,
        })
    }
}

/// "1.84", of "1.84 times as long".
fn times(before: u64, after: u64) -> String {
    let text = proportion(before, after);
    text.strip_suffix('x').unwrap_or(&text).to_string()
}

/// `text` with each name in braces replaced; `None` where one is not known.
fn fill(text: &str, figure: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut parts = text.split('{');
    let mut filled = parts.next()?.to_string();
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        filled += &figure(name)?;
        filled += rest;
    }
    Some(filled)
}
