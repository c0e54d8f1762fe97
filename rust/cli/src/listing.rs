// SPDX-License-Identifier: GPL-2.0

//! One snapshot, reason by reason, as a table and as CSV.

use crate::grid::{self, Cell, Column, Grid, Row};
use crate::output::{self, grouped};
use crate::percentile;
use crate::sheet::{Field, Sheet};
use crate::snapshot::{Counters, Snapshot};
use anyhow::Result;
use std::cmp::Reverse;
use std::time::Duration;

/// The columns that a histogram fills: per cent of the exits, heading.
const PERCENTILES: [(u32, &str); 4] = [(50, "p50"), (90, "p90"), (99, "p99"), (100, "max")];

/// The column of the exits that led out to the VMM.
const TO_VMM: &str = "to VMM";

/// What the figures are of: "EPT; generation 3; …".
pub fn heading(snapshot: &Snapshot) -> String {
    let mut parts = vec![
        snapshot.paging.heading(snapshot.isa),
        format!("generation {}", snapshot.generation),
    ];
    parts.extend(
        snapshot
            .tsc_khz
            .map(|khz| format!("TSC {} kHz", grouped(khz))),
    );
    parts.extend(
        snapshot
            .kernel
            .as_ref()
            .map(|release| format!("Linux {release}")),
    );
    parts.join("; ")
}

/// Whose they are, of a VM: "pid 4711 (qemu-system-x86), 2 vCPUs: 12,345 exits".
pub fn title(snapshot: &Snapshot) -> String {
    let Some(vm) = &snapshot.vm else {
        return String::new();
    };
    let plural = |n: u64| if n == 1 { "" } else { "s" };
    format!(
        "pid {} ({}), {} vCPU{}: {} exit{}",
        vm.pid,
        vm.name,
        vm.vcpus,
        plural(vm.vcpus.into()),
        grouped(snapshot.total.count),
        plural(snapshot.total.count),
    )
}

/// The reasons with the largest count first, and the total. Columns that would hold nothing but
/// zeros, or nothing at all, are left out.
pub fn grid(snapshot: &Snapshot) -> Grid {
    grid_over(snapshot, None)
}

/// The same of what came in so much time, with its rate.
pub fn grid_over(snapshot: &Snapshot, elapsed: Option<Duration>) -> Grid {
    let total = &snapshot.total;
    let has = |counter: Option<u64>| counter.unwrap_or(0) > 0;
    let (nested, reflected) = (has(total.l2_count), has(total.l2_reflected));
    let led_out = has(total.vmm_count);
    let timed = has_histograms(snapshot);

    let mut columns = vec![Grid::REASON, Column::words("name")];
    columns.push(Column::figures("count"));
    columns.extend(elapsed.map(|_| Column::figures("exits/s")));
    columns.extend(["share", "cycles", "cycles/exit"].map(Column::figures));
    if timed {
        columns.extend(PERCENTILES.map(|(_, heading)| Column::figures(heading)));
    }
    if led_out {
        columns.push(Column::figures(TO_VMM));
    }
    if nested {
        columns.extend(["L2 count", "L2 cycles"].map(Column::figures));
    }
    if reflected {
        columns.push(Column::figures("reflected"));
    }
    let mut grid = Grid::new(columns);

    let cells = |first: [Cell; 2], c: &Counters, histogram: &[u64]| {
        let mut cells = first.to_vec();
        cells.push(Cell::count(c.count));
        cells.extend(elapsed.map(|elapsed| Cell::rate(c.count, elapsed)));
        cells.extend([
            Cell::share(c.count, total.count),
            Cell::count(c.cycles),
            Cell::mean(c.cycles_per_exit()),
        ]);
        if timed {
            cells.extend(PERCENTILES.map(|(p, _)| bound(percentile::below(histogram, p))));
        }
        let optional = |n: Option<u64>| Cell::count(n.unwrap_or(0));
        if led_out {
            cells.push(optional(c.vmm_count));
        }
        if nested {
            cells.extend([c.l2_count, c.l2_cycles].map(optional));
        }
        if reflected {
            cells.push(optional(c.l2_reflected));
        }
        cells
    };
    let mut reasons: Vec<_> = snapshot.reasons.iter().collect();
    reasons.sort_by_key(|r| (Reverse(r.counters.count), r.reason));
    for r in reasons {
        let histogram = r.histogram.as_deref().unwrap_or_default();
        let number = snapshot.isa.reason_number(r.reason);
        let number = Cell::figure(number, Some(r.reason.into()));
        grid.rows.push(Row {
            reason: Some(r.reason),
            cells: cells([number, Cell::words(&r.name)], &r.counters, histogram),
        });
    }
    let histograms = snapshot.reasons.iter();
    let all = percentile::sum(histograms.filter_map(|r| r.histogram.as_deref()));
    grid.total = cells([Cell::words(""), Cell::words("total")], total, &all);
    grid
}

