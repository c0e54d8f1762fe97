// SPDX-License-Identifier: GPL-2.0

//! The binary snapshot of `/dev/kvm_exit_stats`, as a snapshot of the host and one of each VM.

use crate::name::Name;
use crate::snapshot::{Counters, Isa, Paging, ReasonRow, Scope, Snapshot, Source, Vm, SCHEMA};
use acct::cell::Values;
use acct::snapshot::{self as binary, Header, Malformed, Record, Row};
use anyhow::{anyhow, ensure, Context, Result};

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
        let mut host = empty(&header, None);
        let mut vms = Vec::<Snapshot>::new();
        for record in records {
            match record.map_err(|why| explain(why, bytes))? {
                Record::HostRow(row) => {
                    let histogram = row.buckets.iter().collect();
                    push(&mut host, &row, Some(histogram));
                }
                Record::Vm(vm) => vms.push(empty(&header, Some(&vm))),
                Record::VmRow(row) => {
                    let vm = vms.last_mut();
                    let vm =
                        vm.context("a damaged snapshot: it has figures of a VM before any VM")?;
                    push(vm, &row, None);
                }
            }
        }
        for snapshot in vms.iter_mut().chain([&mut host]) {
            snapshot.total = Counters::sum(snapshot.reasons.iter().map(|row| &row.counters));
        }
        Ok(Self {
            host,
            vms,
            guests_see_all: header.scope == acct::leaves::Scope::Host as u32,
        })
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

    /// All of its snapshots.
    pub fn snapshots_mut(&mut self) -> impl Iterator<Item = &mut Snapshot> {
        self.vms.iter_mut().chain([&mut self.host])
    }
}

/// Without any exit yet.
fn empty(header: &Header, vm: Option<&binary::Vm>) -> Snapshot {
    Snapshot {
        schema: SCHEMA,
        source: Source::Device,
        kernel: None,
        isa: Isa::of(header.paging),
        generation: header.generation.into(),
        scope: if vm.is_some() { Scope::Vm } else { Scope::Host },
        tsc_khz: Some(header.tsc_khz.into()),
        machine: None,
        vm: vm.map(|vm| Vm {
            pid: vm.pid,
            name: comm(&vm.comm),
            vcpus: vm.vcpus,
        }),
        paging: Paging::of(header.paging),
        total: Counters::default(),
        reasons: Vec::new(),
    }
}

fn push(snapshot: &mut Snapshot, row: &Row<'_>, histogram: Option<Vec<u64>>) {
    let counters = counters(&row.values);
    if counters.count != 0 {
        snapshot.reasons.push(ReasonRow {
            reason: row.reason,
            name: snapshot.isa.reason_name(row.reason).into(),
            counters,
            histogram,
        });
    }
}

fn counters(values: &Values) -> Counters {
    let all = values.all();
    Counters {
        count: all.count,
        cycles: all.cycles,
        l2_count: Some(values.l2.count),
        l2_cycles: Some(values.l2.cycles),
        l2_reflected: Some(values.reflected),
    }
}

fn comm(bytes: &[u8]) -> Name {
    let name = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(name).into()
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
