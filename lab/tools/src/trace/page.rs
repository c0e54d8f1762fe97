// SPDX-License-Identifier: GPL-2.0

//! A page of the kernel's ring buffer: a header of two words, then records of a word that has type
//! and time, and data (`include/linux/ring_buffer.h`, `struct ring_buffer_event`).

use anyhow::{ensure, Context, Result};

/// Bytes of a page.
pub const SIZE: usize = 4096;

/// TSC of the page, and how much of it is written.
const HEADER: usize = 16;

/// Of the second word: events before this page were lost, and how many is told behind the data.
const MISSED: u64 = 3 << 30;

const DATA_MAX: u32 = 28;
const PADDING: u32 = 29;
const TIME_EXTEND: u32 = 30;

/// Bits of the time that a record's first word has.
const SHIFT: u32 = 27;

/// A record's TSC and data.
pub type Record<'a> = (u64, &'a [u8]);

/// The records of `page`.
pub fn records(page: &[u8]) -> Result<Records<'_>> {
    let (tsc, commit) = (word64(page, 0)?, word64(page, 8)?);
    ensure!(commit & MISSED == 0, "events were lost before a page");
    let end = HEADER + commit as usize;
    let bytes = page.get(HEADER..end).context("a page beyond its end")?;
    Ok(Records { tsc, bytes })
}

/// Those that are left.
pub struct Records<'a> {
    tsc: u64,
    bytes: &'a [u8],
}

impl<'a> Records<'a> {
    fn step(&mut self) -> Result<Option<Record<'a>>> {
        loop {
            if self.bytes.is_empty() {
                return Ok(None);
            }
            let head = word32(self.bytes, 0)?;
            let (kind, delta) = (head & 31, u64::from(head >> 5));
            let (start, length) = match kind {
                // What is left of the page.
                PADDING if delta == 0 => return Ok(None),
                0 | PADDING => (8, 4 + word32(self.bytes, 4)? as usize),
                1..=DATA_MAX => (4, 4 + 4 * kind as usize),
                _ => (8, 8),
            };
            let length = length.next_multiple_of(4);
            let record = self.bytes.get(start..length);
            let record = record.context("a record beyond its page's end")?;
            let upper = word32(self.bytes, 4).unwrap_or_default();
            self.bytes = &self.bytes[length..];
            match kind {
                PADDING => (),
                TIME_EXTEND => self.tsc += (u64::from(upper) << SHIFT) + delta,
                0..=DATA_MAX => {
                    self.tsc += delta;
                    return Ok(Some((self.tsc, record)));
                }
                // A time as such; it has 59 bits.
                _ => self.tsc = (self.tsc >> 59 << 59) | u64::from(upper) << SHIFT | delta,
            }
        }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let step = self.step().transpose();
        if matches!(step, Some(Err(_))) {
            self.bytes = &[];
        }
        step
    }
}

fn word32(bytes: &[u8], at: usize) -> Result<u32> {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.copied().map(u32::from_le_bytes).context("cut off")
}

fn word64(bytes: &[u8], at: usize) -> Result<u64> {
    let word = bytes.get(at..).and_then(|rest| rest.first_chunk());
    word.copied().map(u64::from_le_bytes).context("cut off")
}