/// [`grid()`], and what to know of it.
pub fn text(snapshot: &Snapshot) -> String {
    grid(snapshot).text() + "\n" + &notes(snapshot)
}

/// The same as Markdown.
pub fn markdown(snapshot: &Snapshot) -> String {
    grid(snapshot).markdown() + "\n" + &grid::markdown_lines(&notes(snapshot))
}

/// What to know of the columns of [`grid()`].
pub fn notes(snapshot: &Snapshot) -> String {
    let mut notes = output::note_on_cycles(snapshot.is_emulated()).to_string() + "\n";
    if has_histograms(snapshot) {
        notes +=
            "p50, p90, p99, max are upper bounds, powers of two: so many per cent of the exits \
                  (max: all of them) took fewer cycles.\n";
    }
    if snapshot.total.vmm_count.unwrap_or(0) > 0 {
        notes += "to VMM: the exits after which KVM_RUN returned to the VMM.\n";
    }
    notes
}

/// The headings of what [`csv_lines()`] adds.
pub const CSV_HEADINGS: [&str; 14] = [
    "reason",
    "name",
    "count",
    "cycles",
    "l2_count",
    "l2_cycles",
    "l2_reflected",
    "p50_below",
    "p90_below",
    "p99_below",
    "max_below",
    "vmm_count",
    "vmm_cycles",
    "halted_cycles",
];

/// A line per reason, without the total.
pub fn csv(snapshot: &Snapshot) -> Result<String> {
    let mut sheet = Sheet::new(CSV_HEADINGS)?;
    csv_lines(&mut sheet, snapshot, &[])?;
    sheet.text()
}

/// Adds a line per reason, each behind the fields `before`.
pub fn csv_lines(sheet: &mut Sheet, snapshot: &Snapshot, before: &[Field]) -> Result<()> {
    for row in &snapshot.reasons {
        let c = &row.counters;
        let mut fields = before.to_vec();
        fields.extend([row.reason.into(), (&row.name).into()]);
        fields.extend([c.count, c.cycles].map(Field::from));
        fields.extend([c.l2_count, c.l2_cycles, c.l2_reflected].map(Field::from));
        let histogram = row.histogram.as_deref().unwrap_or_default();
        fields.extend(PERCENTILES.map(|(p, _)| percentile::below(histogram, p).into()));
        fields.extend([c.vmm_count, c.vmm_cycles, c.halted_cycles].map(Field::from));
        sheet.line(fields)?;
    }
    Ok(())
}

fn has_histograms(snapshot: &Snapshot) -> bool {
    snapshot.reasons.iter().any(|r| r.histogram.is_some())
}

/// "<4,096"
fn bound(below: Option<u128>) -> Cell {
    let text = match below.map(u64::try_from) {
        None => "-".to_string(),
        Some(Ok(bound)) => format!("<{}", grouped(bound)),
        // The last bucket's: one more than 64 bits hold.
        Some(Err(_)) => "<2^64".to_string(),
    };
    Cell::figure(text, below.map(|bound| bound as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_upper_bounds() {
        assert_eq!(bound(Some(4096)).text, "<4,096");
        assert_eq!(bound(Some(1 << 64)).text, "<2^64");
        assert_eq!(bound(None).text, "-");
    }
}
