// SPDX-License-Identifier: GPL-2.0

//! KVM's binary statistics: the file format behind `KVM_GET_STATS_FD`.
//!
//! See `Documentation/virt/kvm/api.rst`, 4.133, and `struct kvm_stats_header` and
//! `struct kvm_stats_desc` in `include/uapi/linux/kvm.h`.

use crate::stats::Scalars;
use anyhow::{ensure, Context, Result};
use std::os::unix::fs::FileExt;

/// Flags, name_size, num_desc, id_offset, desc_offset, data_offset.
const HEADER_WORDS: usize = 6;
/// Of a descriptor without its name: flags, exponent, size, offset, bucket_size.
const DESC_LENGTH: usize = 16;
/// Names are 48 bytes as of Linux 7.2.
const MAX_NAME: usize = 4096;
/// There are about 60 as of Linux 7.2.
const MAX_DESCS: usize = 65536;

/// Reads the statistics that are one number each.
pub fn read(file: &impl FileExt) -> Result<Scalars> {
    let header = read_words(file)?;
    let [_flags, name_size, num_desc, _id_offset, desc_offset, data_offset] =
        header.map(|word| word as usize);
    ensure!(
        (1..=MAX_NAME).contains(&name_size) && num_desc <= MAX_DESCS,
        "KVM's statistics have {num_desc} names of {name_size} bytes: another format"
    );

    let mut descs = vec![0; num_desc * (DESC_LENGTH + name_size)];
    file.read_exact_at(&mut descs, desc_offset as u64)
        .context("cannot read the names of KVM's statistics")?;
    descs
        .chunks_exact(DESC_LENGTH + name_size)
        .map(|desc| desc.split_at(DESC_LENGTH))
        .filter(|(desc, _)| size(desc) == 1)
        .map(|(desc, name)| {
            let mut value = [0; 8];
            file.read_exact_at(&mut value, data_offset as u64 + u64::from(offset(desc)))
                .context("cannot read KVM's statistics")?;
            Ok((text(name), u64::from_le_bytes(value)))
        })
        .collect()
}

fn read_words(file: &impl FileExt) -> Result<[u32; HEADER_WORDS]> {
    let mut bytes = [0; HEADER_WORDS * 4];
    file.read_exact_at(&mut bytes, 0)
        .context("cannot read the header of KVM's statistics")?;
    let mut words = [0; HEADER_WORDS];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32_at(bytes, 0);
    }
    Ok(words)
}

/// How many numbers: more than one in a histogram.
fn size(desc: &[u8]) -> u16 {
    u16::from_le_bytes([desc[6], desc[7]])
}

/// Where in the data.
fn offset(desc: &[u8]) -> u32 {
    u32_at(desc, 8)
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn text(name: &[u8]) -> String {
    let end = name.iter().position(|&b| b == 0).unwrap_or(name.len());
    String::from_utf8_lossy(&name[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    /// A file in memory.
    struct Image(Vec<u8>);

    impl FileExt for Image {
        fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
            let rest = self.0.get(offset as usize..).unwrap_or(&[]);
            let length = rest.len().min(buffer.len());
            buffer[..length].copy_from_slice(&rest[..length]);
            Ok(length)
        }

        fn write_at(&self, _: &[u8], _: u64) -> io::Result<usize> {
            unreachable!()
        }
    }

    const NAME_SIZE: usize = 12;
    const ID_OFFSET: usize = HEADER_WORDS * 4;
    const DESC_OFFSET: usize = ID_OFFSET + NAME_SIZE;

    fn image(stats: &[(&str, &[u64])]) -> Vec<u8> {
        let data_offset = DESC_OFFSET + stats.len() * (DESC_LENGTH + NAME_SIZE);
        let mut image = Vec::new();
        for word in [
            0,
            NAME_SIZE,
            stats.len(),
            ID_OFFSET,
            DESC_OFFSET,
            data_offset,
        ] {
            image.extend((word as u32).to_le_bytes());
        }
        image.extend(b"kvm-1/vcpu-0");
        let mut offset = 0;
        for (name, values) in stats {
            image.extend(0u32.to_le_bytes());
            image.extend((-9i16).to_le_bytes());
            image.extend((values.len() as u16).to_le_bytes());
            image.extend((offset as u32).to_le_bytes());
            image.extend(0u32.to_le_bytes());
            let mut padded = name.as_bytes().to_vec();
            padded.resize(NAME_SIZE, 0);
            image.extend(padded);
            offset += 8 * values.len();
        }
        for value in stats.iter().flat_map(|(_, values)| *values) {
            image.extend(value.to_le_bytes());
        }
        image
    }

    #[test]
    fn reads_scalars_and_passes_over_histograms() {
        let image = image(&[
            ("exits", &[1 << 40]),
            ("wait_hist", &[1, 2, 3]),
            ("halts", &[7]),
        ]);
        let expected = [("exits", 1 << 40), ("halts", 7)].map(|(n, v)| (n.to_string(), v));
        assert_eq!(read(&Image(image)).unwrap(), Scalars::from(expected));
    }

    #[test]
    fn refuses_a_file_that_ends_too_early() {
        let full = image(&[("exits", &[1])]);
        for length in 0..full.len() {
            assert!(read(&Image(full[..length].to_vec())).is_err(), "{length}");
        }
    }

    #[test]
    fn refuses_another_format() {
        let mut image = image(&[("exits", &[1])]);
        image[4..8].fill(0xff);
        let error = read(&Image(image)).unwrap_err().to_string();
        assert!(error.contains("another format"), "{error}");
    }
}
