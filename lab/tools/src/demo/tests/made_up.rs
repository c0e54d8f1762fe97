// SPDX-License-Identifier: GPL-2.0

//! Test data: the files of a demo that never ran, with figures made up.

use crate::demo::vendor::{Kind, Vendor, SVM, VMX};
use anyhow::{Context, Result};
use kvm_exits::output::grouped;
use kvm_exits::snapshot::{Isa, Paging};
use std::collections::{BTreeMap, BTreeSet};

/// The demo of one vendor.
pub struct Made {
    vendor: &'static Vendor,
    pub runs: Vec<MadeRun>,
}

pub struct MadeRun {
    vendor: &'static Vendor,
    name: &'static str,
    pub generation: u32,
    pub paging: Paging,
    /// What the guest read.
    pub read: BTreeMap<u32, u64>,
    /// What the host dumped.
    pub dumped: BTreeMap<u32, u64>,
}

/// The files by name.
pub struct Files(BTreeMap<String, String>);

impl Made {
    /// A demo on VMX with nothing wrong.
    pub fn vmx() -> Self {
        Self::new(
            &VMX,
            &[
                &[(10, 1500), (28, 9), (48, 10_000)],
                &[(0, 30_000), (10, 1400), (14, 1000), (28, 9000), (33, 130)],
                &[(0, 29_000), (10, 1500), (14, 1010), (28, 9100), (33, 135)],
            ],
        )
    }

    /// A demo on SVM with nothing wrong.
    pub fn svm() -> Self {
        Self::new(
            &SVM,
            &[
                &[(0x72, 1500), (0x400, 10_000)],
                &[(0x13, 9000), (0x4e, 30_000), (0x72, 1400), (0x79, 1000)],
            ],
        )
    }

    fn new(vendor: &'static Vendor, counts: &[&[(u32, u64)]]) -> Self {
        let runs = vendor.runs.iter().zip(counts).zip(2..);
        Self {
            vendor,
            runs: runs
                .map(|((kind, counts), generation)| MadeRun::new(vendor, kind, generation, counts))
                .collect(),
        }
    }

    /// The files, with something changed.
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Files {
        change(&mut self);
        self.files()
    }

    /// The files, where a run has had `count` exits of a reason.
    pub fn with_count(self, run: usize, reason: u32, count: u64) -> Files {
        self.with(|made| {
            made.runs[run].read.insert(reason, count);
            made.runs[run].dumped.insert(reason, count);
        })
    }

    /// The files, where the guest of a run has read nothing of a reason.
    pub fn without_reading(self, run: usize, reason: u32) -> Files {
        self.with(|made| _ = made.runs[run].read.remove(&reason))
    }

    pub fn files(&self) -> Files {
        let first = &self.runs[0];
        let mut files = BTreeMap::new();
        let mut log = "test data: no machine said this\n".to_string()
            + "[    0.973674] pci 0000:00:01.2: BAR 4 [io  0xc020-0xc03f]\n"
            + &first.dump("another one goes", 1, &BTreeMap::new());
        for run in &self.runs {
            files.insert(format!("{}.json", run.name), run.json());
            files.insert(format!("{}-host.json", run.name), run.host());
            files.insert(format!("{}.parameters", run.name), run.parameters());
            log += &run.leaves();
            // Once when asked, and once more when the module is loaded again.
            for why in ["asked for", "the vendor module goes"] {
                log += &run.dump(why, run.generation, &run.dumped);
            }
        }
        files.insert(self.vendor.log.to_string(), log);
        files.insert(self.vendor.machine.to_string(), "test data\n".to_string());
        files.insert("report.txt".to_string(), "test data\n".to_string());
        files.insert("report.html".to_string(), self.page());
        Files(files)
    }
}

impl Made {
    /// The rows of the page, each with a note.
    fn page(&self) -> String {
        let reasons: BTreeSet<_> = self.runs.iter().flat_map(|run| run.read.keys()).collect();
        let row = |reason: &u32| {
            let counts = self.runs.iter().map(|run| {
                let count = run.read.get(reason).copied().unwrap_or(0);
                format!("<td>{}</td>", grouped(count))
            });
            let name = self.vendor.name;
            format!(
                "<tbody id=\"{name}-reason-{reason}\"><tr>{}</tr><tr class=\"note\"></tr></tbody>\n",
                counts.collect::<String>()
            )
        };
        reasons.into_iter().map(row).collect()
    }
}

impl MadeRun {
    fn new(vendor: &'static Vendor, kind: &Kind, generation: u32, counts: &[(u32, u64)]) -> Self {
        let read: BTreeMap<u32, u64> = counts.iter().copied().collect();
        let mut dumped: BTreeMap<_, _> = read.iter().map(|(r, n)| (*r, n + 20)).collect();
        dumped.insert(2, 1);
        Self {
            vendor,
            name: kind.name,
            generation,
            paging: Paging {
                tdp: kind.tdp,
                vpid: kind.vpid,
                unrestricted_guest: kind.tdp && vendor.isa == Isa::Vmx,
            },
            read,
            dumped,
        }
    }

