// SPDX-License-Identifier: GPL-2.0

//! KVM's own counters, as JSON: what `kvm-stats` prints, one object per VM, and `crosscheck` reads.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Scalar statistics by KVM's name.
pub type Scalars = BTreeMap<String, u64>;

/// The statistics of the VM, or VMs, of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessStats {
    /// The process that runs the VM.
    pub pid: u32,
    /// How they were read.
    pub source: Source,
    /// Of each vCPU; none where the source knows sums only.
    #[serde(default)]
    pub vcpus: Vec<VcpuStats>,
    /// Of each VM, the sums over its vCPUs; only of the source that knows nothing else.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vms: Vec<Scalars>,
}

/// How statistics were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// KVM's binary statistics, from a descriptor that the process holds.
    Binary,
    /// KVM's binary statistics, as QEMU passes them on.
    Qmp,
    /// KVM's debugfs.
    Debugfs,
}

/// The statistics of a vCPU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VcpuStats {
    /// Its number.
    pub vcpu: u32,
    /// All of them that are one number each.
    #[serde(flatten)]
    pub scalars: Scalars,
}

impl ProcessStats {
    /// The sum of `name` over all vCPUs.
    pub fn sum(&self, name: &str) -> Result<u64> {
        let scalars = self.vcpus.iter().map(|vcpu| &vcpu.scalars);
        scalars
            .chain(&self.vms)
            .map(|scalars| scalars.get(name).copied())
            .sum::<Option<u64>>()
            .with_context(|| format!("the statistics of process {} have no \"{name}\"", self.pid))
    }
}

/// Reads what `kvm-stats` printed.
pub fn parse(text: &str) -> Result<Vec<ProcessStats>> {
    serde_json::Deserializer::from_str(text)
        .into_iter()
        .collect::<Result<_, _>>()
        .context("this is not what kvm-stats prints")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_over_vcpus_and_processes_that_follow_each_other() {
        let text = r#"
            {"pid":7,"source":"binary","vcpus":[{"vcpu":0,"exits":2},{"vcpu":1,"exits":3}]}
            {"pid":8,"source":"debugfs","vms":[{"exits":10}]}"#;
        let processes = parse(text).unwrap();
        let sums: Vec<_> = processes.iter().map(|p| p.sum("exits").unwrap()).collect();
        assert_eq!(sums, [5, 10]);
        assert!(processes[0].sum("halts").is_err());
    }

    #[test]
    fn refuses_what_is_something_else() {
        assert!(parse("{\"pid\":7}").is_err());
    }
}
