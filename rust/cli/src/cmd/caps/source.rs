// SPDX-License-Identifier: GPL-2.0

//! Where the capabilities come from: a file, this machine's CPUs, or vmx_caps.ko.

use super::cpus::{self, msr_path, Cpus, CPU_DIR};
use super::dump;
use crate::files;
use crate::name::Name;
use acct::caps::remarks::{self, Disagreement, Missing, HIDDEN, NEITHER};
use acct::caps::{Capabilities, Extension, Place};
use anyhow::{bail, Context, Result};
use std::fs::File;
use std::path::Path;

/// The file of vmx_caps.ko.
const MODULE_FILE: &str = "/sys/kernel/debug/vmx_caps/msrs";

/// The capabilities of a machine.
#[derive(Debug)]
pub struct Source {
    /// Where they were read.
    pub name: Name,
    /// What was read: on a machine, on its first CPU.
    pub caps: Capabilities,
    /// What the processor must have, but could not be read.
    pub missing: Vec<Place>,
    /// Why that is so.
    pub why_missing: String,
    /// Where other CPUs say something else.
    pub disagreements: Vec<Disagreement>,
    /// What vmx_caps.ko had to say, if it did the reading.
    pub notes: Vec<String>,
}

impl Source {
    /// Reads a file that lists values.
    pub fn file(path: &Path) -> Result<Self> {
        let text = files::read(path)?;
        let mut source = Self::list(&path.display().to_string(), &text)?;
        if path == Path::new(MODULE_FILE) {
            source.notes = dump::notes(&text);
        }
        Ok(source)
    }

    /// Reads what is in the file `name`.
    pub fn list(name: &str, text: &[u8]) -> Result<Self> {
        Ok(Self {
            name: name.into(),
            caps: dump::parse(text).with_context(|| name.to_string())?,
            // What such a file leaves out, it may never have been meant to have.
            missing: Vec::new(),
            why_missing: HIDDEN.to_string(),
            disagreements: Vec::new(),
            notes: Vec::new(),
        })
    }

    /// Reads the machine's own.
    pub fn machine() -> Result<Self> {
        // Not every hypervisor without VMX faults when asked for its MSRs.
        match cpus::extension()? {
            Some(Extension::Vmx) => Self::vmx(),
            Some(Extension::Svm) => Self::svm(),
            None => bail!(NEITHER),
        }
    }

    fn vmx() -> Result<Self> {
        let cpus = cpus::vmx()?;
        if !cpus.is_empty() {
            return Self::by_cpu(&cpus, msr_path);
        }
        if Path::new(MODULE_FILE).exists() {
            return Self::file(Path::new(MODULE_FILE));
        }
        bail!(
            "nothing to read MSRs from: neither {CPU_DIR}/N/msr (`modprobe msr`) nor \
             {MODULE_FILE} (`insmod vmx_caps.ko`) is there for this user; both are root's"
        )
    }

    fn svm() -> Result<Self> {
        let (cpus, no_msrs) = cpus::svm()?;
        let Some(why) = no_msrs else {
            return Self::by_cpu(&cpus, |cpu| format!("CPUID, {}", msr_path(cpu)));
        };
        if File::open(MODULE_FILE).is_ok() {
            return Self::file(Path::new(MODULE_FILE));
        }
        Ok(Self {
            why_missing: why,
            ..Self::by_cpu(&cpus, |_| "CPUID".to_string())?
        })
    }

    fn by_cpu(cpus: &Cpus, name: impl Fn(u32) -> String) -> Result<Self> {
        let Some((&first_cpu, first)) = cpus.first_key_value() else {
            bail!("no CPU is online");
        };
        if cpus.values().all(|caps| caps.iter().next().is_none()) {
            bail!(remarks::hidden(first.extension()));
        }

        let disagreements = cpus
            .iter()
            .flat_map(|(&cpu, caps)| Disagreement::between((first_cpu, first), (cpu, caps)))
            .collect();
        Ok(Self {
            name: name(first_cpu).into(),
            caps: *first,
            missing: first.missing().collect(),
            why_missing: HIDDEN.to_string(),
            disagreements,
            notes: Vec::new(),
        })
    }

    /// What there is to say about the reading itself, a sentence a line.
    pub fn remarks(&self) -> impl Iterator<Item = String> + '_ {
        let missing = self.missing.iter().map(|&place| {
            let why = &self.why_missing;
            Missing { place, why }.to_string()
        });
        let disagreements = self.disagreements.iter().map(Disagreement::to_string);
        missing
            .chain(disagreements)
            .chain(self.notes.iter().cloned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caps(text: &str) -> Capabilities {
        dump::parse(text.as_bytes()).expect("a list")
    }

    fn source(cpus: &Cpus) -> Result<Source> {
        Source::by_cpu(cpus, |cpu| format!("CPU {cpu}"))
    }

    #[test]
    fn cpus_that_disagree() {
        let cpus = Cpus::from([
            (0, caps("0x480 0x1")),
            (1, caps("0x480 0x1")),
            (2, caps("0x480 0x2")),
        ]);
        let source = source(&cpus).expect("VMX");

        assert_eq!(
            source.disagreements,
            [Disagreement {
                place: Place::Msr(0x480),
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
    fn a_hidden_vm_cr_costs_nothing_else() {
        let leaf = "cpuid 0x8000000a 0x1 0x10 0x0 0x1";
        let cpus = Cpus::from([
            (0, caps(leaf)),
            (1, caps("cpuid 0x8000000a 0x1 0x10 0x0 0x9")),
        ]);
        let source = source(&cpus).expect("SVM");

        assert_eq!(source.caps, caps(leaf));
        assert_eq!(
            source.remarks().collect::<Vec<_>>(),
            [
                "VM_CR (0xc0010114) cannot be read: a hypervisor may hide it",
                "CPUs disagree on CPUID Fn8000_000A_EDX: CPU 0 has 0x1, CPU 1 has 0x9"
            ]
        );
    }

    #[test]
    fn cpus_that_tell_nothing() {
        for (extension, what) in [
            (Extension::Vmx, "no capability MSR"),
            (Extension::Svm, "neither its leaf 0x8000000a nor VM_CR"),
        ] {
            let cpus = Cpus::from([(0, Capabilities::new(extension))]);
            let message = source(&cpus).expect_err("nothing").to_string();

            assert!(message.contains(what), "{message}");
        }
    }
}
