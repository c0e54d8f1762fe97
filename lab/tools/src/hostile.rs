// SPDX-License-Identifier: GPL-2.0

//! Whether a guest that makes up keys without end gets no more than `other` for them, and pays no
//! more for an exit than one that has a single key.

use acct::keys::Kind;
use acct::reasons::vmx::MSR_READ;
use anyhow::{ensure, Context, Result};
use kvm_exits::snapshot::{Isa, Snapshot};
use serde::Serialize;

/// The cases of the probe: with one key, with a new one each time.
pub const STORMS: [(&str, &str); 2] = [("one-leaf", "all-leaves"), ("one-msr", "all-msrs")];

/// By how many percent the rates may differ.
const WITHIN: f64 = 10.0;

/// What is written.
#[derive(Debug, Serialize)]
pub struct Report {
    /// What virtualizes the host's processor.
    pub isa: Isa,
    /// The storms.
    pub storms: Vec<Storm>,
    /// Every reason that has keys.
    pub reasons: Vec<Reason>,
    /// What is wrong, in sentences; empty when nothing is.
    pub problems: Vec<String>,
}

/// Exits of one reason, without a pause.
#[derive(Debug, Serialize)]
pub struct Storm {
    /// The probe's name of the case with a new key each time.
    pub name: String,
    /// With one key.
    pub before: Rate,
    /// With a new one each time.
    pub after: Rate,
    /// By how much the latter's rate is above the former's.
    pub percent: f64,
}

/// How fast exits follow each other.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Rate {
    /// How many.
    pub exits: u64,
    /// From one to the next, in the guest's TSC.
    pub cycles_per_exit: u64,
    /// In a million cycles, which the emulator makes instructions.
    pub exits_per_million: f64,
}

/// The keys of a reason.
#[derive(Debug, Serialize)]
pub struct Reason {
    /// The basic exit reason.
    pub reason: u32,
    /// KVM's name for it.
    pub name: String,
    /// Its exits.
    pub count: u64,
    /// How many keys it has.
    pub keys: usize,
    /// The exits that are of none of these.
    pub other: u64,
    /// Those, with the keys' own, less the reason's.
    pub difference: i64,
    /// Whether it is one of the storms'.
    pub stormed: bool,
}

/// Compares what the probe printed with what the module has.
pub fn compare(module: &Snapshot, log: &str) -> Result<Report> {
    let mut storms = Vec::new();
    for (one, all) in STORMS {
        let (before, after) = (Rate::parse(log, one)?, Rate::parse(log, all)?);
        storms.push(Storm {
            name: all.to_string(),
            before,
            after,
            percent: (after.exits_per_million / before.exits_per_million - 1.0) * 100.0,
        });
    }
    // What the probe reads MSRs with is a reason of its own where the vendor has one.
    let stormed = |kind, reason| match kind {
        Kind::Cpuid | Kind::MsrEither => true,
        Kind::Msr => reason == MSR_READ,
        _ => false,
    };
    let mut reasons = Vec::new();
    for row in &module.reasons {
        let Some(kind) = Kind::of(module.isa.into(), row.reason) else {
            continue;
        };
        let detail = row
            .detail
            .as_deref()
            .context("no detail: load the module with detail=1")?;
        let (keys, other): (Vec<_>, Vec<_>) = detail.iter().partition(|key| key.key.is_some());
        let sum = detail.iter().map(|key| key.count).sum::<u64>();
        reasons.push(Reason {
            reason: row.reason,
            name: module.isa.reason_name(row.reason),
            count: row.counters.count,
            keys: keys.len(),
            other: other.iter().map(|key| key.count).sum(),
            difference: sum.wrapping_sub(row.counters.count) as i64,
            stormed: stormed(kind, row.reason),
        });
    }
    let mut report = Report {
        isa: module.isa,
        storms,
        reasons,
        problems: Vec::new(),
    };
    report.problems = report.find_problems();
    Ok(report)
}

impl Rate {
    /// Of the line `bench NAME n N cycles_per_op C …`.
    fn parse(log: &str, name: &str) -> Result<Self> {
        let line = log.lines().find_map(|line| {
            let mut words = line.split_whitespace();
            (words.next() == Some("bench") && words.next() == Some(name)).then_some(words)
        });
        let mut words = line.with_context(|| format!("the probe has not measured {name}"))?;
        let mut figure = |what: &str| -> Result<u64> {
            let found = words.next() == Some(what);
            ensure!(found, "{name}: no {what}");
            Ok(words.next().unwrap_or_default().parse()?)
        };
        let (exits, cycles_per_exit) = (figure("n")?, figure("cycles_per_op")?);
        ensure!(cycles_per_exit > 0, "{name}: it took no time");
        Ok(Self {
            exits,
            cycles_per_exit,
            exits_per_million: 1e6 / cycles_per_exit as f64,
        })
    }
}

