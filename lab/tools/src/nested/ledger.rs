// SPDX-License-Identifier: GPL-2.0

//! The part of the report that accounts for every exit.

use super::account::{self, Row};
use super::render::strings;
use super::run::{Run, L1};
use anyhow::Result;
use kvm_exits::output::{grouped, table, table_text};

pub(super) fn accounted(run: &Run, l1: &L1) -> String {
    let headings = [
        "reason",
        "name",
        "of L2 at L0",
        "kept by L0",
        "reflected",
        "given to L1",
        "L1 counted",
        "made up by L1",
        "lost",
    ];
    let mut sheet = table(&strings(headings), &[1]);
    let rows = account::rows(run, l1);
    let mut line = |row: &Row, number: String, name: String| {
        let mut cells = vec![number, name];
        let figures = [
            row.l2,
            row.kept,
            row.reflected,
            row.given,
            row.counted,
            row.made_up,
        ];
        cells.extend(figures.map(grouped));
        cells.push(row.lost().to_string());
        sheet.add_row(cells);
    };
    for row in &rows {
        line(row, row.reason.to_string(), row.name());
    }
    line(&account::total(&rows), String::new(), "total".to_string());
    let mut text = format!(
        "\n{}: every exit of L2, from L0 to L1\n\n{}",
        run.mode.name(),
        table_text(&sheet)
    );
    let differ: Vec<_> = rows.iter().filter(|row| row.more() != 0).collect();
    if differ.is_empty() {
        text += "\nL1 counted what L0 reflected, reason by reason.\n";
        return text;
    }
    text += "\nWhere L0 gave L1 more, or less, than it reflected:\n";
    for row in differ {
        let why = account::explain(run, &rows, row);
        let why = why.unwrap_or_else(|| format!("{:+}: not known why", row.more()));
        text += &format!("  {}, {why}.\n", row.name());
    }
    text
}

pub(super) fn crosschecks(runs: &[Run]) -> Result<String> {
    let headings = [
        "mode",
        "at",
        "module",
        "made up by KVM",
        "tracepoint",
        "difference",
    ];
    let mut sheet = table(&strings(headings), &[0, 1]);
    for run in runs {
        for (level, report) in run.crosschecks()? {
            let total = report.total;
            // In any reason, not in the sum alone.
            let difference: u64 = report
                .reasons
                .iter()
                .map(|reason| reason.row.difference.unsigned_abs())
                .sum();
            sheet.add_row(vec![
                run.mode.name().to_string(),
                level.to_string(),
                grouped(total.module),
                grouped(total.synthetic),
                grouped(total.tracepoint),
                difference.to_string(),
            ]);
        }
    }
    Ok(format!(
        "\nThe module against the tracepoint kvm_exit, the differences of all reasons added up\n\n{}",
        table_text(&sheet)
    ))
}
