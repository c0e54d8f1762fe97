// SPDX-License-Identifier: GPL-2.0

//! The binary snapshot that `/dev/kvm_exit_stats` gives: its format, written and read here only.
//!
//! Little-endian. A header, then records of `{u32 kind, u32 length of the payload, payload}`; a
//! reader skips kinds it does not know, and bytes at the end of a payload that it does not know.
//! `docs/snapshot.md` is the text to this.

use self::read::le64;
use super::{
    cell::Values,
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

#[path = "snapshot_read.rs"]
mod read;
pub use read::{parse, Malformed, Record, Records};

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