impl Report {
    fn find_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for Storm {
            name,
            before,
            after,
            percent,
        } in &self.storms
        {
            if percent.abs() > WITHIN {
                problems.push(format!(
                    "{name}: {} cycles an exit, {} with one key: {percent:+.1} % of the rate",
                    after.cycles_per_exit, before.cycles_per_exit
                ));
            }
        }
        let at_least = self.storms.iter().map(|storm| storm.after.exits).min();
        for reason in &self.reasons {
            let what = format!("{} {}", reason.reason, reason.name);
            if reason.difference != 0 {
                problems.push(format!(
                    "{what}: its keys sum up to {:+} of {} exits",
                    reason.difference, reason.count
                ));
            }
            if !reason.stormed && reason.other != 0 {
                problems.push(format!("{what}: {} exits found no room", reason.other));
            }
            // All but what there is room for.
            let least = at_least.unwrap_or_default() / 10 * 9;
            if reason.stormed && (reason.other < least || reason.keys == 0) {
                problems.push(format!(
                    "{what}: {} exits of {} are other, in spite of the storm",
                    reason.other, reason.count
                ));
            }
        }
        let stormed = self.reasons.iter().filter(|reason| reason.stormed).count();
        if stormed != STORMS.len() || stormed == self.reasons.len() {
            problems.push(format!(
                "{stormed} of {} reasons with keys were stormed",
                self.reasons.len()
            ));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{json, Value};

    const LOG: &str = "\
        probe: something\n\
        bench one-leaf n 20000 cycles_per_op 2000 remainder 1 median 2000 least 1990\n\
        bench all-leaves n 100000 cycles_per_op 2100 remainder 1 median 2000 least 1990\n\
        bench one-msr n 20000 cycles_per_op 3000 remainder 1 median 2000 least 1990\n\
        bench all-msrs n 100000 cycles_per_op 3010 remainder 1 median 2000 least 1990\n";

    fn module(cpuid_other: u64, io_other: u64, io_keys: u64) -> Snapshot {
        let row = |reason: u32, count: u64, keys: u64, other: u64| {
            let mut detail = vec![json!({ "key": "0x1", "name": "a", "count": keys, "cycles": 1 })];
            if other > 0 {
                detail.push(json!({ "name": "other", "count": other, "cycles": 1 }));
            }
            json!({ "reason": reason, "name": "X", "count": count, "cycles": 1, "detail": detail })
        };
        let reasons: Value = json!([
            row(0x72, 120_000, 120_000 - cpuid_other, cpuid_other),
            row(0x7b, 40, io_keys, io_other),
            row(0x7c, 120_000, 20_100, 99_900),
        ]);
        serde_json::from_value(json!({
            "schema": 1, "source": "device", "isa": "svm", "generation": 2, "scope": "host",
            "paging": { "tdp": true, "vpid": true, "unrestricted_guest": false },
            "total": { "count": 240_040, "cycles": 3 }, "reasons": reasons
        }))
        .unwrap()
    }

    fn problems(module: &Snapshot, log: &str) -> String {
        compare(module, log).unwrap().problems.join("\n")
    }

    #[test]
    fn finds_nothing_wrong() {
        let report = compare(&module(99_800, 0, 40), LOG).unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        assert_eq!(report.storms[0].before.exits_per_million, 500.0);
        assert_eq!(report.reasons[0].other, 99_800);
    }

    #[test]
    fn sees_what_a_storm_does() {
        let slow = LOG.replace("op 2100", "op 2300");
        let problem = "all-leaves: 2300 cycles an exit, 2000 with one key: -13.0 % of the rate";
        assert_eq!(problems(&module(99_800, 0, 40), &slow), problem);
        let fast = LOG.replace("op 2100", "op 1700");
        assert!(problems(&module(99_800, 0, 40), &fast).contains("+17.6 %"));
        assert_eq!(
            problems(&module(80_000, 0, 40), LOG),
            "114 cpuid: 80000 exits of 120000 are other, in spite of the storm"
        );
        assert_eq!(
            problems(&module(99_800, 3, 37), LOG),
            "123 io: 3 exits found no room"
        );
        assert_eq!(
            problems(&module(99_800, 0, 39), LOG),
            "123 io: its keys sum up to -1 of 40 exits"
        );
        let mut only = module(99_800, 0, 40);
        only.reasons.truncate(1);
        assert!(problems(&only, LOG).contains("1 of 1 reasons with keys were stormed"));
    }

    #[test]
    fn refuses_a_log_without_figures() {
        let module = module(99_800, 0, 40);
        assert!(compare(&module, "").is_err());
        assert!(compare(&module, &LOG.replace("one-msr", "msr")).is_err());
        assert!(compare(&module, &LOG.replace("op 3000", "op 0")).is_err());
    }
}
