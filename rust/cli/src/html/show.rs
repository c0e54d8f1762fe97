// SPDX-License-Identifier: GPL-2.0

//! The page of one snapshot: `kvm-exits show` and `guest`.

use super::table::{self, Rows};
use super::{closer, compare, rates, runs, Notes, Page, Section, Subject};
use crate::budget;
use crate::by::By;
use crate::comparison::keys::Keys;
use crate::comparison::{Comparison, Named, Sort};
use crate::history::History;
use crate::listing;
use crate::snapshot::Snapshot;
use anyhow::Result;
use maud::html;
use std::path::PathBuf;

/// The figures of `snapshot`, and how they came, as far as `history` tells.
pub fn page(title: &str, snapshot: &Snapshot, history: &History) -> Result<Page> {
    let one = One::new(snapshot)?;
    let subject = one.subject("");
    let mut page = Page::new(title);
    if let Some(period) = rates::period(history) {
        page = page.date(&period);
    }
    let sections = sections(&subject, snapshot)?;
    Ok(page
        .facts(runs::markup(&subject))
        .sections(rates::of_recording(history)?)
        .sections(sections)
        .notes(&listing::notes(snapshot)))
}

/// One snapshot, as if there were several.
pub(super) struct One {
    snapshots: [Named; 1],
    comparison: Comparison,
    keys: Option<Keys>,
}

impl One {
    pub(super) fn new(snapshot: &Snapshot) -> Result<Self> {
        let snapshots = [(PathBuf::new(), snapshot.clone())];
        Ok(Self {
            comparison: Comparison::new(&snapshots, Sort::Count, None)?,
            // Where nobody has noted them, there are none.
            keys: Keys::new(&snapshots, &By::All).ok(),
            snapshots,
        })
    }

    pub(super) fn subject<'a>(&'a self, prefix: &'a str) -> Subject<'a> {
        Subject {
            snapshots: &self.snapshots,
            comparison: &self.comparison,
            keys: self.keys.as_ref(),
            prefix,
        }
    }
}

/// The table, the charts, and where the time went.
pub(super) fn sections(subject: &Subject<'_>, snapshot: &Snapshot) -> Result<Vec<Section>> {
    let rows = Rows {
        prefix: subject.prefix,
        notes: &Notes::new(),
        is_closer: &|reason| closer::has(subject, reason),
    };
    let table = table::sortable(&listing::grid(snapshot), rows);
    let id = format!("{}exits", subject.prefix);
    let mut sections = vec![Section::new(&id, "Exits by reason", table)];
    if snapshot.reasons.is_empty() {
        sections[0].body = html! { p { "None has been counted." } };
        return Ok(sections);
    }
    sections.extend(compare::charts(subject)?);
    if let Some(time) = &snapshot.time {
        let id = format!("{}time", subject.prefix);
        if let Some(section) = sections.iter_mut().find(|section| section.id == id) {
            section.body = html! { (section.body) (table::plain(&budget::grid(time))) };
        }
    }
    Ok(sections)
}
