// SPDX-License-Identifier: GPL-2.0

//! The binary snapshot that `/dev/kvm_exit_stats` gives: its format, written and read here only.
//!
//! Little-endian. A header, then records of `{u32 kind, u32 length of the payload, payload}`; a
//! reader skips kinds it does not know, and bytes at the end of a payload that it does not know.
//! `docs/snapshot.md` is the text to this.

use super::{
    cell::{Level, Values},
    detail::Booked,
    times::{Times, WORDS},
};

/// First bytes of every snapshot.
pub const MAGIC: [u8; 8] = *b"KVMXSNAP";

/// Version of the header and of the records that are known; moves when one of them changes.
pub const VERSION: u32 = 1;

/// The records' kinds.
pub mod kind {
    /// A row of the host's view: `{reason, flags, values, buckets…}`.
    pub const HOST_ROW: u32 = 1;
    /// A VM, to which the rows up to the next one belong: `{pid, vcpus, comm[16]}`.
    pub const VM: u32 = 2;
    /// A row of a VM's view: `{reason, flags, values}`.
    pub const VM_ROW: u32 = 3;
    /// The last record, empty: without it the snapshot is not whole.
    pub const END: u32 = 4;
    /// What the row before it, of the host or of a VM, has besides: `{vmm_count, vmm_cycles,
    /// halted_cycles}`.
    pub const ROW_TIME: u32 = 5;
    /// The time of all vCPUs, those that are gone included: `{cycles[5], preempted[5], entered[5],
    /// preemptions, elapsed}`.
    pub const HOST_TIME: u32 = 6;
    /// A vCPU of the VM before it, and its time: `{index, 0, as HOST_TIME}`.
    pub const VCPU: u32 = 7;
    /// What one CPU counted of one key: `{reason, 0, key, count, cycles}`.
    pub const KEY: u32 = 8;
}

/// What the device does besides being read; neither takes an argument.
pub mod ioctl {
    /// Begins a new period: `_IO('K', 1)`.
    pub const RESET: u32 = ((b'K' as u32) << 8) | 1;
    /// Dumps to the kernel log: `_IO('K', 2)`.
    pub const DUMP: u32 = ((b'K' as u32) << 8) | 2;
}

/// What the module measures besides counts and cycles, as bits.
pub mod measures {
    /// Where the vCPUs' time goes.
    pub const TIME: u32 = 1 << 0;
    /// What the exits are about.
    pub const DETAIL: u32 = 1 << 1;
}

/// Flag of a row: the running KVM has a handler for the reason.
pub const HANDLED: u32 = 1 << 0;

/// Length of a VM's name, as of a task's.
pub const COMM: usize = 16;

/// What a snapshot says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Which period of counting this is.
    pub generation: u32,
    /// Bits of `leaves::paging`.
    pub paging: u32,
    /// What guests see: 0 their own VM, 1 the host.
    pub scope: u32,
    /// Frequency of the host's TSC.
    pub tsc_khz: u32,
    /// What is on now, bits of [`measures`].
    pub measures: u32,
}

/// Length of an encoded header: magic, version, length, five words.
const HEADER_LENGTH: usize = 8 + 4 + 4 + 5 * 4;

/// The same before there was [`Header::measures`].
const HEADER_LENGTH_OLD: usize = HEADER_LENGTH - 4;

/// Where an encoder writes.
pub trait Sink {
    /// What goes wrong.
    type Error;

