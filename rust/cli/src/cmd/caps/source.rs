// SPDX-License-Identifier: GPL-2.0

//! Where the capability MSRs come from: a file, this machine's CPUs, or vmx_caps.ko.

use crate::cpuid::{Cpuid, Instruction};
use acct::caps::msrs::{self, Capabilities};
use acct::caps::CPUID_1_ECX_VMX;
use anyhow::{bail, Context, Result};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// The file of vmx_caps.ko.
const MODULE_FILE: &str = "/sys/kernel/debug/vmx_caps/msrs";

/// Each CPU's MSRs, by the kernel's msr driver.
const CPU_DIR: &str = "/dev/cpu";

/// The capability MSRs of a machine.
#[derive(Debug)]
pub struct Source {
    /// Where they were read.
    pub name: String,
    /// What they held: on a machine, on its first CPU.
    pub caps: Capabilities,
    /// Those that the processor must have, but that could not be read.
    pub missing: Vec<u32>,
    /// Where other CPUs say something else.
    pub disagreements: Vec<Disagreement>,
    /// What vmx_caps.ko had to say, if it did the reading.
    pub notes: Vec<String>,
}

/// An MSR that one CPU has different from the first CPU.
#[derive(Debug, PartialEq, Eq)]
pub struct Disagreement {
    /// The MSR.
    pub msr: u32,
    /// The CPU.
    pub cpu: usize,
    /// What the CPU has; `None` if the MSR cannot be read there.
    pub value: Option<u64>,
    /// The machine's first CPU.
    pub first_cpu: usize,
    /// What the first CPU has.
    pub first_value: Option<u64>,
}

impl Source {
    /// Reads a file that lists MSRs.
    pub fn file(path: &Path) -> Result<Self> {
        let name = path.display().to_string();
        let text = fs::read(path).with_context(|| format!("cannot read {name}"))?;
        let caps = parse(&text).with_context(|| name.clone())?;

        Ok(Self {
            name,
            caps,
            // What such a file leaves out, it may never have been meant to have.
            missing: Vec::new(),
            disagreements: Vec::new(),
            notes: if path == Path::new(MODULE_FILE) {
                notes(&text)
            } else {
                Vec::new()
            },
        })
    }

    /// Reads the machine's own MSRs.
    pub fn machine() -> Result<Self> {
        // Not every hypervisor without VMX faults when asked for its MSRs.
        if Instruction.query(1, 0)?.ecx & CPUID_1_ECX_VMX == 0 {
            bail!("this CPU has no VMX, or a hypervisor hides it");
        }
        let cpus = cpus()?;
        if !cpus.is_empty() {
            return Self::by_cpu(&cpus);
        }
        if Path::new(MODULE_FILE).exists() {
            return Self::file(Path::new(MODULE_FILE));
        }
        bail!(
            "nothing to read MSRs from: neither {CPU_DIR}/N/msr (`modprobe msr`) nor \
             {MODULE_FILE} (`insmod vmx_caps.ko`) is there for this user; both are root's"
        )
    }

    fn by_cpu(cpus: &BTreeMap<usize, Capabilities>) -> Result<Self> {
        let Some((&first_cpu, first)) = cpus.first_key_value() else {
            bail!("no CPU is online");
        };
        if cpus.values().all(|caps| caps.iter().next().is_none()) {
            bail!("CPUID has VMX, but no capability MSR can be read: a hypervisor hides them");
        }

        let disagreements = cpus
            .iter()
            .flat_map(|(&cpu, caps)| first.differences(caps).map(move |d| (cpu, d)))
            .map(|(cpu, (msr, first_value, value))| Disagreement {
                msr,
                cpu,
                value,
                first_cpu,
                first_value,
            })
            .collect();
        Ok(Self {
            name: format!("{CPU_DIR}/{first_cpu}/msr"),
            caps: *first,
            missing: first.missing().collect(),
            disagreements,
            notes: Vec::new(),
        })
    }

