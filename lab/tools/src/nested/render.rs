// SPDX-License-Identifier: GPL-2.0

//! The report.

use super::claims;
use super::ledger::{accounted, crosschecks};
use super::run::{Mode, Run, L1};
use anyhow::Result;
use kvm_exits::output::{grouped, mean, note_on_cycles, table, table_text};
use kvm_exits::snapshot::Counters;
use std::collections::BTreeMap;
use std::path::Path;

/// A `make` in L2, in seconds, as measured with the first patches for nested EPT in 2012.
const PUBLISHED: [(Mode, u64); 4] = [
    (Mode::OneLevel, 25),
    (Mode::NestedEpt, 29),
    (Mode::ShadowOnEpt, 87),
    (Mode::ShadowOnShadow, 105),
];
const PUBLISHED_WHERE: &str = "https://bugzilla.kernel.org/show_bug.cgi?id=53611";
/// A kernel's compile in L2, in seconds, without nested EPT and with it, as reported elsewhere.
const COMPILE: [u64; 2] = [33 * 60 + 22, 9 * 60 + 46];

/// The report of what is in `directory`, and what is wrong with it.
pub fn report(directory: &Path) -> Result<(String, Vec<String>)> {
    let mut runs = Vec::new();
    for mode in Mode::ALL {
        runs.extend(Run::read(directory, mode)?);
    }
    let mut problems = claims::problems(&runs)?;
    if runs.is_empty() {
        problems.push(format!("there is no run in {}", directory.display()));
        return Ok((String::new(), problems));
    }
    let mut text = times(&runs) + &round_trips(&runs) + &seen_by_l1(&runs) + &events(&runs);
    for run in &runs {
        if let Some(l1) = &run.l1 {
            text += &accounted(run, l1);
        }
    }
    text += &crosschecks(&runs)?;
    Ok((text, problems))
}

pub(super) fn strings<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(String::from).to_vec()
}

fn times_of(a: f64, b: f64) -> String {
    if b > 0.0 {
        format!("{:.2}x", a / b)
    } else {
        "-".to_string()
    }
}

/// With one decimal, and no minus before a zero.
fn tenths(value: f64) -> String {
    format!("{:.1}", (value * 10.0).round() / 10.0 + 0.0)
}

fn times(runs: &[Run]) -> String {
    let mut headings = vec!["the workload, cycles".to_string()];
    headings.extend(runs.iter().map(|run| run.mode.name().to_string()));
    let mut sheet = table(&headings, &[0]);
    for (i, (part, _)) in runs[0].times.iter().enumerate() {
        let of = |run: &Run| run.times.get(i).map_or(0, |(_, cycles)| *cycles);
        let mut cells = vec![part.clone()];
        cells.extend(runs.iter().map(|run| grouped(of(run))));
        sheet.add_row(cells);
    }
    let mut line = |name: String, figure: &dyn Fn(&Run) -> String| {
        let mut cells = vec![name];
        cells.extend(runs.iter().map(figure));
        sheet.add_row(cells);
    };
    line("together".to_string(), &|run| grouped(run.time()));
    let published = |mode| PUBLISHED.iter().find(|(m, _)| *m == mode).map(|(_, s)| *s);
    for to in [Mode::OneLevel, Mode::NestedEpt] {
        let Some(first) = runs.iter().find(|run| run.mode == to) else {
            continue;
        };
        line(format!("to {}", to.name()), &|run| {
            times_of(run.time() as f64, first.time() as f64)
        });
        line(format!("to {}, published", to.name()), &|run| match (
            published(run.mode),
            published(to),
        ) {
            (Some(a), Some(b)) => times_of(a as f64, b as f64),
            _ => "-".to_string(),
        });
    }
    let emulated = runs.iter().all(|run| run.l0.is_emulated());
    let mut text = "What the workload takes\n\n".to_string() + &table_text(&sheet);
    text += &format!(
        "\nPublished: a make in L2 in {} s, on hardware, 2012, {PUBLISHED_WHERE}; a kernel's \
         compile in L2 in {} s without nested EPT, {} s with it: {}\n{}\n",
        PUBLISHED.map(|(_, s)| s.to_string()).join(", "),
        grouped(COMPILE[0]),
        grouped(COMPILE[1]),
        times_of(COMPILE[0] as f64, COMPILE[1] as f64),
        note_on_cycles(emulated)
    );
    if emulated {
        text += "So a ratio here is one of instructions executed, by L0, L1 and L2 together. It has \
                 in it every exit and all that both KVMs do for it. It has not what the processor \
                 itself takes for an exit and an entry (more of them with shadow paging), for the \
                 longer walks of two-dimensional paging (more with EPT), and for misses in caches \
                 and TLB: on hardware it may come out larger or smaller. What can be taken over are \
                 the counts: which events of L2 exit, how often, and what L0 and L1 then do.\n";
    }
    text
}