    /// Appends `bytes`.
    fn put(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// Writes the header.
pub fn put_header<S: Sink>(sink: &mut S, header: &Header) -> Result<(), S::Error> {
    sink.put(&MAGIC)?;
    put_u32(sink, VERSION)?;
    put_u32(sink, HEADER_LENGTH as u32)?;
    [
        header.generation,
        header.paging,
        header.scope,
        header.tsc_khz,
        header.measures,
    ]
    .into_iter()
    .try_for_each(|word| put_u32(sink, word))
}

/// Writes a row of the host's view.
pub fn put_host_row<S: Sink>(sink: &mut S, row: &Row<'_>) -> Result<(), S::Error> {
    put_row(sink, kind::HOST_ROW, row)
}

/// Writes a row of the view of the VM written last.
pub fn put_vm_row<S: Sink>(sink: &mut S, row: &Row<'_>) -> Result<(), S::Error> {
    put_row(sink, kind::VM_ROW, row)
}

/// Writes a VM.
pub fn put_vm<S: Sink>(sink: &mut S, vm: &Vm) -> Result<(), S::Error> {
    put_u32(sink, kind::VM)?;
    put_u32(sink, 4 + 4 + COMM as u32)?;
    put_u32(sink, vm.pid)?;
    put_u32(sink, vm.vcpus)?;
    sink.put(&vm.comm)
}

/// Writes what the row written last has of the VMM's time and of waiting; nothing if that is none.
pub fn put_row_time<S: Sink>(sink: &mut S, values: &Values) -> Result<(), S::Error> {
    let words = [values.vmm.count, values.vmm.cycles, values.halted];
    if words == [0; 3] {
        return Ok(());
    }
    put_u32(sink, kind::ROW_TIME)?;
    put_u32(sink, 3 * 8)?;
    put_words(sink, words)
}

/// Writes the time of all vCPUs.
pub fn put_host_time<S: Sink>(sink: &mut S, times: &Times) -> Result<(), S::Error> {
    put_u32(sink, kind::HOST_TIME)?;
    put_u32(sink, WORDS as u32 * 8)?;
    put_words(sink, times.words())
}

/// Writes a vCPU of the VM written last.
pub fn put_vcpu<S: Sink>(sink: &mut S, index: u32, times: &Times) -> Result<(), S::Error> {
    put_u32(sink, kind::VCPU)?;
    put_u32(sink, 4 + 4 + WORDS as u32 * 8)?;
    put_u32(sink, index)?;
    put_u32(sink, 0)?;
    put_words(sink, times.words())
}

/// Writes what one CPU counted of a key. Before the rows: then no key has more than its reason.
pub fn put_key<S: Sink>(sink: &mut S, key: &Key) -> Result<(), S::Error> {
    put_u32(sink, kind::KEY)?;
    put_u32(sink, KEY_LENGTH as u32)?;
    put_u32(sink, key.reason)?;
    put_u32(sink, 0)?;
    put_words(sink, [key.key, key.booked.count, key.booked.cycles])
}

/// Writes the end.
pub fn put_end<S: Sink>(sink: &mut S) -> Result<(), S::Error> {
    put_u32(sink, kind::END)?;
    put_u32(sink, 0)
}

/// One reason's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// The reason, or `reasons::OTHER`.
    pub reason: u32,
    /// [`HANDLED`].
    pub flags: u32,
    /// Count, cycles, reflected.
    pub values: Values,
    /// Histogram, without the empty buckets at its end; empty in a VM's row.
    pub buckets: Words<'a>,
}

/// One VM that has vCPUs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vm {
    /// Pid of the process that has it; 0 if that is gone.
    pub pid: u32,
    /// How many vCPUs it has.
    pub vcpus: u32,
    /// That process's name, padded with zeros.
    pub comm: [u8; COMM],
}

/// What one CPU counted of what a reason's exits were about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// The reason.
    pub reason: u32,
    /// The key, as `keys::Kind` of the reason says.
    pub key: u64,
    /// How many exits, and their cycles.
    pub booked: Booked,
}

/// 64-bit words, native or as they lie in a snapshot.
#[derive(Clone, Copy, Debug)]
pub enum Words<'a> {
    /// To be written.
    Native(&'a [u64]),
    /// As read.
    Encoded(&'a [u8]),
}

impl<'a> Words<'a> {
    /// The words.
    pub fn iter(self) -> impl Iterator<Item = u64> + 'a {
        let (native, encoded) = match self {
            Self::Native(words) => (words, &[][..]),
            Self::Encoded(bytes) => (&[][..], bytes),
        };
        let decoded = encoded.chunks_exact(8).map(|chunk| le64(chunk, 0));
        native.iter().copied().chain(decoded)
    }
}