    /// What there is to say about the reading itself, a sentence a line.
    pub fn remarks(&self) -> impl Iterator<Item = String> + '_ {
        let missing = self.missing.iter().map(|&msr| {
            let name = msrs::name(msr);
            format!("{name} ({msr:#x}) cannot be read: a hypervisor may hide it")
        });
        let disagreements = self.disagreements.iter().map(|d| {
            let name = msrs::name(d.msr);
            format!(
                "CPUs disagree on {name} ({:#x}): CPU {} has {}, CPU {} has {}",
                d.msr,
                d.first_cpu,
                or_nothing(d.first_value),
                d.cpu,
                or_nothing(d.value),
            )
        });
        missing
            .chain(disagreements)
            .chain(self.notes.iter().cloned())
    }
}

fn or_nothing(value: Option<u64>) -> String {
    value.map_or_else(|| "nothing".to_string(), |value| format!("{value:#x}"))
}

/// The capability MSRs of every online CPU that the msr driver gives access to.
fn cpus() -> Result<BTreeMap<usize, Capabilities>> {
    let mut cpus = BTreeMap::new();
    let Ok(entries) = fs::read_dir(CPU_DIR) else {
        return Ok(cpus);
    };
    for entry in entries.flatten() {
        // /dev/cpu also holds `microcode`.
        let Some(cpu) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else {
            continue;
        };
        let path = entry.path().join("msr");
        let file = match File::open(&path) {
            Ok(file) => file,
            // No msr driver, or the CPU is offline.
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            Err(e) if e.raw_os_error() == Some(libc::ENXIO) => continue,
            Err(e) => {
                return Err(e).with_context(|| format!("cannot open {}", path.display()));
            }
        };
        let caps = Capabilities::read_with(|msr| {
            let mut value = [0; 8];
            // The driver answers EIO where RDMSR faults.
            file.read_exact_at(&mut value, u64::from(msr)).ok()?;
            Some(u64::from_le_bytes(value))
        });
        cpus.insert(cpu, caps);
    }
    Ok(cpus)
}

/// The module's sentences on MSRs that it could not read, or that differ between CPUs: comments
/// in its file, below the values.
fn notes(text: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    text.lines()
        .skip_while(|line| !line.starts_with("0x"))
        .filter_map(|line| line.strip_prefix("# "))
        .map(String::from)
        .collect()
}

/// Takes lines of `MSR VALUE` apart.
fn parse(text: &[u8]) -> Result<Capabilities> {
    let mut caps = Capabilities::default();
    let mut lines: BTreeMap<u32, usize> = BTreeMap::new();

    for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
        let line = String::from_utf8_lossy(line);
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.is_empty() {
            continue;
        }
        let [msr, value] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            bail!(
                "line {number}: expected `MSR VALUE` in hex, as in `0x481 0x3f00000016`, found {}",
                excerpt(line)
            );
        };
        let msr = hex(msr)
            .and_then(|msr| u32::try_from(msr).ok())
            .with_context(|| {
                format!(
                    "line {number}: expected an MSR in hex, as in `0x481`, found {}",
                    excerpt(msr)
                )
            })?;
        let value = hex(value).with_context(|| {
            format!(
                "line {number}: expected a 64-bit value in hex, as in `0x3f00000016`, found {}",
                excerpt(value)
            )
        })?;
        if !caps.set(msr, value) {
            let (first, last) = (msrs::MSRS.first(), msrs::MSRS.last());
            bail!(
                "line {number}: expected a VMX capability MSR, {:#x} to {:#x}, found {msr:#x}",
                first.map_or(0, |m| m.0),
                last.map_or(0, |m| m.0),
            );
        }
        if let Some(earlier) = lines.insert(msr, number) {
            bail!("line {number}: expected each MSR once, found {msr:#x} as on line {earlier}");
        }
    }
    if lines.is_empty() {
        bail!("expected lines of `MSR VALUE` in hex, as in `0x481 0x3f00000016`, found none");
    }
    Ok(caps)
}

fn hex(text: &str) -> Option<u64> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))
        .unwrap_or(text);
    // from_str_radix() would take a sign.
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}

