// SPDX-License-Identifier: GPL-2.0

//! KVM's debugfs: a directory per VM, a file per statistic, the sum over the vCPUs in it.

use crate::stats::Scalars;
use anyhow::{ensure, Context, Result};
use std::fs;
use std::path::Path;

/// Where it is.
pub const ROOT: &str = "/sys/kernel/debug/kvm";

/// Reads the statistics of all VMs of `pid`.
pub fn read(root: &Path, pid: u32) -> Result<Vec<Scalars>> {
    let prefix = format!("{pid}-");
    let mut vms = Vec::new();
    let directory = fs::read_dir(root).with_context(|| {
        format!(
            "cannot list {}: mount debugfs and be root, or give QEMU a monitor and use --qmp",
            root.display()
        )
    })?;
    for entry in directory {
        let entry = entry.with_context(|| root.display().to_string())?;
        if entry.file_name().to_string_lossy().starts_with(&prefix) {
            vms.push(read_vm(&entry.path())?);
        }
    }
    ensure!(
        !vms.is_empty(),
        "{} has no VM of process {pid}",
        root.display()
    );
    Ok(vms)
}

/// The files of one directory that hold a number; the others are about something else.
fn read_vm(directory: &Path) -> Result<Scalars> {
    let entries = fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    Ok(entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let value = fs::read_to_string(&path).ok()?.trim().parse().ok()?;
            Some((path.file_name()?.to_str()?.to_string(), value))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_numbers_of_all_vms_of_a_process() {
        let root = std::env::temp_dir().join(format!("lab-tools-{}", std::process::id()));
        for (vm, exits) in [("12-9", "5"), ("12-30", "6"), ("123-9", "7")] {
            let vm = root.join(vm);
            fs::create_dir_all(vm.join("vcpu0")).unwrap();
            fs::write(vm.join("exits"), format!("{exits}\n")).unwrap();
            fs::write(vm.join("mmu_tree"), "a table\n").unwrap();
        }
        let vms = read(&root, 12).unwrap();
        let nobody = read(&root, 1).unwrap_err().to_string();
        fs::remove_dir_all(&root).unwrap();

        assert!(vms.iter().all(|vm| vm.len() == 1));
        assert_eq!(vms.iter().map(|vm| vm["exits"]).sum::<u64>(), 11);
        assert!(nobody.contains("no VM of process 1"), "{nobody}");
    }
}
