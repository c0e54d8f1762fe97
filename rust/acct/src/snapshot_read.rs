// SPDX-License-Identifier: GPL-2.0

//! The binary snapshot, read.

use super::super::{
    cell::{Level, Values},
    detail::Booked,
    times::{Times, WORDS},
};
use super::{
    kind, Header, Key, Row, Vm, Words, COMM, HEADER_LENGTH_OLD, KEY_LENGTH, MAGIC, ROW_LENGTH,
    VERSION,
};

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

pub(super) fn le64(bytes: &[u8], at: usize) -> u64 {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.copied().map_or(0, u64::from_le_bytes)
}
