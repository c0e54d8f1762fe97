// SPDX-License-Identifier: GPL-2.0

//! The binary snapshot: what is written is read back, and garbage is refused without a panic.

use acct::{
    cell::{Level, Values},
    detail::Booked,
    snapshot::{self, Header, Key, Malformed, Record, Row, Sink, Vm, Words, COMM},
    times::{Times, WORDS},
};
use proptest::prelude::*;
use std::convert::Infallible;

struct Buffer(Vec<u8>);

impl Sink for Buffer {
    type Error = Infallible;

    fn put(&mut self, bytes: &[u8]) -> Result<(), Infallible> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// A record to write, owning what [`Record`] borrows.
#[derive(Clone, Debug)]
enum Owned {
    HostRow(u32, u32, Values, Vec<u64>),
    Vm(Vm),
    VmRow(u32, u32, Values),
    RowTime(Values),
    HostTime(Times),
    Vcpu(u32, Times),
    Key(Key),
}

impl Owned {
    fn put(&self, sink: &mut Buffer) {
        let Ok(()) = match self {
            Self::HostRow(reason, flags, values, buckets) => {
                snapshot::put_host_row(sink, &row(*reason, *flags, *values, Words::Native(buckets)))
            }
            Self::Vm(vm) => snapshot::put_vm(sink, vm),
            Self::VmRow(reason, flags, values) => {
                snapshot::put_vm_row(sink, &row(*reason, *flags, *values, Words::Native(&[])))
            }
            Self::RowTime(values) => snapshot::put_row_time(sink, values),
            Self::HostTime(times) => snapshot::put_host_time(sink, times),
            Self::Vcpu(index, times) => snapshot::put_vcpu(sink, *index, times),
            Self::Key(key) => snapshot::put_key(sink, key),
        };
    }

    fn as_record(&self) -> Record<'_> {
        match self {
            Self::HostRow(reason, flags, values, buckets) => {
                Record::HostRow(row(*reason, *flags, *values, Words::Native(buckets)))
            }
            Self::Vm(vm) => Record::Vm(*vm),
            Self::VmRow(reason, flags, values) => {
                Record::VmRow(row(*reason, *flags, *values, Words::Native(&[])))
            }
            Self::RowTime(values) => Record::RowTime(*values),
            Self::HostTime(times) => Record::HostTime(*times),
            Self::Vcpu(index, times) => Record::Vcpu(*index, *times),
            Self::Key(key) => Record::Key(*key),
        }
    }
}

