// SPDX-License-Identifier: GPL-2.0

//! What an exit costs under each variant of counting, from what `lab/bench/host.sh` wrote down.

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
#[derive(Debug, Default, PartialEq)]
pub struct Results {
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

const EXITS: [Exit; 6] = [
    Exit::new("CPUID", "ept", "cpuid"),
    Exit::new("MSR_WRITE, fastpath", "ept", "wrmsr-fast"),
    Exit::new("IO_INSTRUCTION, in-kernel port read", "ept", "in-kernel"),
    Exit::new("EPT_VIOLATION", "ept", "touch-fresh"),
    Exit::new("EXCEPTION_NMI, shadow #PF", "shadow", "touch-fresh"),
    Exit::new("EXCEPTION_NMI, the guest's own #PF", "shadow", "page-fault"),
];

impl Exit {
    const fn new(name: &'static str, paging: &'static str, case: &'static str) -> Self {
        Self { name, paging, case }
    }
}

impl Results {
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
        assert_eq!(json[4]["variant"], "bpf");
        assert_eq!(json[4]["unavailable"], "bpf-exits: no map");
        assert_eq!(json.as_array().unwrap().len(), 5);
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
    fn refuses_what_the_lab_does_not_write() {
        let error = |text: &str| format!("{:#}", parse(text).unwrap_err());
        assert!(error("").contains("no measurement"));
        assert!(error("bench cpuid n 1").contains("before"));
        let unknown = TEXT.replace("cpuid", "cpudi");
        assert!(error(&unknown).contains("cpudi"));
        let stockless = TEXT.replace("variant stock", "variant module");
        assert!(error(&stockless).contains("stock"));
    }
}
