// SPDX-License-Identifier: GPL-2.0

//! The page of `kvm-exits compare`: snapshots side by side.

use super::table::{self, Rows};
use super::{changes, closer, counts, runs, shares, time, Notes, Page, Section, Subject};
use crate::by::By;
use crate::comparison::keys::Keys;
use crate::comparison::{time as states, Comparison, Named};
use anyhow::Result;

/// Snapshots side by side, with `notes` below their reasons.
pub fn page(snapshots: &[Named], comparison: &Comparison, notes: &Notes) -> Result<Page> {
    // Where not all of them tell, there is nothing to set side by side.
    let keys = Keys::new(snapshots, &By::All).ok();
    let subject = Subject {
        snapshots,
        comparison,
        keys: keys.as_ref(),
        prefix: "",
    };
    Ok(Page::new(&title(comparison))
        .warnings(&comparison.warnings)
        .facts(runs::markup(&subject))
        .sections(sections(&subject, notes)?)
        .notes(&comparison.notes()))
}

/// "VM exits: EPT, shadow"
pub fn title(comparison: &Comparison) -> String {
    let columns = comparison.columns.iter();
    let headings: Vec<_> = columns.map(|c| c.heading.to_string()).collect();
    format!("VM exits: {}", headings.join(" · "))
}

/// What the page has: `exits`, `changes`, `counts`, `shares`, `time`, `closer`, as far as there is
/// anything of it, by their ids.
pub fn sections(subject: &Subject<'_>, notes: &Notes) -> Result<Vec<Section>> {
    let comparison = subject.comparison;
    let rows = Rows {
        prefix: subject.prefix,
        notes,
        is_closer: &|reason| closer::has(subject, reason),
    };
    let table = table::sortable(&comparison.grid(), rows);
    let mut sections = vec![Section::new(
        &format!("{}exits", subject.prefix),
        "Exits by reason",
        table,
    )];
    sections.extend(changes::section(subject));
    sections.extend(charts(subject)?);
    Ok(sections)
}

/// The charts that there are of one snapshot, too.
pub(super) fn charts(subject: &Subject<'_>) -> Result<Vec<Section>> {
    let Subject {
        comparison, prefix, ..
    } = subject;
    let section = |id: &str, title: &str, body| Section::new(&format!("{prefix}{id}"), title, body);
    let mut sections = vec![
        section("counts", "How often", counts::chart(subject)?),
        section("shares", "What it took", shares::chart(subject)?),
    ];
    if let Some(time) = &comparison.time {
        let mut body = time::chart(subject, time)?;
        // Of one snapshot there is a table that tells more.
        if comparison.columns.len() > 1 {
            let table = table::plain(&states::grid(time, &comparison.columns));
            body = maud::html! { (body) (table) };
        }
        sections.push(section("time", "Where the time went", body));
    }
    sections.extend(closer::section(subject)?);
    Ok(sections)
}