impl PartialEq for Words<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Words<'_> {}

/// Bytes of a row without its buckets.
const ROW_LENGTH: usize = 4 + 4 + 5 * 8;

/// Bytes of a key.
const KEY_LENGTH: usize = 4 + 4 + 3 * 8;

fn put_row<S: Sink>(sink: &mut S, kind: u32, row: &Row<'_>) -> Result<(), S::Error> {
    let buckets = row.buckets.iter().count();
    put_u32(sink, kind)?;
    put_u32(sink, (ROW_LENGTH + buckets * 8) as u32)?;
    put_u32(sink, row.reason)?;
    put_u32(sink, row.flags)?;
    let Values {
        l1, l2, reflected, ..
    } = row.values;
    let words = [l1.count, l1.cycles, l2.count, l2.cycles, reflected];
    put_words(sink, words.into_iter().chain(row.buckets.iter()))
}

fn put_words<S: Sink>(sink: &mut S, words: impl IntoIterator<Item = u64>) -> Result<(), S::Error> {
    words
        .into_iter()
        .try_for_each(|word| sink.put(&word.to_le_bytes()))
}

fn put_u32<S: Sink>(sink: &mut S, word: u32) -> Result<(), S::Error> {
    sink.put(&word.to_le_bytes())
}

/// One record of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record<'a> {
    /// A row of the host's view.
    HostRow(Row<'a>),
    /// A VM; its rows follow.
    Vm(Vm),
    /// A row of the VM that came before.
    VmRow(Row<'a>),
    /// What the row that came before has of the VMM's time, as `vmm` and `halted`; else zero.
    RowTime(Values),
    /// The time of all vCPUs.
    HostTime(Times),
    /// A vCPU of the VM that came before.
    Vcpu(u32, Times),
    /// What one CPU counted of a key.
    Key(Key),
}

/// Why bytes are no snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// They do not begin with [`MAGIC`].
    Magic,
    /// The version is this one, not [`VERSION`].
    Version(u32),
    /// They end in the middle of the header or of a record.
    Truncated,
}

/// Reads the header, and returns it with the bytes of the records.
pub fn parse(bytes: &[u8]) -> Result<(Header, Records<'_>), Malformed> {
    if !bytes.starts_with(&MAGIC) {
        return Err(Malformed::Magic);
    }
    if bytes.len() < 16 {
        return Err(Malformed::Truncated);
    }
    let version = le32(bytes, 8);
    if version != VERSION {
        return Err(Malformed::Version(version));
    }
    let length = le32(bytes, 12) as usize;
    if length < HEADER_LENGTH_OLD || bytes.len() < length {
        return Err(Malformed::Truncated);
    }
    let (head, rest) = bytes.split_at(length);
    let header = Header {
        generation: le32(head, 16),
        paging: le32(head, 20),
        scope: le32(head, 24),
        tsc_khz: le32(head, 28),
        // 0 where the header ends before it.
        measures: le32(head, 32),
    };
    Ok((header, Records(Some(rest))))
}

/// The records of a snapshot. The last one is an error where the end is missing.
#[derive(Clone, Debug)]
pub struct Records<'a>(Option<&'a [u8]>);