/// The start of what a file has, fit for a terminal.
fn excerpt(text: &str) -> String {
    let start: String = text.chars().take(40).collect();
    let more = if start.len() < text.len() { "…" } else { "" };
    format!("{start:?}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", parse(text.as_bytes()).expect_err("garbage"))
    }

    #[test]
    fn a_list_of_msrs() {
        let text = "# Sandy Bridge\n0x481 0x3f00000016\n\n  48B\t0X553CFE00000000 # secondary\r\n";
        let caps = parse(text.as_bytes()).expect("a list");

        assert_eq!(
            caps.iter().collect::<Vec<_>>(),
            [(0x481, 0x3f_0000_0016), (0x48b, 0x0055_3cfe_0000_0000)]
        );
    }

    #[test]
    fn garbage_is_told_by_line() {
        assert_eq!(
            error("0x480 0x1\nhello"),
            "line 2: expected `MSR VALUE` in hex, as in `0x481 0x3f00000016`, found \"hello\""
        );
        assert_eq!(
            error("0x481 0x1 0x2"),
            "line 1: expected `MSR VALUE` in hex, as in `0x481 0x3f00000016`, \
             found \"0x481 0x1 0x2\""
        );
        assert_eq!(
            error("#\n\nxyz 0x1"),
            "line 3: expected an MSR in hex, as in `0x481`, found \"xyz\""
        );
        assert_eq!(
            error("0x481 +5"),
            "line 1: expected a 64-bit value in hex, as in `0x3f00000016`, found \"+5\""
        );
        assert_eq!(
            error("0x481 0x10000000000000000"),
            "line 1: expected a 64-bit value in hex, as in `0x3f00000016`, \
             found \"0x10000000000000000\""
        );
        assert_eq!(
            error("0x10 0x1"),
            "line 1: expected a VMX capability MSR, 0x480 to 0x493, found 0x10"
        );
        assert_eq!(
            error("0x481 1\n0x482 2\n0x481 1"),
            "line 3: expected each MSR once, found 0x481 as on line 1"
        );
        assert!(error("0x 0x").starts_with("line 1: expected an MSR in hex"));
        assert!(error("").starts_with("expected lines of `MSR VALUE`"));
        assert!(error("# nothing\n").ends_with("found none"));
    }

    #[test]
    fn binary_garbage_is_fit_to_print() {
        let message = format!(
            "{:#}",
            parse(b"\x7fELF\x02\x01\x01\x00\xff\xfe").unwrap_err()
        );
        assert!(message.starts_with("line 1: expected"), "{message}");
        assert!(!message.contains(|c: char| c.is_control()), "{message:?}");

        let long = "x".repeat(100_000);
        assert!(error(&long).len() < 200);
    }

    #[test]
    fn cpus_that_disagree() {
        let caps = |value| parse(format!("0x480 {value}").as_bytes()).expect("a list");
        let cpus = BTreeMap::from([(0, caps("0x1")), (1, caps("0x1")), (2, caps("0x2"))]);
        let source = Source::by_cpu(&cpus).expect("VMX");

        assert_eq!(
            source.disagreements,
            [Disagreement {
                msr: 0x480,
                cpu: 2,
                value: Some(2),
                first_cpu: 0,
                first_value: Some(1)
            }]
        );
        let remarks: Vec<_> = source.remarks().collect();
        assert!(remarks
            .contains(&"IA32_VMX_MISC (0x485) cannot be read: a hypervisor may hide it".into()));
        assert_eq!(
            remarks.last().map(String::as_str),
            Some("CPUs disagree on IA32_VMX_BASIC (0x480): CPU 0 has 0x1, CPU 2 has 0x2")
        );
    }

    #[test]
    fn notes_of_the_module() {
        let text = "# CPU 0\n0x480 0x0\n# IA32_VMX_MISC (0x485) cannot be read\n# CPUs disagree\n";

        assert_eq!(
            notes(text.as_bytes()),
            ["IA32_VMX_MISC (0x485) cannot be read", "CPUs disagree"]
        );
        assert!(parse(text.as_bytes()).is_ok());
    }

    #[test]
    fn cpus_without_capability_msrs() {
        let cpus = BTreeMap::from([(0, Capabilities::default())]);
        let message = Source::by_cpu(&cpus).expect_err("no MSRs").to_string();

        assert!(message.contains("no capability MSR"), "{message}");
    }
}