fn row(reason: u32, flags: u32, values: Values, buckets: Words<'_>) -> Row<'_> {
    Row {
        reason,
        flags,
        values,
        buckets,
    }
}

fn values() -> impl Strategy<Value = Values> {
    any::<[u64; 5]>().prop_map(|[a, b, c, d, reflected]| Values {
        l1: Level {
            count: a,
            cycles: b,
        },
        l2: Level {
            count: c,
            cycles: d,
        },
        reflected,
        ..Values::ZERO
    })
}

fn times() -> impl Strategy<Value = Times> {
    any::<[u64; WORDS]>().prop_map(|words| {
        let mut times = Times::ZERO;
        times.words_mut().zip(words).for_each(|(word, n)| *word = n);
        times
    })
}

/// What a row has besides; never nothing, which is not written.
fn row_time() -> impl Strategy<Value = Values> {
    (1u64.., any::<[u64; 2]>()).prop_map(|(count, [cycles, halted])| Values {
        vmm: Level { count, cycles },
        halted,
        ..Values::ZERO
    })
}

fn key() -> impl Strategy<Value = Key> {
    (any::<u32>(), any::<[u64; 3]>()).prop_map(|(reason, [key, count, cycles])| Key {
        reason,
        key,
        booked: Booked { count, cycles },
    })
}

fn records() -> impl Strategy<Value = Vec<Owned>> {
    let buckets = prop::collection::vec(any::<u64>(), 0..=64);
    prop::collection::vec(
        prop_oneof![
            (any::<u32>(), any::<u32>(), values(), buckets)
                .prop_map(|(r, f, v, b)| Owned::HostRow(r, f, v, b)),
            (any::<u32>(), any::<u32>(), values()).prop_map(|(r, f, v)| Owned::VmRow(r, f, v)),
            (any::<u32>(), any::<u32>(), any::<[u8; COMM]>())
                .prop_map(|(pid, vcpus, comm)| Owned::Vm(Vm { pid, vcpus, comm })),
            row_time().prop_map(Owned::RowTime),
            times().prop_map(Owned::HostTime),
            (any::<u32>(), times()).prop_map(|(index, times)| Owned::Vcpu(index, times)),
            key().prop_map(Owned::Key),
        ],
        0..20,
    )
}

fn header() -> impl Strategy<Value = Header> {
    any::<[u32; 5]>().prop_map(|[generation, paging, scope, tsc_khz, measures]| Header {
        generation,
        paging,
        scope,
        tsc_khz,
        measures,
    })
}

const HEADER: Header = Header {
    generation: 1,
    paging: 0,
    scope: 0,
    tsc_khz: 1,
    measures: 0,
};

fn encode(header: &Header, records: &[Owned]) -> Vec<u8> {
    let mut sink = Buffer(Vec::new());
    let Ok(()) = snapshot::put_header(&mut sink, header);
    records.iter().for_each(|record| record.put(&mut sink));
    let Ok(()) = snapshot::put_end(&mut sink);
    sink.0
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(header in header(), records in records()) {
        let bytes = encode(&header, &records);
        let (read_header, read) = snapshot::parse(&bytes).unwrap();
        prop_assert_eq!(read_header, header);
        let read: Vec<_> = read.collect::<Result<_, _>>().unwrap();
        let written: Vec<_> = records.iter().map(Owned::as_record).collect();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn a_part_is_never_taken_for_the_whole(header in header(), records in records(), cut: prop::sample::Index) {
        let bytes = encode(&header, &records);
        let part = &bytes[..cut.index(bytes.len())];
        if let Ok((_, read)) = snapshot::parse(part) {
            let read: Result<Vec<_>, _> = read.collect();
            prop_assert_eq!(read, Err(Malformed::Truncated));
        }
    }

    #[test]
    fn garbage_does_not_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..400), keep: bool) {
        if keep {
            bytes.splice(0..0, encode(&HEADER, &[]));
        }
        if let Ok((_, records)) = snapshot::parse(&bytes) {
            prop_assert!(records.count() <= bytes.len());
        }
    }
}

#[test]
fn other_versions_and_other_files_are_told_apart() {
    let mut bytes = encode(&HEADER, &[]);
    bytes[8] = 9;
    assert_eq!(snapshot::parse(&bytes).unwrap_err(), Malformed::Version(9));
    assert_eq!(snapshot::parse(b"{}").unwrap_err(), Malformed::Magic);
}

#[test]
fn records_of_unknown_kind_are_skipped() {
    let vm = Vm {
        pid: 1,
        vcpus: 2,
        comm: *b"qemu\0\0\0\0\0\0\0\0\0\0\0\0",
    };
    let mut sink = Buffer(Vec::new());
    let Ok(()) = snapshot::put_header(&mut sink, &HEADER);
    sink.0.extend([77, 0, 0, 0, 2, 0, 0, 0, 1, 2]);
    Owned::Vm(vm).put(&mut sink);
    let Ok(()) = snapshot::put_end(&mut sink);
    let read: Vec<_> = snapshot::parse(&sink.0).unwrap().1.collect();
    assert_eq!(read, [Ok(Record::Vm(vm))]);
}

#[test]
fn of_no_time_nothing_is_written() {
    let mut sink = Buffer(Vec::new());
    let Ok(()) = snapshot::put_row_time(&mut sink, &Values::ZERO.with_in_flight(true));
    assert_eq!(sink.0, []);
}

#[test]
fn a_header_without_what_is_measured_is_read() {
    let mut bytes = encode(&HEADER, &[]);
    // As it was before: four bytes shorter.
    bytes.drain(32..36);
    bytes[12] = 32;
    let (header, records) = snapshot::parse(&bytes).unwrap();
    assert_eq!(header, HEADER);
    assert_eq!(records.count(), 0);
}
