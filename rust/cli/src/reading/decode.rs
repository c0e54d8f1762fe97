// SPDX-License-Identifier: GPL-2.0

//! The records of a binary snapshot, one after the other.

use super::Reading;
use crate::detail;
use crate::name::Name;
use crate::snapshot::{
    reasons_differ, Counters, Isa, Paging, ReasonRow, Scope, Snapshot, Source, Vm, SCHEMA,
};
use crate::time::Vcpu;
use acct::cell::Values;
use acct::detail::Booked;
use acct::keys::Kind;
use acct::snapshot::{self as binary, measures, Header, Key, Record, Row};
use acct::times::Times;
use anyhow::{ensure, Context, Result};
use std::collections::BTreeMap;

/// What is said of records in an order that the module does not write.
const BEFORE_ANY_VM: &str = "a damaged snapshot: it has figures of a VM before any VM";
const BEFORE_ANY_ROW: &str = "a damaged snapshot: it has a reason's time before any reason";

/// More VMs than a host can run: each needs a process, and a vCPU.
const MOST_VMS: usize = 1 << 16;
const TOO_MANY_VMS: &str = "a damaged snapshot: it has more VMs than a host can run";

/// What has been read so far.
pub struct Decoder {
    header: Header,
    host: Snapshot,
    /// Each VM, and the time of its vCPUs together.
    vms: Vec<(Snapshot, Option<Times>)>,
    /// Of each reason what its exits were about: the sums over the CPUs.
    keys: BTreeMap<u32, BTreeMap<u64, Booked>>,
    /// Whose the row before is.
    row_of: Option<Scope>,
    /// Bits of [`measures`]: what is measured, and what there is although it no longer is.
    measured: u32,
}

impl Decoder {
    /// Nothing but the header.
    pub fn new(header: Header) -> Self {
        Self {
            header,
            host: empty(&header, None),
            vms: Vec::new(),
            keys: BTreeMap::new(),
            row_of: None,
            measured: header.measures,
        }
    }

    /// Takes the next record.
    pub fn record(&mut self, record: &Record<'_>) -> Result<()> {
        match record {
            Record::HostRow(row) => {
                let histogram = row.buckets.iter().collect();
                push(&mut self.host, row, Some(histogram));
                self.row_of = Some(Scope::Host);
            }
            Record::Vm(vm) => {
                ensure!(self.vms.len() < MOST_VMS, TOO_MANY_VMS);
                self.vms.push((empty(&self.header, Some(vm)), None));
                self.row_of = None;
            }
            Record::VmRow(row) => {
                let (vm, _) = self.vms.last_mut().context(BEFORE_ANY_VM)?;
                push(vm, row, None);
                self.row_of = Some(Scope::Vm);
            }
            Record::RowTime(values) => self.row_time(values)?,
            Record::HostTime(times) => {
                self.measured |= measures::TIME;
                self.host.time = Some((*times).into());
            }
            Record::Vcpu(index, times) => self.vcpu(*index, times)?,
            Record::Key(key) => self.key(key),
        }
        Ok(())
    }

    fn row_time(&mut self, values: &Values) -> Result<()> {
        self.measured |= measures::TIME;
        let snapshot = match self.row_of {
            Some(Scope::Host) => Some(&mut self.host),
            Some(Scope::Vm) => self.vms.last_mut().map(|(vm, _)| vm),
            None => None,
        };
        let row = snapshot.and_then(|snapshot| snapshot.reasons.last_mut());
        let counters = &mut row.context(BEFORE_ANY_ROW)?.counters;
        counters.vmm_count = Some(values.vmm.count);
        counters.vmm_cycles = Some(values.vmm.cycles);
        counters.halted_cycles = Some(values.halted);
        Ok(())
    }

    fn vcpu(&mut self, index: u32, times: &Times) -> Result<()> {
        self.measured |= measures::TIME;
        let (vm, sum) = self.vms.last_mut().context(BEFORE_ANY_VM)?;
        *sum = Some(sum.unwrap_or(Times::ZERO).plus(times));
        let vcpus = vm.vcpus.get_or_insert_with(Vec::new);
        let time = (*times).into();
        vcpus.push(Vcpu { index, time });
        Ok(())
    }

    fn key(&mut self, key: &Key) {
        self.measured |= measures::DETAIL;
        let sum = self.keys.entry(key.reason).or_default();
        let sum = sum.entry(key.key).or_default();
        sum.count = sum.count.wrapping_add(key.booked.count);
        sum.cycles = sum.cycles.wrapping_add(key.booked.cycles);
    }

    /// All of it.
    pub fn reading(mut self) -> Result<Reading> {
        for snapshot in self.vms.iter().map(|(vm, _)| vm).chain([&self.host]) {
            reasons_differ(snapshot.reasons.iter().map(|row| row.reason))?;
        }
        let has = |bit| self.measured & bit != 0;
        if has(measures::DETAIL) {
            details(&mut self.host, &self.keys);
        }
        let is_timed = has(measures::TIME);
        finish(&mut self.host, is_timed);
        let vms = self.vms.into_iter().map(|(mut vm, times)| {
            vm.time = times.map(Into::into);
            finish(&mut vm, is_timed);
            vm
        });
        Ok(Reading {
            vms: vms.collect(),
            host: self.host,
            guests_see_all: self.header.scope == acct::leaves::Scope::Host as u32,
        })
    }
}

/// What is only known when all has been read.
fn finish(snapshot: &mut Snapshot, is_timed: bool) {
    let rows = &mut snapshot.reasons;
    rows.retain(|row| row.counters.count != 0);
    if is_timed {
        // Where the module left it out, there was none.
        for counters in rows.iter_mut().map(|row| &mut row.counters) {
            counters.vmm_count.get_or_insert(0);
            counters.vmm_cycles.get_or_insert(0);
            counters.halted_cycles.get_or_insert(0);
        }
    }
    let total = Counters::sum(rows.iter().map(|row| &row.counters));
    snapshot.total = if is_timed {
        total
    } else {
        total.without_time()
    };
}

/// What the exits were about, of each reason that has keys.
fn details(host: &mut Snapshot, keys: &BTreeMap<u32, BTreeMap<u64, Booked>>) {
    let none = BTreeMap::new();
    for row in &mut host.reasons {
        let Some(kind) = Kind::of(host.isa.into(), row.reason) else {
            continue;
        };
        let all = Booked {
            count: row.counters.count,
            cycles: row.counters.cycles,
        };
        let keys = keys.get(&row.reason).unwrap_or(&none);
        row.detail = Some(detail::rows(kind, keys, all));
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
        time: None,
        vcpus: None,
        reasons: Vec::new(),
    }
}

fn push(snapshot: &mut Snapshot, row: &Row<'_>, histogram: Option<Vec<u64>>) {
    snapshot.reasons.push(ReasonRow {
        reason: row.reason,
        name: snapshot.isa.reason_name(row.reason).into(),
        counters: counters(&row.values),
        histogram,
        detail: None,
    });
}

fn counters(values: &Values) -> Counters {
    let all = values.all();
    Counters {
        count: all.count,
        cycles: all.cycles,
        l2_count: Some(values.l2.count),
        l2_cycles: Some(values.l2.cycles),
        l2_reflected: Some(values.reflected),
        ..Counters::default()
    }
}

fn comm(bytes: &[u8]) -> Name {
    let name = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(name).into()
}