fn round_trips(runs: &[Run]) -> String {
    let headings = [
        "mode",
        "L0 exits",
        "of L2",
        "reflected",
        "kept by L0",
        "of L1",
        "L1 counted",
        "L0 exits per exit at L1",
        "L0 cycles per exit at L1",
    ];
    let mut sheet = table(&strings(headings), &[0]);
    for run in runs {
        let Counters { count, cycles, .. } = run.l0.total;
        let l2 = run.l0.total.l2_count.unwrap_or(0);
        let reflected = run.l0.total.l2_reflected.unwrap_or(0);
        let counted = run.l1.as_ref().map(|l1| l1.counted.total.count);
        let per_exit = |n: u64| Some(n as f64 / counted.filter(|&n| n > 0)? as f64);
        sheet.add_row(vec![
            run.mode.name().to_string(),
            grouped(count),
            grouped(l2),
            grouped(reflected),
            grouped(l2 - reflected),
            grouped(count - l2),
            counted.map_or("-".to_string(), grouped),
            per_exit(count).map_or("-".to_string(), |n| format!("{n:.1}")),
            mean(per_exit(cycles)),
        ]);
    }
    format!(
        "\nHow exits multiply: booting the measured guest, its workload, its end\n\n{}",
        table_text(&sheet)
    )
}

/// What nested EPT takes away is what L1 no longer sees.
fn seen_by_l1(runs: &[Run]) -> String {
    let runs: Vec<(&Run, &L1)> = runs
        .iter()
        .filter_map(|run| Some((run, run.l1.as_ref()?)))
        .collect();
    let Some((_, first)) = runs.first() else {
        return String::new();
    };
    let mut names = BTreeMap::new();
    for (_, l1) in &runs {
        names.extend(
            l1.counted
                .reasons
                .iter()
                .map(|r| (r.reason, r.name.to_string())),
        );
    }
    let mut rows: Vec<_> = names.into_iter().collect();
    rows.sort_by_key(|(reason, _)| {
        let change = runs.iter().map(|(_, l1)| {
            l1.counted
                .count(*reason)
                .abs_diff(first.counted.count(*reason))
        });
        std::cmp::Reverse(change.max())
    });
    let mut headings = strings(["reason", "exits of L2 that L1 sees"]);
    headings.extend(runs.iter().map(|(run, _)| run.mode.name().to_string()));
    let mut sheet = table(&headings, &[1]);
    for (reason, name) in rows {
        let mut cells = vec![reason.to_string(), name];
        cells.extend(runs.iter().map(|(_, l1)| grouped(l1.counted.count(reason))));
        sheet.add_row(cells);
    }
    let mut cells = strings(["", "total"]);
    cells.extend(runs.iter().map(|(_, l1)| grouped(l1.counted.total.count)));
    sheet.add_row(cells);
    format!(
        "\nWhat nested EPT takes away (largest change first)\n\n{}",
        table_text(&sheet)
    )
}

fn events(runs: &[Run]) -> String {
    let headings = [
        "one event",
        "mode",
        "cycles",
        "exits at its hypervisor",
        "exits at L0",
        "these are, at L0, while ... ran",
    ];
    let mut sheet = table(&strings(headings), &[0, 1, 5]);
    let Some(first) = runs.iter().find(|run| !run.events.is_empty()) else {
        return String::new();
    };
    for kind in first.events.iter().map(|event| &event.event) {
        for run in runs {
            let Some(event) = run.events.iter().find(|event| event.event == *kind) else {
                continue;
            };
            sheet.add_row(vec![
                kind.clone(),
                run.mode.name().to_string(),
                grouped(event.cycles_each().max(0.0).round() as u64),
                tenths(event.own_each()),
                tenths(event.l0_each()),
                event.l0_parts(),
            ]);
        }
    }
    format!(
        "\nWhat one event costs, by the difference of {0} and {1} of them in a guest of its own\n\n{2}\n\
         With one level its hypervisor is L0, with two L1. Timer ticks of all levels are in it: \
         figures below 0.1 are left out on the right.\n",
        first.events[0].count,
        2 * first.events[0].count,
        table_text(&sheet),
    )
}
