// SPDX-License-Identifier: GPL-2.0

//! How a recording lies in its file, written and read here only.

use crate::name::Name;
use anyhow::{ensure, Context, Result};
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use flate2::Compression;
use serde::{Deserialize, Serialize};
use std::io::{Read, Write};

/// First bytes of every recording.
pub const MAGIC: [u8; 8] = *b"KVMXRECD";

/// Version of the file; moves when a kind of chunk changes its meaning.
pub const VERSION: u32 = 1;

/// Bytes before the first chunk: the magic, the version.
pub const HEADER: usize = 8 + 4;

/// Bytes before a chunk's payload, as many: its kind, its length, their CRC and the payload's.
pub const CHUNK_HEADER: usize = HEADER;

/// The kinds of chunks. A reader passes over those that it does not know.
pub mod kind {
    /// A recorder began: a [`super::Recorder`], as JSON.
    pub const RECORDER: u32 = 1;
    /// A snapshot: a [`super::Stamp`], then it without what the one before it has.
    pub const MOMENT: u32 = 2;
}

/// No snapshot is longer, and no chunk: what says so of itself is damaged. (With 1,024 VMs of 36
/// reasons it has 4 MiB.)
pub const LONGEST: u32 = 256 << 20;

/// What the snapshots after it have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recorder {
    /// Release of the host's kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<Name>,
    /// What the host is, where whoever recorded said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub machine: Option<Name>,
}

/// When a snapshot was taken, and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Nanoseconds since 1970 began.
    pub realtime: u64,
    /// Nanoseconds since the host booted (CLOCK_BOOTTIME).
    pub boottime: u64,
    /// Bytes of the snapshot.
    pub length: u32,
}

/// Bytes of a stamp.
const STAMP: usize = 8 + 8 + 4;

/// What every file begins with.
pub fn header() -> [u8; HEADER] {
    let mut header = [0; HEADER];
    header[..8].copy_from_slice(&MAGIC);
    header[8..].copy_from_slice(&VERSION.to_le_bytes());
    header
}

/// A chunk.
pub fn chunk(kind: u32, payload: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(payload.len()).context("too long for a recording")?;
    let mut chunk = [kind.to_le_bytes(), length.to_le_bytes()].concat();
    chunk.extend(crc(kind, payload).to_le_bytes());
    chunk.extend_from_slice(payload);
    Ok(chunk)
}

/// The CRC of a chunk: of its kind, its length and its payload.
pub fn crc(kind: u32, payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&kind.to_le_bytes());
    crc.update(&(payload.len() as u32).to_le_bytes());
    crc.update(payload);
    crc.finalize()
}

/// Word `n` of a header, of the file or of a chunk.
pub fn word(bytes: &[u8; HEADER], n: usize) -> u32 {
    let [a, b, c, d] = [0, 1, 2, 3].map(|i| bytes[n * 4 + i]);
    u32::from_le_bytes([a, b, c, d])
}

/// The payload of a moment, `before` being the snapshot that came before it.
pub fn moment(realtime: u64, boottime: u64, snapshot: &[u8], before: &[u8]) -> Result<Vec<u8>> {
    let length = u32::try_from(snapshot.len()).ok().filter(|&n| n <= LONGEST);
    let length = length.context("the snapshot is too long for a recording")?;
    let mut payload = Vec::new();
    payload.extend(realtime.to_le_bytes());
    payload.extend(boottime.to_le_bytes());
    payload.extend(length.to_le_bytes());
    let mut deflate = DeflateEncoder::new(payload, Compression::fast());
    deflate.write_all(&less(snapshot, before))?;
    Ok(deflate.finish()?)
}

/// The stamp and the snapshot in the payload of a moment.
pub fn parse_moment(payload: &[u8], before: &[u8]) -> Result<(Stamp, Vec<u8>)> {
    let (stamp, deflated) = payload.split_at_checked(STAMP).context("too short")?;
    let number = |bytes: &[u8]| {
        let digits = bytes.iter().rev();
        digits.fold(0, |number, &byte| number << 8 | u64::from(byte))
    };
    let stamp = Stamp {
        realtime: number(&stamp[..8]),
        boottime: number(&stamp[8..16]),
        length: number(&stamp[16..]) as u32,
    };
    ensure!(stamp.length <= LONGEST, "too long");
    let mut less = Vec::new();
    // One more than there may be, to see that there is not.
    let most = u64::from(stamp.length) + 1;
    let read = DeflateDecoder::new(deflated)
        .take(most)
        .read_to_end(&mut less);
    read.context("not compressed as it should be")?;
    ensure!(less.len() == stamp.length as usize, "of another length");
    Ok((stamp, more(&less, before)))
}

/// `snapshot` less `before`, word by word: counters that did not move are 0, and those that did are
/// small. Where there is no word of both, it stays as it is.
fn less(snapshot: &[u8], before: &[u8]) -> Vec<u8> {
    by_word(snapshot, before, u32::wrapping_sub)
}

/// What [`less()`] was made from.
fn more(less: &[u8], before: &[u8]) -> Vec<u8> {
    by_word(less, before, u32::wrapping_add)
}

fn by_word(bytes: &[u8], before: &[u8], with: impl Fn(u32, u32) -> u32) -> Vec<u8> {
    let mut result = bytes.to_vec();
    for (bytes, before) in result.chunks_exact_mut(4).zip(before.chunks_exact(4)) {
        if let (Ok(a), Ok(b)) = (<[u8; 4]>::try_from(&*bytes), before.try_into()) {
            let word = with(u32::from_le_bytes(a), u32::from_le_bytes(b));
            bytes.copy_from_slice(&word.to_le_bytes());
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn moments_come_back(
            snapshot in prop::collection::vec(any::<u8>(), 0..300),
            before in prop::collection::vec(any::<u8>(), 0..300),
            realtime in any::<u64>(),
            boottime in any::<u64>(),
        ) {
            let payload = moment(realtime, boottime, &snapshot, &before).unwrap();
            let (stamp, again) = parse_moment(&payload, &before).unwrap();
            prop_assert_eq!(again, snapshot.clone());
            let length = snapshot.len() as u32;
            prop_assert_eq!(stamp, Stamp { realtime, boottime, length });
        }
    }

    #[test]
    fn a_length_that_is_not_true_is_refused() {
        let mut payload = moment(1, 2, &[7; 100], &[]).unwrap();
        for length in [0, 99, 101, LONGEST, u32::MAX] {
            payload[16..20].copy_from_slice(&length.to_le_bytes());
            assert!(parse_moment(&payload, &[]).is_err(), "{length}");
        }
        for length in 0..STAMP {
            assert!(parse_moment(&payload[..length], &[]).is_err(), "{length}");
        }
    }

    #[test]
    fn what_does_not_move_takes_no_room() {
        let snapshot: Vec<u8> = (0..10_000).map(|n| (n * 31 % 251) as u8).collect();
        let mut next = snapshot.clone();
        next[400..404].copy_from_slice(&[9, 9, 9, 9]);
        let length = moment(1, 2, &next, &snapshot).unwrap().len();
        // The stamp, and a hundredth of what has not moved.
        assert!(length < 20 + 100, "{length}");
    }
}
