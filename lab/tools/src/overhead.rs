// SPDX-License-Identifier: GPL-2.0

//! What an exit costs under each variant of counting, from what `lab/bench/host.sh` wrote down.

use acct::reasons::Isa;
use anyhow::{ensure, Result};

mod parse;
mod render;

pub use parse::parse;
pub use render::{json, markdown};

/// The variant that all others are held against.
const STOCK: &str = "stock";

/// What the TSC counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// An emulator's.
    Instructions,
    /// A processor's.
    Cycles,
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Self::Instructions => "instructions",
            Self::Cycles => "cycles",
        }
    }
}

/// Everything that was measured, in order.
#[derive(Debug, PartialEq)]
pub struct Results {
    isa: Isa,
    rows: Vec<Row>,
    /// The variants that could not be measured, and why.
    unavailable: Vec<(String, String)>,
}

/// One operation under one variant.
#[derive(Debug, PartialEq)]
struct Row {
    variant: String,
    exit: &'static Exit,
    n: u64,
    /// The exit alone: no interrupt of the host's came between. In an emulator that counts
    /// instructions it is the same in every run.
    least: u64,
    median: u64,
    /// With interrupts, and with what else runs on the CPU, such as a tool's own process.
    mean: f64,
    /// Bytes that the variant wrote for one exit, over the guest's life.
    trace_bytes: Option<f64>,
}

/// An exit that is measured.
#[derive(Debug, PartialEq)]
struct Exit {
    /// How it is called.
    name: &'static str,
    /// The kind of paging, and the probe's case.
    paging: &'static str,
    case: &'static str,
}

/// With VMX; the mean is told of the first.
const VMX_EXITS: [Exit; 7] = [
    Exit::new("CPUID", "ept", "cpuid"),
    Exit::new("MSR_WRITE, fastpath", "ept", "wrmsr-fast"),
    Exit::new("IO_INSTRUCTION, in-kernel port read", "ept", "in-kernel"),
    Exit::new("EPT_VIOLATION", "ept", "touch-fresh"),
    Exit::new("EXCEPTION_NMI, shadow #PF", "shadow", "touch-fresh"),
    Exit::new("EXCEPTION_NMI, the guest's own #PF", "shadow", "page-fault"),
    Exit::new(NO_EXIT, "ept", "nops"),
];

/// The same with SVM.
const SVM_EXITS: [Exit; 7] = [
    Exit::new("CPUID", "npt", "cpuid"),
    Exit::new("MSR, write", "npt", "wrmsr"),
    Exit::new("IOIO, in-kernel port read", "npt", "in-kernel"),
    Exit::new("NPF", "npt", "touch-fresh"),
    Exit::new("PF excp, shadow #PF", "shadow", "touch-fresh"),
    Exit::new("PF excp, the guest's own #PF", "shadow", "page-fault"),
    Exit::new(NO_EXIT, "npt", "nops"),
];

/// What the probe's case `nops` is: where the TSC counts instructions it takes [`NOPS`].
const NO_EXIT: &str = "no exit: 1000 NOPs";
const NOPS: u64 = 1000;

impl Exit {
    const fn new(name: &'static str, paging: &'static str, case: &'static str) -> Self {
        Self { name, paging, case }
    }
}

impl Results {
    /// Whether the TSC has counted in `unit`.
    pub fn check(&self, unit: Unit) -> Result<()> {
        let rows = || self.rows.iter().filter(|row| row.exit.name == NO_EXIT);
        ensure!(rows().next().is_some(), "no NOPs were measured");
        for row in rows().filter(|_| unit == Unit::Instructions) {
            ensure!(
                row.least == NOPS,
                "under {}, {NOPS} NOPs took {} cycles: the TSC does not count instructions",
                row.variant,
                row.least
            );
        }
        Ok(())
    }

