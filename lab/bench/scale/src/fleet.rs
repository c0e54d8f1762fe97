// SPDX-License-Identifier: GPL-2.0-only

//! The tables of a large host, read by the code that reads them in the module: only what holds
//! them is not the module's own.

use crate::exits::{self, Exit};
use acct::{
    encode,
    histogram::Buckets,
    leaves::{self, paging, Context, Layout, Registers, Scope},
    reasons::Isa,
    snapshot::{self, Header, Sink},
    table::{Reading, Table, CELLS},
    timed::TimedTable,
    times::Times,
    view::{Sum, View},
};
use core::arch::x86_64::{_mm_clflush, _mm_mfence};
use std::{convert::Infallible, iter, mem};

/// An empty table of a CPU.
pub fn cpu_table() -> Box<TimedTable> {
    // SAFETY: Arrays and structs of `AtomicU64`, for which all bits zero is the value 0.
    Box::new(unsafe { mem::zeroed() })
}

/// Where a snapshot is written: as the kernel's `KVVec`, which grows by doubling, too.
#[derive(Default)]
pub struct Bytes(Vec<u8>);

impl Bytes {
    /// The bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl Sink for Bytes {
    type Error = Infallible;

    fn put(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        // What `KVVec::extend_from_slice` does; that of `Vec` is specialised for bytes.
        self.0.reserve(bytes.len());
        for (slot, byte) in iter::zip(self.0.spare_capacity_mut(), bytes) {
            slot.write(*byte);
        }
        // SAFETY: As many as have just been written.
        unsafe { self.0.set_len(self.0.len() + bytes.len()) };
        Ok(())
    }
}

/// A snapshot of which `write` writes the records.
pub fn snapshot(write: impl FnOnce(&mut Bytes)) -> Bytes {
    let mut bytes = Bytes::default();
    let header = Header {
        generation: 1,
        paging: paging::TDP,
        scope: Scope::Vm as u32,
        tsc_khz: 1_000_000,
        measures: 0,
    };
    let Ok(()) = snapshot::put_header(&mut bytes, &header);
    write(&mut bytes);
    let Ok(()) = snapshot::put_end(&mut bytes);
    bytes
}

/// All CPUs' tables.
pub struct Host {
    cpus: Vec<Box<TimedTable>>,
    baseline: Box<Table>,
    histograms_baseline: Vec<Buckets>,
}

impl Host {
    /// `cpus` CPUs that have been busy.
    pub fn busy(cpus: usize) -> Self {
        let busy = |cpu: usize| {
            let table = cpu_table();
            let book = |exit: Exit| table.book(exit.index, exit.cycles);
            exits::of_every_reason(cpu as u64).for_each(book);
            table
        };
        Self {
            cpus: (0..cpus).map(busy).collect(),
            baseline: Box::default(),
            histograms_baseline: vec![Buckets::default(); CELLS],
        }
    }

    /// Writes its part of a snapshot.
    pub fn write(&self, bytes: &mut Bytes) {
        put_host(&self.reading(), |index| self.buckets(index), bytes);
    }

    /// What a guest sees of it with `scope=host`.
    pub fn view(&self) -> impl View + '_ {
        Sum::new(self.cpus.iter().map(|cpu| &**cpu), &self.baseline)
    }

    /// This period's counts.
    pub fn reading(&self) -> Box<Reading> {
        let mut reading = Box::new(Reading::ZERO);
        self.view().read_into(&mut reading);
        reading
    }

    /// This period's histogram of the cell `index`.
    pub fn buckets(&self, index: usize) -> Buckets {
        let mut sum = Buckets::default();
        for cpu in &self.cpus {
            cpu.add_buckets_to(index, &mut sum);
        }
        if let Some(baseline) = self.histograms_baseline.get(index) {
            sum.subtract(baseline);
        }
        sum
    }

    /// Takes the tables out of all caches.
    pub fn flush(&self) {
        self.cpus.iter().for_each(|cpu| flush(&**cpu));
    }
}

/// What a guest gets that asks for the total of `view`.
pub fn total(view: &impl View) -> Option<Registers> {
    let context = Context {
        layout: Layout::V2,
        scope: Scope::Host,
        paging: paging::TDP,
        generation: 1,
        tsc_khz: 1_000_000,
    };
    leaves::answer(
        &context,
        view,
        |_| Times::ZERO,
        leaves::REASON,
        leaves::TOTAL,
    )
}

/// The host's part of a snapshot: only the serialization, where `buckets` has the histograms.
pub fn put_host(reading: &Reading, buckets: impl Fn(usize) -> Buckets, bytes: &mut Bytes) {
    let Ok(()) = encode::put_host(bytes, Isa::Vmx, reading, buckets, |_| true);
}

/// A VM's tables.
pub struct Vm {
    pid: u32,
    baseline: Box<Table>,
    vcpus: Vec<Box<Table>>,
}

