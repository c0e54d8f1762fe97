// SPDX-License-Identifier: GPL-2.0

//! Damage as it happens, and as somebody does it on purpose.

use proptest::prelude::*;
use proptest::sample::Index;

/// What is done to a file.
#[derive(Clone, Debug)]
pub enum Damage {
    /// One bit is another.
    Flip(Index, u8),
    /// A length, a counter or a kind is an extreme one.
    Word(Index, u64, usize),
    /// So many of them in a row are.
    Fill(Index, u64, usize),
    /// A part is missing.
    Cut(Index, Index),
    /// The end is missing.
    End(Index),
    /// A part is there more than once.
    Repeat(Index, Index, u8),
    /// A part of another file, or of this one, is in its midst.
    Splice(Index, Index, Index),
    /// Bytes are in its midst.
    Insert(Index, Vec<u8>),
    /// Text: a number is another.
    Number(Index, &'static str),
    /// Text: deeper than anybody means it.
    Nest(Index, &'static str, usize),
}

const WORDS: [u64; 10] = [
    0,
    1,
    64,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x7fff_ffff_ffff_ffff,
    u64::MAX - 1,
    u64::MAX,
];

const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "-0",
    "1.5",
    "1e5",
    "1e999",
    "65535",
    "4294967296",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999999999999999",
    "null",
];

const NESTS: [&str; 4] = ["[", "{\"a\":", "[[", "\""];

pub fn damages() -> impl Strategy<Value = Vec<Damage>> {
    let at = any::<Index>;
    let damage = prop_oneof![
        3 => (at(), 0u8..8).prop_map(|(at, bit)| Damage::Flip(at, bit)),
        4 => (at(), prop::sample::select(&WORDS[..]), prop::sample::select(&[1usize, 4, 8][..]))
            .prop_map(|(at, word, size)| Damage::Word(at, word, size)),
        2 => (at(), prop::sample::select(&WORDS[..]), 1usize..20)
            .prop_map(|(at, word, n)| Damage::Fill(at, word, n)),
        1 => (at(), at()).prop_map(|(from, to)| Damage::Cut(from, to)),
        1 => at().prop_map(Damage::End),
        1 => (at(), at(), 1u8..40).prop_map(|(from, to, n)| Damage::Repeat(from, to, n)),
        2 => (at(), at(), at()).prop_map(|(from, to, at)| Damage::Splice(from, to, at)),
        1 => (at(), prop::collection::vec(any::<u8>(), 1..40))
            .prop_map(|(at, bytes)| Damage::Insert(at, bytes)),
        4 => (at(), prop::sample::select(&NUMBERS[..])).prop_map(|(at, n)| Damage::Number(at, n)),
        1 => (at(), prop::sample::select(&NESTS[..]), 1usize..20_000)
            .prop_map(|(at, nest, depth)| Damage::Nest(at, nest, depth)),
    ];
    prop::collection::vec(damage, 1..5)
}

/// `bytes` after all of `damages`; `other` is where parts may be taken from.
pub fn damaged(bytes: &[u8], damages: &[Damage], other: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for damage in damages {
        apply(&mut bytes, damage, other);
    }
    bytes
}

fn apply(bytes: &mut Vec<u8>, damage: &Damage, other: &[u8]) {
    let range = |from: &Index, to: &Index, length: usize| {
        let (a, b) = (from.index(length + 1), to.index(length + 1));
        a.min(b)..a.max(b)
    };
    match damage {
        Damage::Flip(at, bit) if !bytes.is_empty() => {
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
        }
        Damage::Word(at, word, size) if bytes.len() >= *size => {
            // Most fields are aligned to 4.
            let at = at.index(bytes.len() - size + 1) & !3;
            bytes[at..at + size].copy_from_slice(&word.to_le_bytes()[..*size]);
        }
        Damage::Fill(at, word, n) => {
            let words = word.to_le_bytes().repeat(*n);
            let at = at.index(bytes.len() + 1) & !3;
            let end = bytes.len().min(at + words.len());
            bytes[at..end].copy_from_slice(&words[..end - at]);
        }
        Damage::Cut(from, to) => drop(bytes.drain(range(from, to, bytes.len()))),
        Damage::End(at) => bytes.truncate(at.index(bytes.len() + 1)),
        Damage::Repeat(from, to, n) => {
            let range = range(from, to, bytes.len());
            let part = bytes[range.clone()].repeat((*n).into());
            bytes.splice(range.end..range.end, part);
        }
        Damage::Splice(from, to, at) => {
            let part = other[range(from, to, other.len())].to_vec();
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, part);
        }
        Damage::Insert(at, part) => {
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, part.iter().copied());
        }
        Damage::Number(at, number) => {
            let starts = numbers(bytes);
            if !starts.is_empty() {
                let number_at = starts[at.index(starts.len())].clone();
                bytes.splice(number_at, number.bytes());
            }
        }
        Damage::Nest(at, nest, depth) => {
            let at = at.index(bytes.len() + 1);
            bytes.splice(at..at, nest.repeat(*depth).into_bytes());
        }
        Damage::Flip(..) | Damage::Word(..) => {}
    }
}

/// Where there are numbers in a text.
fn numbers(bytes: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in bytes.iter().enumerate().filter(|(_, b)| b.is_ascii_digit()) {
        match found.last_mut() {
            Some(last) if last.end == at => last.end += 1,
            _ => found.push(at..at + 1),
        }
    }
    found
}