    fn json(&self) -> String {
        let total = self.read.values().sum();
        let json = serde_json::json!({
            "note": "test data", "schema": 1, "source": "cpuid", "isa": self.vendor.isa,
            "generation": self.generation, "scope": "vm", "paging": self.paging,
            "total": values(total), "time": time(total),
            "reasons": self.read.iter().map(|row| self.row(row)).collect::<Vec<_>>()
        });
        json.to_string()
    }

    fn row(&self, (reason, count): (&u32, &u64)) -> serde_json::Value {
        let mut row = values(*count);
        row["reason"] = (*reason).into();
        row["name"] = self.vendor.reason(*reason).into();
        row
    }

    /// What the host saw, after the guest was gone.
    fn host(&self) -> String {
        let total = self.dumped.values().sum();
        let row = |(reason, count): (&u32, &u64)| {
            let mut row = self.row((reason, count));
            row["detail"] = serde_json::json!([
                { "key": "0x1", "name": "made up", "count": count - 1, "cycles": (count - 1) * 500 },
                { "name": "other", "count": 1, "cycles": 500 }
            ]);
            row
        };
        let json = serde_json::json!({
            "note": "test data", "schema": 1, "source": "device", "isa": self.vendor.isa,
            "generation": self.generation, "scope": "host", "paging": self.paging,
            "total": values(total), "time": time(total),
            "reasons": self.dumped.iter().map(row).collect::<Vec<_>>()
        });
        json.to_string()
    }

    fn parameters(&self) -> String {
        let yes = |on| if on { 'Y' } else { 'N' };
        let tdp = yes(self.paging.tdp);
        match self.vendor.isa {
            Isa::Vmx => format!(
                "eptad=Y\nept={tdp}\nnote=test data\nunrestricted_guest={}\nvpid={}\n",
                yes(self.paging.unrestricted_guest),
                yes(self.paging.vpid)
            ),
            Isa::Svm => format!("avic=N\nnested=1\nnpt={tdp}\nnote=test data\n"),
        }
    }

    /// As a guest's console prints them.
    fn leaves(&self) -> String {
        let line = |reason| {
            let eax = self.read.get(&reason).copied().unwrap_or(0) as u32;
            let defined = self.vendor.is_defined(reason);
            let edx = if defined { 0 } else { u32::MAX };
            format!(
                "   0x4ffffffd {reason:#04x}: eax={eax:#010x} ebx=0x00000000 \
                 ecx=0x00000000 edx={edx:#010x}\r\n"
            )
        };
        self.vendor.asked().into_iter().map(line).collect()
    }

    fn dump(&self, why: &str, generation: u32, counts: &BTreeMap<u32, u64>) -> String {
        let on = |on| if on { "on" } else { "off" };
        let tdp = on(self.paging.tdp);
        let paging = match self.vendor.isa {
            Isa::Vmx => format!(
                "EPT {tdp}, VPID {}, unrestricted guest {}",
                on(self.paging.vpid),
                on(self.paging.unrestricted_guest)
            ),
            Isa::Svm => format!("NPT {tdp}, ASID on"),
        };
        let total: u64 = counts.values().sum();
        let mut text = format!(
            "[   28.312941] kvm_exit_stats: dump ({why}): {paging}, generation {generation}, \
             scope vm, total count {total} cycles {}\r\n",
            total * 500
        );
        for (reason, count) in counts {
            text += &format!(
                "[   28.326145] kvm_exit_stats: {reason:>5} {} count {count} cycles {} l2_count 0 \
                 l2_cycles 0 l2_reflected 0\r\n",
                self.vendor.reason(*reason),
                count * 500
            );
        }
        text
    }
}

fn values(count: u64) -> serde_json::Value {
    serde_json::json!({
        "count": count, "cycles": count * 500, "l2_count": 0, "l2_cycles": 0,
        "vmm_count": 0, "vmm_cycles": 0
    })
}

fn time(exits: u64) -> serde_json::Value {
    serde_json::json!({
        "elapsed": exits * 1_700, "guest": exits * 1_000, "exit": exits * 500,
        "entry": exits * 200, "vmm": 0, "halted": 0, "preempted": 0
    })
}

impl Files {
    pub fn read(&self, name: &str) -> Result<String> {
        let text = self.0.get(name);
        text.cloned().with_context(|| format!("cannot read {name}"))
    }

    /// Those of two demos in one place.
    pub fn and(mut self, mut other: Self) -> Self {
        // One page is of both.
        let pages = [&self, &other].map(|files| files.0["report.html"].clone());
        other.0.insert("report.html".to_string(), pages.concat());
        self.0.extend(other.0);
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.remove(name).unwrap();
        self
    }

    /// With `old` in a file, which has to have it, made `new`.
    pub fn replace(mut self, name: &str, old: &str, new: &str) -> Self {
        let text = self.0.get_mut(name).unwrap();
        assert!(text.contains(old), "{text}");
        *text = text.replace(old, new);
        self
    }
}
