// SPDX-License-Identifier: GPL-2.0

//! The binary snapshot of `/dev/kvm_exit_stats`, as a snapshot of the host and one of each VM.

mod decode;
mod vms;

use crate::name::Name;
use crate::snapshot::Snapshot;
use acct::snapshot::{self as binary, Malformed};
use anyhow::{anyhow, ensure, Context, Result};
use decode::Decoder;
pub use vms::VmKey;

/// What one reading of the device has.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// All VMs together, those that are gone included.
    pub host: Snapshot,
    /// Each VM that there is.
    pub vms: Vec<Snapshot>,
    /// Whether the guests may see all of it, and not only what is theirs.
    pub guests_see_all: bool,
}

impl Reading {
    /// Reads what the device gave. The total is computed: the format has none that could disagree.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (header, records) = binary::parse(bytes).map_err(|why| explain(why, bytes))?;
        let mut decoder = Decoder::new(header);
        for record in records {
            decoder.record(&record.map_err(|why| explain(why, bytes))?)?;
        }
        decoder.reading()
    }

    /// Whether [`decode()`](Self::decode) can read `bytes`, without doing so: they are whole, and of
    /// this version.
    pub fn check(bytes: &[u8]) -> Result<()> {
        let (_, mut records) = binary::parse(bytes).map_err(|why| explain(why, bytes))?;
        let damaged = records.find_map(Result::err);
        damaged.map_or(Ok(()), |why| Err(explain(why, bytes)))
    }

    /// The VM of process `pid`.
    pub fn vm(&self, pid: u32) -> Result<&Snapshot> {
        let is_of = |s: &&Snapshot| s.vm.as_ref().is_some_and(|vm| vm.pid == pid);
        let mut of_pid = self.vms.iter().filter(is_of);
        let vm = of_pid.next().with_context(|| {
            format!(
                "process {pid} has no VM with a vCPU now; `kvm-exits vms` lists those that have"
            )
        })?;
        ensure!(
            of_pid.next().is_none(),
            "process {pid} has more than one VM: `kvm-exits vms` has each"
        );
        Ok(vm)
    }

    /// Notes what the host is, where that was said: a recording may know it already.
    pub fn note(&mut self, machine: Option<&Name>) {
        let Some(machine) = machine else { return };
        for snapshot in self.snapshots_mut() {
            snapshot.machine = Some(machine.clone());
        }
    }

    /// All of its snapshots.
    pub fn snapshots_mut(&mut self) -> impl Iterator<Item = &mut Snapshot> {
        self.vms.iter_mut().chain([&mut self.host])
    }
}

fn explain(why: Malformed, bytes: &[u8]) -> anyhow::Error {
    match why {
        Malformed::Magic if bytes.is_empty() => anyhow!("it is empty: no snapshot"),
        Malformed::Magic if bytes.starts_with(b"{") || bytes.starts_with(b"[") => anyhow!(
            "this looks like JSON, not like the snapshot of the device that `show --save` keeps"
        ),
        Malformed::Magic => {
            anyhow!("this is no snapshot of kvm_exit_stats, as `show --save` keeps it")
        }
        Malformed::Version(version) => anyhow!(
            "the snapshot has version {version} of the format, this kvm-exits knows version {}: \
             use the kvm-exits that belongs to the module it is from",
            binary::VERSION
        ),
        Malformed::Truncated => {
            anyhow!("a damaged snapshot: it ends in the middle, as if not all of it had been saved")
        }
    }
}