impl Vm {
    /// The VM `number`, of `vcpus` vCPUs that have been busy.
    pub fn busy(number: usize, vcpus: usize) -> Self {
        let busy = |vcpu| {
            let table = Box::new(Table::new());
            let book = |exit: Exit| table.book(exit.index, exit.cycles);
            exits::of_every_reason((number * vcpus + vcpu) as u64).for_each(book);
            table
        };
        Self {
            pid: number as u32,
            baseline: Box::default(),
            vcpus: (0..vcpus).map(busy).collect(),
        }
    }

    /// What its guest sees of it.
    pub fn view(&self) -> impl View + '_ {
        Sum::new(self.vcpus.iter().map(|table| &**table), &self.baseline)
    }

    /// Takes the tables out of all caches.
    pub fn flush(&self) {
        self.vcpus.iter().for_each(|table| flush(&**table));
        flush(&*self.baseline);
    }

    fn write(&self, reading: &Reading, bytes: &mut Bytes) {
        let vm = snapshot::Vm {
            pid: self.pid,
            vcpus: self.vcpus.len() as u32,
            comm: *b"qemu-system-x86\0",
        };
        let Ok(()) = encode::put_guest(bytes, &vm, iter::empty(), reading, |_| true);
    }
}

/// All VMs' tables.
pub struct Vms(Vec<Vm>);

impl Vms {
    /// `vms` VMs of `vcpus` vCPUs each that have been busy.
    pub fn busy(vms: usize, vcpus: usize) -> Self {
        Self((0..vms).map(|number| Vm::busy(number, vcpus)).collect())
    }

    /// Writes their part of a snapshot.
    pub fn write(&self, bytes: &mut Bytes) {
        let mut reading = Box::new(Reading::ZERO);
        for vm in &self.0 {
            vm.view().read_into(&mut reading);
            vm.write(&reading, bytes);
        }
    }

    /// Only the serialization: as many VMs, all with the counts `reading`.
    pub fn encode(&self, reading: &Reading, bytes: &mut Bytes) {
        self.0.iter().for_each(|vm| vm.write(reading, bytes));
    }

    /// Takes the tables out of all caches.
    pub fn flush(&self) {
        self.0.iter().for_each(Vm::flush);
    }
}

fn flush<T>(value: &T) {
    const LINE: usize = 64;
    let lines = mem::size_of_val(value).div_ceil(LINE);
    for line in 0..lines {
        let at = std::ptr::from_ref(value).cast::<u8>();
        // SAFETY: Within `value`, and CLFLUSH, which every x86-64 has, changes no memory.
        unsafe { _mm_clflush(at.add(line * LINE)) };
    }
    // SAFETY: Every x86-64 has it.
    unsafe { _mm_mfence() };
}

#[cfg(test)]
mod tests {
    use super::*;
    use acct::{cell::Level, snapshot::Record};

    fn records(bytes: &Bytes) -> Vec<Record<'_>> {
        let (_, records) = snapshot::parse(bytes.as_slice()).unwrap();
        records.collect::<Result<_, _>>().unwrap()
    }

    fn booked(tables: u64) -> Level {
        (0..tables)
            .flat_map(exits::of_every_reason)
            .fold(Level::default(), |sum, exit| {
                sum.plus(&Level {
                    count: 1,
                    cycles: exit.cycles,
                })
            })
    }

    #[test]
    fn a_host_is_all_of_its_cpus() {
        let host = Host::busy(3);
        host.flush();
        let bytes = snapshot(|bytes| host.write(bytes));
        let mut sum = Level::default();
        for record in records(&bytes) {
            let Record::HostRow(row) = record else {
                panic!("{record:?} is no row of the host's");
            };
            sum = sum.plus(&row.values.all());
            assert_eq!(row.buckets.iter().sum::<u64>(), row.values.all().count);
        }
        assert_eq!(sum, booked(3));
    }

    #[test]
    fn a_guest_gets_the_total() {
        let answer = total(&Host::busy(3).view()).unwrap();
        // Far below 2^32.
        assert_eq!(u64::from(answer.eax), booked(3).count);
    }

    #[test]
    fn every_vm_is_all_of_its_vcpus() {
        let vms = Vms::busy(3, 2);
        vms.flush();
        let bytes = snapshot(|bytes| vms.write(bytes));
        let (mut pids, mut sum) = (Vec::new(), Level::default());
        for record in records(&bytes) {
            match record {
                Record::Vm(vm) => {
                    assert_eq!(vm.vcpus, 2);
                    pids.push(vm.pid);
                }
                Record::VmRow(row) => sum = sum.plus(&row.values.all()),
                other => panic!("of the host, or of what is not measured: {other:?}"),
            }
        }
        assert_eq!(pids, [0, 1, 2]);
        assert_eq!(sum, booked(6));
    }
}
