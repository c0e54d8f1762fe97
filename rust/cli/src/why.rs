// SPDX-License-Identifier: GPL-2.0

//! Why a guest exits more or less often under shadow paging than under EPT or NPT: sentences, with
//! the figures of the very runs that they are about. What can be said is one list, `why/vmx.rs` and
//! `why/svm.rs`; of a reason that is not in it, or that did something else, nothing is said.

mod change;
mod figures;
mod says;
mod svm;
mod texts;
mod vmx;

use crate::comparison::Named;
use crate::snapshot::{Isa, Snapshot};
pub use change::Change;
use figures::Figures;
use says::Why;
use std::collections::BTreeMap;

/// What is known of one run.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The counters that are compared.
    pub snapshot: &'a Snapshot,
    /// Those of the host, of the same generation, over all of the guest's life: they may have keys.
    pub life: Option<&'a Snapshot>,
}

impl<'a> From<&'a Snapshot> for Run<'a> {
    /// A snapshot with keys is its own life.
    fn from(snapshot: &'a Snapshot) -> Self {
        let has_keys = snapshot.reasons.iter().any(|row| row.detail.is_some());
        Self {
            snapshot,
            life: has_keys.then_some(snapshot),
        }
    }
}

/// A run under EPT or NPT, and one under shadow paging.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    nested: Run<'a>,
    shadow: Run<'a>,
}

impl<'a> Pair<'a> {
    /// `None` where paging is not what changed between them, or is not all: of a guest that had a
    /// guest of its own, this list knows nothing.
    pub fn new(nested: Run<'a>, shadow: Run<'a>) -> Option<Self> {
        let (a, b) = (nested.snapshot, shadow.snapshot);
        let is_plain = |s: &Snapshot| s.total.l2_count.unwrap_or(0) == 0;
        let is_pair = a.paging.tdp && !b.paging.tdp && a.isa == b.isa && a.scope == b.scope;
        (is_pair && is_plain(a) && is_plain(b)).then_some(Self { nested, shadow })
    }

    /// Of the columns of a comparison the first, and the first under shadow paging.
    pub fn of(runs: &[Run<'a>]) -> Option<Self> {
        let (first, others) = runs.split_first()?;
        let shadow = others.iter().find(|run| !run.snapshot.paging.tdp)?;
        Self::new(*first, *shadow)
    }

    /// As [`Pair::of()`], of snapshots alone.
    pub fn of_snapshots(snapshots: &'a [Named]) -> Option<Self> {
        let runs: Vec<_> = snapshots.iter().map(|(_, s)| Run::from(s)).collect();
        Self::of(&runs)
    }

    /// What there is to say, by reason.
    pub fn sentences(&self) -> BTreeMap<u32, Vec<String>> {
        let each = list(self.nested.snapshot.isa).iter().map(|why| {
            let figures = Figures::new(self, why.reason);
            let change = figures.change();
            let fitting = why
                .says
                .iter()
                .filter(|says| change.is_some_and(|change| says.on.contains(&change)));
            let said: Vec<_> = fitting.filter_map(|says| figures.say(says)).collect();
            (why.reason, said)
        });
        each.filter(|(_, said)| !said.is_empty()).collect()
    }
}

fn list(isa: Isa) -> &'static [Why] {
    match isa {
        Isa::Vmx => vmx::LIST,
        Isa::Svm => svm::LIST,
    }
}

#[cfg(test)]
mod tests;
