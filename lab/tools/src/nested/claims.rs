// SPDX-License-Identifier: GPL-2.0

//! What has to be so, for the figures to mean what the report says.

use super::account;
use super::run::{Mode, Run};
use acct::reasons::vmx;
use anyhow::Result;

/// How many times as many page-table exits shadow paging in L1 makes, at least.
const TIMES_AS_MANY: u64 = 10;

/// What is not so, in sentences.
pub fn problems(runs: &[Run]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for run in runs {
        of_one(run, &mut problems)?;
    }
    let find = |mode| runs.iter().find(|run| run.mode == mode);
    if let (Some(ept), Some(shadow)) = (find(Mode::NestedEpt), find(Mode::ShadowOnEpt)) {
        of_pair(ept, shadow, &mut problems);
    }
    Ok(problems)
}

fn of_one(run: &Run, problems: &mut Vec<String>) -> Result<()> {
    let mode = run.mode.name();
    let mut say = |what: String| problems.push(format!("{mode}: {what}"));
    for (level, report) in run.crosschecks()? {
        for problem in report.problems {
            say(format!("at {level}: {problem}"));
        }
    }
    if run.times.is_empty() {
        say("the workload has not said its time".to_string());
    }
    let l2 = run.l0.total.l2_count.unwrap_or(0);
    let Some(l1) = &run.l1 else {
        if l2 != 0 {
            say(format!("{l2} exits of an L2, and there is to be none"));
        }
        return Ok(());
    };
    if l2 == 0 {
        say("no exit of L2".to_string());
    }
    let tdp = run.l0.paging.tdp;
    if tdp != (run.mode != Mode::ShadowOnShadow) {
        say(format!("L0 ran with EPT: {tdp}"));
    }
    let tdp = l1.counted.paging.tdp;
    if tdp != (run.mode == Mode::NestedEpt) {
        say(format!("L1 ran with EPT: {tdp}"));
    }
    let rows = account::rows(run, l1);
    for row in &rows {
        if row.lost() != 0 {
            say(format!(
                "{} {}: L0 gave L1 {}, L1 counted {} ({} made up there): {:+}",
                row.reason,
                row.name(),
                row.given,
                row.counted,
                row.made_up,
                row.lost(),
            ));
        }
        if row.more() != 0 && account::explain(run, &rows, row).is_none() {
            say(format!(
                "{} {}: L0 reflected {}, but gave L1 {}, and why is not known",
                row.reason,
                row.name(),
                row.reflected,
                row.given,
            ));
        }
    }
    Ok(())
}

fn of_pair(ept: &Run, shadow: &Run, problems: &mut Vec<String>) {
    let reflected = |run: &Run, reason| run.l0_row(reason).l2_reflected.unwrap_or(0);
    for reason in [vmx::EXCEPTION_NMI, vmx::CR_ACCESS] {
        let (few, many) = (reflected(ept, reason), reflected(shadow, reason));
        if many == 0 || many < TIMES_AS_MANY * few {
            problems.push(format!(
                "reflected exits of reason {reason}: {few} with nested EPT, {many} with shadow on \
                 EPT, not {TIMES_AS_MANY} times as many"
            ));
        }
    }
    if ept.l0_row(vmx::EPT_VIOLATION).l2_count.unwrap_or(0) == 0 {
        problems.push("nested-ept: no EPT_VIOLATION of L2".to_string());
    }
    if shadow.time() <= ept.time() {
        problems.push(format!(
            "the workload took {} cycles with nested EPT and no more, {}, with shadow on EPT",
            ept.time(),
            shadow.time(),
        ));
    }
}
