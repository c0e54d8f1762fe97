// SPDX-License-Identifier: GPL-2.0

//! Reasons taken apart by what their exits were about: `--by`.

use crate::detail::KeyRow;
use crate::grid::{self, Cell, Column, Grid};
use crate::output::{grouped, ratio};
use crate::sheet::Sheet;
use crate::snapshot::{Isa, ReasonRow, Snapshot};
use acct::keys::Kind;
use acct::reasons;
use anyhow::{bail, ensure, Context, Result};
use std::convert::Infallible;
use std::str::FromStr;

/// What to take apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// All reasons that have keys.
    All,
    /// The one of this name or number.
    Reason(String),
}

impl FromStr for By {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(match text {
            "all" => Self::All,
            _ => Self::Reason(text.to_string()),
        })
    }
}

/// Why there is nothing to take apart.
const NOT_NOTED: &str = "nobody has noted what the exits are about: the module runs with detail=0 \
    (as root: `echo 1 > /sys/module/kvm_exit_stats/parameters/detail`), it is one that cannot, \
    or this is a VM's snapshot: the keys are those of the host";

impl By {
    /// The number of the one reason; `None` of all.
    pub fn reason(&self, isa: Isa) -> Result<Option<u32>> {
        let Self::Reason(text) = self else {
            return Ok(None);
        };
        let reason = isa.reason_of(text).with_context(|| {
            format!(
                "there is no exit reason {text}: --by takes one by its name or number, as \
                 `kvm-exits show` has them, or \"all\""
            )
        })?;
        ensure!(
            has_keys(isa, reason),
            "there is nothing to tell one exit of {} from another by; there is for {}",
            isa.reason_name(reason),
            with_keys(isa).join(", ")
        );
        Ok(Some(reason))
    }

    /// The rows of `snapshot` to take apart, each of which has `detail`.
    pub fn rows<'a>(&self, snapshot: &'a Snapshot) -> Result<Vec<&'a ReasonRow>> {
        let isa = snapshot.isa;
        let wanted = self.reason(isa)?;
        let is_wanted = |row: &&ReasonRow| match wanted {
            Some(reason) => row.reason == reason,
            None => has_keys(isa, row.reason),
        };
        let rows: Vec<_> = snapshot.reasons.iter().filter(is_wanted).collect();
        if rows.iter().any(|row| row.detail.is_none()) {
            bail!(NOT_NOTED);
        }
        Ok(rows)
    }
}

fn has_keys(isa: Isa, reason: u32) -> bool {
    Kind::of(isa.into(), reason).is_some()
}

/// The names of the reasons that have keys.
fn with_keys(isa: Isa) -> Vec<&'static str> {
    let all = reasons::Isa::from(isa).all().iter();
    all.filter(|reason| has_keys(isa, reason.number))
        .map(|reason| reason.name)
        .collect()
}

/// Each of `rows` with its keys, for the eye.
pub fn text(isa: Isa, rows: &[&ReasonRow]) -> String {
    each(rows, |row| {
        let table = grid(row).text();
        format!("{}\n\n{table}", title(isa, row))
    })
}

/// The same as Markdown.
pub fn markdown(isa: Isa, rows: &[&ReasonRow]) -> String {
    each(rows, |row| {
        let title = grid::markdown(&title(isa, row));
        format!("### {title}\n\n{}", grid(row).markdown())
    })
}

fn each(rows: &[&ReasonRow], written: impl Fn(&ReasonRow) -> String) -> String {
    if rows.is_empty() {
        return "no such exit has been counted\n".to_string();
    }
    let each = rows.iter().map(|row| written(row));
    each.collect::<Vec<_>>().join("\n")
}

fn title(isa: Isa, row: &ReasonRow) -> String {
    let count = grouped(row.counters.count);
    format!("{} {}: {count}", isa.reason_number(row.reason), row.name)
}

fn grid(row: &ReasonRow) -> Grid {
    let figures = ["count", "share", "cycles", "cycles/exit"].map(Column::figures);
    let mut grid = Grid::new([vec![Column::words("what")], figures.to_vec()].concat());
    for key in keys(row) {
        grid.push(vec![
            Cell::words(&key.name),
            Cell::count(key.count),
            Cell::share(key.count, row.counters.count),
            Cell::count(key.cycles),
            Cell::mean(ratio(key.cycles, key.count)),
        ]);
    }
    grid
}

/// A line per key of each of `rows`.
pub fn csv(rows: &[&ReasonRow]) -> Result<String> {
    let mut sheet = Sheet::new(["reason", "key", "name", "count", "cycles"])?;
    for row in rows {
        for key in keys(row) {
            sheet.line([
                row.reason.into(),
                key.key.as_ref().into(),
                (&key.name).into(),
                key.count.into(),
                key.cycles.into(),
            ])?;
        }
    }
    sheet.text()
}

fn keys(row: &ReasonRow) -> &[KeyRow] {
    row.detail.as_deref().unwrap_or_default()
}
