// SPDX-License-Identifier: GPL-2.0

//! The capabilities as this machine's CPUs tell them.

use crate::cpuid::{Cpuid, Instruction};
use crate::pin::{allowed_cpus, Pin};
use acct::caps::{svm, Capabilities, Extension, Place};
use anyhow::{Context, Result};
use nix::errno::Errno;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;

/// Each CPU's MSRs, by the kernel's msr driver.
pub const CPU_DIR: &str = "/dev/cpu";

/// What each CPU says of its own.
pub type Cpus = BTreeMap<u32, Capabilities>;

/// Whether this machine has VMX or SVM.
pub fn extension() -> Result<Option<Extension>> {
    Extension::detect(cpuid)
}

/// VMX, on every online CPU that the msr driver gives access to.
pub fn vmx() -> Result<Cpus> {
    let mut cpus = Cpus::new();
    let Ok(entries) = fs::read_dir(CPU_DIR) else {
        return Ok(cpus);
    };
    for entry in entries.flatten() {
        // /dev/cpu also holds `microcode`.
        let Some(cpu) = entry.file_name().to_str().and_then(|n| n.parse().ok()) else {
            continue;
        };
        let file = match File::open(msr_path(cpu)) {
            Ok(file) => file,
            // No msr driver, or the CPU is offline.
            Err(e) if e.kind() == ErrorKind::NotFound => continue,
            Err(e) if e.raw_os_error() == Some(Errno::ENXIO as i32) => continue,
            Err(e) => {
                return Err(e).with_context(|| format!("cannot open {}", msr_path(cpu)));
            }
        };
        let caps = Capabilities::read_with(Extension::Vmx, |place| match place {
            Place::Msr(msr) => rdmsr(&file, msr),
            Place::Cpuid(_) => None,
        });
        cpus.insert(cpu, caps);
    }
    Ok(cpus)
}

/// SVM, on every online CPU that this process may run on; and why no MSR could be read, if none
/// could. CPUID needs neither a driver nor root.
pub fn svm() -> Result<(Cpus, Option<String>)> {
    let mut cpus = Cpus::new();
    let mut failure = None;
    let mut opened = false;

    for cpu in allowed_cpus()? {
        let pin = Pin::new(Some(cpu))?;
        let leaf = svm::leaf(cpuid)?;
        drop(pin);

        let cpu = u32::try_from(cpu)?;
        let file = File::open(msr_path(cpu));
        opened |= file.is_ok();
        let caps = Capabilities::read_with(Extension::Svm, |place| match place {
            Place::Cpuid(register) => leaf.map(|answer| register.of(answer).into()),
            Place::Msr(msr) => rdmsr(file.as_ref().ok()?, msr),
        });
        cpus.insert(cpu, caps);
        if let Err(e) = file {
            failure.get_or_insert_with(|| {
                let path = msr_path(cpu);
                format!("cannot open {path} ({e}): it takes root and the msr driver (modprobe msr)")
            });
        }
    }
    Ok((cpus, failure.filter(|_| !opened)))
}

/// A CPU's file.
pub fn msr_path(cpu: u32) -> String {
    format!("{CPU_DIR}/{cpu}/msr")
}

fn rdmsr(file: &File, msr: u32) -> Option<u64> {
    let mut value = [0; 8];
    // The driver answers EIO where RDMSR faults.
    file.read_exact_at(&mut value, msr.into()).ok()?;
    Some(u64::from_le_bytes(value))
}

fn cpuid(leaf: u32) -> Result<[u32; 4]> {
    let r = Instruction.query(leaf, 0)?;
    Ok([r.eax, r.ebx, r.ecx, r.edx])
}