    /// The exits of the extension, in order.
    const fn exits(&self) -> &'static [Exit] {
        match self.isa {
            Isa::Vmx => &VMX_EXITS,
            Isa::Svm => &SVM_EXITS,
        }
    }

    fn row(&self, variant: &str, exit: &Exit) -> Option<&Row> {
        let mut rows = self.rows.iter();
        rows.find(|row| row.variant == variant && row.exit == exit)
    }

    /// The variants that were measured, each once.
    fn variants(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for row in &self.rows {
            if !names.contains(&row.variant.as_str()) {
                names.push(&row.variant);
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = include_str!("../tests/data/bench-results");

    #[test]
    fn writes_each_row_against_stock() {
        let json = json(&parse(TEXT).unwrap(), Unit::Instructions).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json[0]["exit"], "CPUID");
        assert_eq!(json[0]["variant"], "stock");
        assert_eq!(json[0]["instructions"], 903);
        assert_eq!(json[0]["over_stock"], 0);
        assert_eq!(json[0]["mean"], 914.9);
        let perf = &json[1];
        assert_eq!(perf["over_stock"], 2831);
        assert_eq!(perf["mean_over_stock"], 2866);
        assert_eq!(perf["trace_bytes_per_exit"], 250.5);
        assert_eq!(json[5]["variant"], "bpf");
        assert_eq!(json[5]["unavailable"], "bpf-exits: no map");
        assert_eq!(json.as_array().unwrap().len(), 6);
    }

    #[test]
    fn writes_a_table() {
        let text = markdown(&parse(TEXT).unwrap(), Unit::Instructions);
        assert!(
            text.contains("| instructions | stock | perf-kvm-stat |"),
            "{text}"
        );
        assert!(text.contains("| CPUID | 903 | +2831 |"), "{text}");
        assert!(text.contains("| CPUID, mean | 914.9 | +2866.0 |"), "{text}");
        assert!(text.contains("| EPT_VIOLATION | 5547 |  |"), "{text}");
        assert!(
            text.contains("bpf: not measured (bpf-exits: no map)"),
            "{text}"
        );
        assert!(text.contains("perf-kvm-stat wrote 250.5 bytes"), "{text}");
    }

    #[test]
    fn tells_svms_exits_from_vmxs() {
        let svm = TEXT
            .replace("isa vmx", "isa svm")
            .replace("paging ept", "paging npt");
        let text = markdown(&parse(&svm).unwrap(), Unit::Instructions);
        assert!(text.contains("| NPF | 5547 |  |"), "{text}");
        assert!(text.contains("| PF excp, shadow #PF |  | 9625 |"), "{text}");
        assert!(text.contains("| CPUID, mean | 914.9 |"), "{text}");
        assert!(!text.contains("EPT_VIOLATION"), "{text}");
    }

    #[test]
    fn checks_what_the_tsc_counts() {
        let check = |text: &str, unit| parse(text).unwrap().check(unit);
        assert!(check(TEXT, Unit::Instructions).is_ok());
        let cycles = TEXT.replace("median 1000 least 1000", "median 251 least 250");
        assert!(check(&cycles, Unit::Cycles).is_ok());
        let error = check(&cycles, Unit::Instructions).unwrap_err().to_string();
        assert!(error.contains("1000 NOPs took 250 cycles"), "{error}");
        let none = TEXT.replace("bench nops", "bench cpuid");
        assert!(check(&none, Unit::Cycles).is_err());
    }

    #[test]
    fn refuses_what_the_lab_does_not_write() {
        let error = |text: &str| format!("{:#}", parse(text).unwrap_err());
        assert!(error("").contains("no measurement"));
        assert!(error("isa vmx\nbench cpuid n 1").contains("before"));
        assert!(error("bench cpuid n 1").contains("isa"));
        assert!(error(&TEXT.replace("isa vmx", "isa arm")).contains("arm"));
        assert!(error(&TEXT.replace("isa vmx", "isa svm")).contains("under ept"));
        let unknown = TEXT.replace("cpuid", "cpudi");
        assert!(error(&unknown).contains("cpudi"));
        let stockless = TEXT.replace("variant stock", "variant module");
        assert!(error(&stockless).contains("stock"));
    }
}
