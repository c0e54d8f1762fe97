// SPDX-License-Identifier: GPL-2.0-only

//! What a module says of itself: for which kernel it is, and what it needs of that.

use crate::symvers::Symvers;
use anyhow::{Context, Result};
use object::{
    elf::FileHeader64, read::elf::ElfFile, Endianness, Object, ObjectSection, ObjectSymbol,
};
use std::collections::{HashMap, HashSet};

/// `struct modversion_info`: a checksum of eight bytes, then the name.
const VERSION_SIZE: usize = 64;

/// A `.ko`, as it is in memory.
pub struct Module<'data> {
    /// What the kernel calls its file.
    pub name: String,
    elf: ElfFile<'data, FileHeader64<Endianness>>,
}

impl<'data> Module<'data> {
    /// From a file's contents.
    pub fn new(name: &str, file: &'data [u8]) -> Result<Self> {
        let elf = ElfFile::parse(file).with_context(|| format!("{name} is no module"))?;
        Ok(Self {
            name: name.to_owned(),
            elf,
        })
    }

    /// The file.
    pub fn elf(&self) -> &ElfFile<'data, FileHeader64<Endianness>> {
        &self.elf
    }

    fn section(&self, name: &str) -> Result<&'data [u8]> {
        match self.elf.section_by_name(name) {
            Some(section) => Ok(section.data()?),
            None => Ok(&[]),
        }
    }

    /// What it exports to other modules.
    pub fn exports(&self) -> impl Iterator<Item = &'data str> + use<'_, 'data> {
        self.elf
            .symbols()
            .filter_map(|symbol| symbol.name().ok()?.strip_prefix("__ksymtab_"))
    }

    fn needs(&self) -> impl Iterator<Item = &'data str> + use<'_, 'data> {
        self.elf
            .symbols()
            .filter(|symbol| symbol.is_undefined() && !symbol.is_weak())
            .filter_map(|symbol| symbol.name().ok())
            .filter(|name| !name.is_empty())
    }

    /// What is wrong with its vermagic.
    pub fn vermagic(&self, kernel: &str) -> Result<Option<String>> {
        let own = self
            .section(".modinfo")?
            .split(|&byte| byte == 0)
            .find_map(|entry| entry.strip_prefix(b"vermagic="))
            .with_context(|| format!("{} has no vermagic", self.name))?;
        let own = String::from_utf8_lossy(own);
        // modinfo and kernel differ in whether a space ends it.
        Ok((own.trim_end() != kernel.trim_end())
            .then(|| format!("its vermagic is \"{own}\", the kernel's is \"{kernel}\"")))
    }

    /// What is wrong with the symbols that it needs, of the kernel or of `others`.
    pub fn symbols(
        &self,
        kernel: &Symvers,
        others: &HashSet<&str>,
        versions: bool,
    ) -> Result<Vec<String>> {
        let own = self.versions()?;
        let mut found = Vec::new();
        for name in self.needs() {
            // The kernel may well export it; but it was made by another rustc.
            if name.starts_with("_R") || name.starts_with("rust_") {
                found.push(format!("it needs {name}, which is Rust's"));
            } else if others.contains(name) {
            } else if let Some(crc) = kernel.crc(name) {
                match own.get(name) {
                    _ if !versions => {}
                    Some(&ours) if ours == crc => {}
                    Some(ours) => {
                        found.push(format!(
                            "its CRC of {name} is {ours:#x}, the kernel's is {crc:#x}"
                        ));
                    }
                    None => {
                        found.push(format!("it has no CRC of {name}, the kernel's is {crc:#x}"))
                    }
                }
            } else {
                found.push(format!("it needs {name}, which the kernel does not export"));
            }
        }
        Ok(found)
    }

    /// Symbols and the checksums that they had when the module was built, in either of the forms
    /// that a kernel may be configured to have.
    fn versions(&self) -> Result<HashMap<&'data str, u32>> {
        let mut found = HashMap::new();
        for entry in self.section("__versions")?.chunks_exact(VERSION_SIZE) {
            let (crc, name) = entry.split_at(8);
            found.insert(first_name(name), number(crc));
        }
        let crcs = self
            .section("__version_ext_crcs")?
            .chunks_exact(4)
            .map(number);
        let names = self
            .section("__version_ext_names")?
            .split(|&byte| byte == 0)
            .map(first_name);
        found.extend(names.zip(crcs));
        Ok(found)
    }
}

fn first_name(bytes: &[u8]) -> &str {
    let name = bytes.split(|&byte| byte == 0).next().unwrap_or_default();
    std::str::from_utf8(name).unwrap_or_default()
}

/// Checksums have four bytes, whatever they are kept in.
fn number(bytes: &[u8]) -> u32 {
    bytes
        .iter()
        .take(4)
        .rev()
        .fold(0, |number, &byte| number << 8 | u32::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_eight_bytes_four() {
        assert_eq!(number(&[1, 2, 0, 0xff, 9, 9, 9, 9]), 0xff00_0201);
        assert_eq!(first_name(b"a_name\0\0x"), "a_name");
    }
}
