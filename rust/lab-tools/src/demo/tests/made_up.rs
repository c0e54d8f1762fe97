// SPDX-License-Identifier: GPL-2.0

//! Test data: the files of a demo that never ran, with figures made up.

use acct::reasons::{is_defined, name, MAX_REASON};
use anyhow::{Context, Result};
use std::collections::BTreeMap;

pub struct Made(pub [MadeRun; 3]);

pub struct MadeRun {
    name: &'static str,
    pub generation: u32,
    /// ept, vpid, unrestricted_guest
    pub paging: [bool; 3],
    /// What the guest read.
    pub read: BTreeMap<u32, u64>,
    /// What the host dumped.
    pub dumped: BTreeMap<u32, u64>,
}

/// The files by name.
pub struct Files(BTreeMap<String, String>);

impl Made {
    /// A demo with nothing wrong.
    pub fn new() -> Self {
        let ept = [(10, 1500), (28, 9), (48, 10_000)];
        let shadow = [(0, 30_000), (10, 1400), (14, 1000), (28, 9000), (33, 130)];
        let novpid = [(0, 29_000), (10, 1500), (14, 1010), (28, 9100), (33, 135)];
        Self([
            MadeRun::new("ept", 2, [true; 3], &ept),
            MadeRun::new("shadow", 3, [false, true, false], &shadow),
            MadeRun::new("shadow-novpid", 4, [false; 3], &novpid),
        ])
    }

    pub fn files(&self) -> Files {
        let mut files = BTreeMap::new();
        let mut log = "test data: no machine said this\n".to_string()
            + "[    0.973674] pci 0000:00:01.2: BAR 4 [io  0xc020-0xc03f]\n"
            + &dump("ept goes", 1, [true; 3], &BTreeMap::new());
        for run in &self.0 {
            files.insert(format!("{}.json", run.name), run.json());
            let [ept, vpid, unrestricted] = run.paging.map(|on| if on { 'Y' } else { 'N' });
            let parameters = format!(
                "eptad=Y\nept={ept}\nnote=test data\nunrestricted_guest={unrestricted}\nvpid={vpid}\n"
            );
            files.insert(format!("{}.parameters", run.name), parameters);
            log += &run.leaves();
            // Once when asked, and once more when kvm-intel is loaded again.
            for why in ["asked for", "the vendor module goes"] {
                log += &dump(why, run.generation, run.paging, &run.dumped);
            }
        }
        files.insert("serial.log".to_string(), log);
        files.insert("report.txt".to_string(), "test data\n".to_string());
        Files(files)
    }
}

impl MadeRun {
    fn new(name: &'static str, generation: u32, paging: [bool; 3], counts: &[(u32, u64)]) -> Self {
        let read: BTreeMap<u32, u64> = counts.iter().copied().collect();
        let mut dumped: BTreeMap<_, _> = read.iter().map(|(r, n)| (*r, n + 20)).collect();
        dumped.insert(2, 1);
        Self {
            name,
            generation,
            paging,
            read,
            dumped,
        }
    }

    fn json(&self) -> String {
        let values = |count: u64| serde_json::json!({ "count": count, "cycles": count * 500, "l2_count": 0, "l2_cycles": 0 });
        let row = |(reason, count): (&u32, &u64)| {
            let mut row = values(*count);
            row["reason"] = (*reason).into();
            row["name"] = name(*reason).unwrap().into();
            row
        };
        let [tdp, vpid, unrestricted_guest] = self.paging;
        let json = serde_json::json!({
            "note": "test data", "schema": 1, "source": "cpuid", "isa": "vmx",
            "generation": self.generation, "scope": "vm",
            "paging": { "tdp": tdp, "vpid": vpid, "unrestricted_guest": unrestricted_guest },
            "total": values(self.read.values().sum()),
            "reasons": self.read.iter().map(row).collect::<Vec<_>>()
        });
        json.to_string()
    }

    /// As a guest's console prints them.
    fn leaves(&self) -> String {
        (0..=MAX_REASON)
            .map(|reason| {
                let eax = self.read.get(&reason).copied().unwrap_or(0) as u32;
                let edx = if is_defined(reason) { 0 } else { u32::MAX };
                format!(
                    "   0x4ffffffd {reason:#04x}: eax={eax:#010x} ebx=0x00000000 \
                     ecx=0x00000000 edx={edx:#010x}\r\n"
                )
            })
            .collect()
    }
}

fn dump(why: &str, generation: u32, paging: [bool; 3], counts: &BTreeMap<u32, u64>) -> String {
    let [ept, vpid, unrestricted] = paging.map(|on| if on { "on" } else { "off" });
    let total: u64 = counts.values().sum();
    let mut text = format!(
        "[   28.312941] kvm_exit_stats: dump ({why}): EPT {ept}, VPID {vpid}, unrestricted guest \
         {unrestricted}, generation {generation}, scope vm, total count {total} cycles {}\r\n",
        total * 500
    );
    for (reason, count) in counts {
        text += &format!(
            "[   28.326145] kvm_exit_stats: {reason:>5} {} count {count} cycles {} l2_count 0 \
             l2_cycles 0 l2_reflected 0\r\n",
            name(*reason).unwrap(),
            count * 500
        );
    }
    text
}

impl Files {
    pub fn read(&self, name: &str) -> Result<String> {
        let text = self.0.get(name);
        text.cloned().with_context(|| format!("cannot read {name}"))
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
