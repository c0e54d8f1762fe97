// SPDX-License-Identifier: GPL-2.0-only

//! Layouts from DWARF, in which the compilers describe the types that a module was made with.

#![allow(non_upper_case_globals, reason = "gimli has DWARF's own names")]

use crate::{
    die::{self, is_structure, Die, Slice},
    layout::{Kind, Layout, Place},
};
use anyhow::{bail, Context, Result};
use gimli::{constants::*, AttributeValue, EndianSlice, LittleEndian, Unit, UnitOffset};
use object::{
    elf::FileHeader64, read::elf::ElfFile, Endianness, Object, ObjectSection, ObjectSymbol,
    RelocationTarget,
};
use std::{borrow::Cow, collections::HashMap};

/// More steps from one type to the next than C has.
const DEEP: u32 = 64;

/// Calls `found` with each structure and union that has a name, once for every file that the
/// module was made of.
pub fn each(
    elf: &ElfFile<'_, FileHeader64<Endianness>>,
    found: &mut dyn FnMut(Kind, &str, Layout) -> Result<()>,
) -> Result<()> {
    let sections = gimli::DwarfSections::load(|id| relocated(elf, id.name()))
        .context("no DWARF that could be read")?;
    let dwarf = sections.borrow(|section| EndianSlice::new(section, LittleEndian));
    let mut headers = dwarf.units();
    let mut any = false;
    while let Some(header) = headers.next()? {
        any = true;
        let unit = dwarf.unit(header)?;
        Types::read(&dwarf, &unit)?.each(found)?;
    }
    if !any {
        bail!("it has no debug information to compare");
    }
    Ok(())
}

/// A section's contents. A module's refer to each other in relocations.
fn relocated<'data>(
    elf: &ElfFile<'data, FileHeader64<Endianness>>,
    name: &str,
) -> Result<Cow<'data, [u8]>> {
    let Some(section) = elf.section_by_name(name) else {
        return Ok(Cow::default());
    };
    let mut data = section.uncompressed_data()?;
    for (offset, relocation) in section.relocations() {
        let RelocationTarget::Symbol(symbol) = relocation.target() else {
            bail!("{name} has a relocation without a symbol");
        };
        let value = elf.symbol_by_index(symbol)?.address();
        let value = value.wrapping_add_signed(relocation.addend()).to_le_bytes();
        let bytes = usize::from(relocation.size() / 8);
        let at = usize::try_from(offset)?;
        data.to_mut()
            .get_mut(at..at + bytes)
            .with_context(|| format!("{name} has a relocation outside of it"))?
            .copy_from_slice(&value[..bytes]);
    }
    Ok(data)
}

/// The types of one compiled file.
struct Types<'a> {
    dies: Vec<Die<'a>>,
    by_offset: HashMap<UnitOffset, usize>,
    rust: bool,
    pointer: u64,
}

impl<'a> Types<'a> {
    fn read(dwarf: &gimli::Dwarf<Slice<'a>>, unit: &Unit<Slice<'a>>) -> Result<Self> {
        let mut types = Self {
            dies: Vec::new(),
            by_offset: HashMap::new(),
            rust: false,
            pointer: u64::from(unit.encoding().address_size),
        };
        // Those that the current one is within: depth and index.
        let mut within: Vec<(isize, Option<usize>)> = Vec::new();
        let mut depth = 0;
        let mut entries = unit.entries();
        while let Some((delta, entry)) = entries.next_dfs()? {
            depth += delta;
            while within.last().is_some_and(|&(other, _)| other >= depth) {
                within.pop();
            }
            let parent = within.last().and_then(|&(_, index)| index);
            let index = if die::describes_a_type(entry.tag()) {
                let index = types.dies.len();
                types.dies.push(Die::read(dwarf, unit, entry, parent)?);
                types.by_offset.insert(entry.offset(), index);
                if let Some(parent) = parent {
                    types.dies[parent].children.push(index);
                }
                Some(index)
            } else {
                None
            };
            if entry.tag() == DW_TAG_compile_unit {
                types.rust = matches!(
                    entry.attr_value(DW_AT_language)?,
                    Some(AttributeValue::Language(DW_LANG_Rust))
                );
            }
            within.push((depth, index));
        }
        Ok(types)
    }