impl<'a> Records<'a> {
    /// The next record's kind and payload; `None` after an error or the end.
    fn split(&mut self) -> Option<Result<(u32, &'a [u8]), Malformed>> {
        let bytes = self.0?;
        let Some((head, rest)) = bytes.split_first_chunk::<8>() else {
            return Some(Err(Malformed::Truncated));
        };
        let kind = le32(head, 0);
        let length = le32(head, 4) as usize;
        if rest.len() < length {
            return Some(Err(Malformed::Truncated));
        }
        let (payload, rest) = rest.split_at(length);
        self.0 = (kind != kind::END).then_some(rest);
        Some(Ok((kind, payload)))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match self.split()? {
                Ok((kind::END, _)) => return None,
                Ok((kind, payload)) => parse_record(kind, payload),
                Err(why) => Err(why),
            };
            match record {
                Ok(None) => continue,
                Ok(Some(record)) => return Some(Ok(record)),
                Err(why) => {
                    // What follows cannot be told apart any more.
                    self.0 = None;
                    return Some(Err(why));
                }
            }
        }
    }
}

fn parse_record(kind: u32, payload: &[u8]) -> Result<Option<Record<'_>>, Malformed> {
    Ok(Some(match kind {
        kind::HOST_ROW => Record::HostRow(parse_row(payload)?),
        kind::VM_ROW => Record::VmRow(parse_row(payload)?),
        kind::VM => Record::Vm(parse_vm(payload)?),
        kind::ROW_TIME => Record::RowTime(parse_row_time(payload)?),
        kind::HOST_TIME => Record::HostTime(parse_times(payload)?),
        kind::VCPU => {
            let Some((index, times)) = payload.split_at_checked(8) else {
                return Err(Malformed::Truncated);
            };
            Record::Vcpu(le32(index, 0), parse_times(times)?)
        }
        kind::KEY => Record::Key(parse_key(payload)?),
        _ => return Ok(None),
    }))
}

fn parse_row(payload: &[u8]) -> Result<Row<'_>, Malformed> {
    if payload.len() < ROW_LENGTH {
        return Err(Malformed::Truncated);
    }
    let (row, buckets) = payload.split_at(ROW_LENGTH);
    let level = |at| Level {
        count: le64(row, at),
        cycles: le64(row, at + 8),
    };
    Ok(Row {
        reason: le32(row, 0),
        flags: le32(row, 4),
        values: Values {
            l1: level(8),
            l2: level(24),
            reflected: le64(row, 40),
            ..Values::ZERO
        },
        buckets: Words::Encoded(buckets),
    })
}

fn parse_vm(payload: &[u8]) -> Result<Vm, Malformed> {
    let Some((fixed, _)) = payload.split_first_chunk::<{ 8 + COMM }>() else {
        return Err(Malformed::Truncated);
    };
    let mut comm = [0; COMM];
    comm.copy_from_slice(&fixed[8..]);
    Ok(Vm {
        pid: le32(fixed, 0),
        vcpus: le32(fixed, 4),
        comm,
    })
}

fn parse_row_time(payload: &[u8]) -> Result<Values, Malformed> {
    if payload.len() < 3 * 8 {
        return Err(Malformed::Truncated);
    }
    Ok(Values {
        vmm: Level {
            count: le64(payload, 0),
            cycles: le64(payload, 8),
        },
        halted: le64(payload, 16),
        ..Values::ZERO
    })
}

fn parse_times(payload: &[u8]) -> Result<Times, Malformed> {
    if payload.len() < WORDS * 8 {
        return Err(Malformed::Truncated);
    }
    let mut times = Times::ZERO;
    for (word, chunk) in times.words_mut().zip(payload.chunks_exact(8)) {
        *word = le64(chunk, 0);
    }
    Ok(times)
}

fn parse_key(payload: &[u8]) -> Result<Key, Malformed> {
    if payload.len() < KEY_LENGTH {
        return Err(Malformed::Truncated);
    }
    Ok(Key {
        reason: le32(payload, 0),
        key: le64(payload, 8),
        booked: Booked {
            count: le64(payload, 16),
            cycles: le64(payload, 24),
        },
    })
}

/// The word at `at`; zero where `bytes` is too short, which the callers have ruled out.
fn le32(bytes: &[u8], at: usize) -> u32 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.copied().map_or(0, u32::from_le_bytes)
}

fn le64(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.copied().map_or(0, u64::from_le_bytes)
}
