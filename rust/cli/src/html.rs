// SPDX-License-Identifier: GPL-2.0

//! Pages to look at: one file each, that loads nothing. A page ([`page`]) is made of sections; there
//! is a file for each that has figures, and for each command that writes a page.

mod changes;
pub mod chart;
mod closer;
pub mod compare;
mod counts;
pub mod explain;
mod histogram;
mod keys;
mod page;
mod policy;
pub mod rates;
mod runs;
mod shares;
pub mod show;
mod table;
mod time;
pub mod vms;

use crate::comparison::keys::Keys;
use crate::comparison::{Comparison, Named};
use crate::name::Name;
pub use page::{Page, Section};
use std::collections::BTreeMap;

/// Sentences to be read beside a reason, by its number.
pub type Notes = BTreeMap<u32, Vec<String>>;

/// What the charts are of: one snapshot, or several side by side.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The snapshots.
    pub snapshots: &'a [Named],
    /// What there is to say of them.
    pub comparison: &'a Comparison,
    /// What their exits were about, where they all tell.
    pub keys: Option<&'a Keys>,
    /// What ids within the page begin with, where there are several subjects.
    pub prefix: &'a str,
}

impl Subject<'_> {
    /// What the snapshots are called.
    fn names(&self) -> Vec<Name> {
        let columns = self.comparison.columns.iter();
        columns.map(|column| column.heading.clone()).collect()
    }

    /// The id of what tells `what` of a reason.
    fn id(&self, what: &str, reason: u32) -> String {
        format!("{}{what}-{reason}", self.prefix)
    }

    /// Where the table has that reason.
    fn link(&self, reason: Option<u32>) -> Option<String> {
        reason.map(|reason| format!("#{}", self.id("reason", reason)))
    }
}