    fn each(&self, found: &mut dyn FnMut(Kind, &str, Layout) -> Result<()>) -> Result<()> {
        for die in &self.dies {
            if die.declared_only || die.name.is_empty() || (self.rust && !self.is_bindings(die)) {
                continue;
            }
            let (kind, structure) = match die.tag {
                DW_TAG_structure_type => (Kind::Struct, die),
                DW_TAG_union_type => (Kind::Union, die),
                DW_TAG_typedef => match self.target(die) {
                    Some(to) if is_structure(to.tag) && to.name.is_empty() => (Kind::Typedef, to),
                    _ => continue,
                },
                _ => continue,
            };
            let mut layout = Layout {
                size: structure.size.unwrap_or(0),
                partial: self.rust,
                ..Layout::default()
            };
            self.members(structure, 0, &mut layout, DEEP)?;
            found(kind, die.name, layout)?;
        }
        Ok(())
    }

    /// Whether that is C's, as bindgen gave it to the kernel crate; all else in Rust is Rust's.
    fn is_bindings(&self, die: &Die<'_>) -> bool {
        let mut outermost = None;
        let mut parent = die.parent;
        while let Some(index) = parent {
            outermost = Some(&self.dies[index]);
            parent = self.dies[index].parent;
        }
        outermost.is_some_and(|namespace| namespace.name == "bindings")
    }

    fn target(&self, die: &Die<'_>) -> Option<&Die<'a>> {
        Some(&self.dies[*self.by_offset.get(&die.of?)?])
    }

    fn unqualified<'b>(&'b self, mut of: &'b Die<'a>) -> &'b Die<'a> {
        for _ in 0..DEEP {
            match (of.tag, self.target(of)) {
                (DW_TAG_const_type | DW_TAG_volatile_type, Some(to)) => of = to,
                _ => break,
            }
        }
        of
    }

    fn members(&self, of: &Die<'_>, base: u64, layout: &mut Layout, deep: u32) -> Result<()> {
        if deep == 0 {
            bail!("the types of DWARF go in circles");
        }
        for member in of.children.iter().map(|&index| &self.dies[index]) {
            if member.tag != DW_TAG_member {
                continue;
            }
            let offset = base + member.offset;
            let (nameless, name) = if self.rust {
                bindgens(member.name)
            } else {
                (member.name.is_empty(), member.name)
            };
            if nameless {
                match self.target(member).map(|to| self.unqualified(to)) {
                    Some(inner) if is_structure(inner.tag) => {
                        self.members(inner, offset, layout, deep - 1)?
                    }
                    _ => {}
                }
            } else if !name.is_empty() {
                // Of what Rust has no type for, bindgen makes one of another size.
                let size = match member.bits {
                    _ if self.rust => None,
                    Some(bits) => Some(bits),
                    None => self
                        .target(member)
                        .and_then(|to| self.size(to, DEEP))
                        .map(|bytes| bytes * 8),
                };
                layout
                    .members
                    .insert(name.to_owned(), Place { offset, size });
            }
        }
        Ok(())
    }

    /// In bytes, where it has a size.
    fn size(&self, of: &Die<'_>, deep: u32) -> Option<u64> {
        let deep = deep.checked_sub(1)?;
        match of.tag {
            DW_TAG_pointer_type => Some(of.size.unwrap_or(self.pointer)),
            DW_TAG_array_type => {
                let dimensions = of.children.iter().map(|&index| &self.dies[index]);
                let count: u64 = dimensions
                    .filter(|die| die.tag == DW_TAG_subrange_type)
                    .map(|die| die.count)
                    .product();
                Some(self.size(self.target(of)?, deep)? * count)
            }
            _ => match of.size {
                Some(size) => Some(size),
                None => self.size(self.target(of)?, deep),
            },
        }
    }
}

/// What bindgen made of a member that C gave no name, or of its name: whether it had none, and
/// else what it was; empty for what is not in C at all.
fn bindgens(name: &str) -> (bool, &str) {
    if name.starts_with("__bindgen_anon_") {
        (true, "")
    } else if [
        "_bitfield_",
        "__bindgen_",
        "_bindgen_",
        "_unused",
        "_address",
        "_phantom",
        "_base",
        "__0",
        "bindgen_union_field",
    ]
    .iter()
    .any(|own| name.starts_with(own))
    {
        (false, "")
    } else {
        (false, name)
    }
}
