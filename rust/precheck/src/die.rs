// SPDX-License-Identifier: GPL-2.0-only

//! One entry of DWARF: of a type, or of a part of one.

#![allow(non_upper_case_globals, reason = "gimli has DWARF's own names")]

use anyhow::{Context, Result};
use gimli::{
    constants::*, AttributeValue, DebuggingInformationEntry, EndianSlice, LittleEndian, Unit,
    UnitOffset,
};

pub(crate) type Slice<'a> = EndianSlice<'a, LittleEndian>;

/// Of what describes a type, what its layout takes.
pub(crate) struct Die<'a> {
    pub(crate) tag: DwTag,
    pub(crate) name: &'a str,
    /// In bytes.
    pub(crate) size: Option<u64>,
    pub(crate) of: Option<UnitOffset>,
    /// A member's place, of which its type knows the size unless it is a bit-field.
    pub(crate) offset: u64,
    pub(crate) bits: Option<u64>,
    /// An array's dimension.
    pub(crate) count: u64,
    pub(crate) declared_only: bool,
    pub(crate) parent: Option<usize>,
    pub(crate) children: Vec<usize>,
}

impl<'a> Die<'a> {
    pub(crate) fn read(
        dwarf: &gimli::Dwarf<Slice<'a>>,
        unit: &Unit<Slice<'a>>,
        entry: &DebuggingInformationEntry<'_, '_, Slice<'a>>,
        parent: Option<usize>,
    ) -> Result<Self> {
        let mut die = Self {
            tag: entry.tag(),
            name: "",
            size: None,
            of: None,
            offset: 0,
            bits: None,
            count: 0,
            declared_only: false,
            parent,
            children: Vec::new(),
        };
        let mut from_top = None;
        let mut attributes = entry.attrs();
        while let Some(attribute) = attributes.next()? {
            let value = attribute.value();
            match attribute.name() {
                DW_AT_name => die.name = dwarf.attr_string(unit, value)?.to_string()?,
                DW_AT_byte_size => die.size = attribute.udata_value(),
                DW_AT_bit_size => die.bits = attribute.udata_value(),
                DW_AT_data_member_location => {
                    die.offset += attribute
                        .udata_value()
                        .context("a member's place is no number")?
                        * 8
                }
                DW_AT_data_bit_offset => die.offset += attribute.udata_value().unwrap_or(0),
                DW_AT_bit_offset => from_top = attribute.udata_value(),
                DW_AT_count => die.count = attribute.udata_value().unwrap_or(0),
                // The highest index; an array of no size has none, or -1.
                DW_AT_upper_bound => {
                    die.count = attribute
                        .udata_value()
                        .map_or(0, |last| last.wrapping_add(1));
                }
                DW_AT_declaration => die.declared_only = true,
                DW_AT_type => {
                    if let AttributeValue::UnitRef(offset) = value {
                        die.of = Some(offset);
                    }
                }
                _ => {}
            }
        }
        // DWARF before 5 counts a bit-field's bits from the highest of what it is kept in.
        if let (Some(from_top), Some(bits), Some(size)) = (from_top, die.bits, die.size) {
            die.offset = (die.offset + size * 8)
                .checked_sub(from_top + bits)
                .context("a bit-field begins before its structure")?;
        }
        Ok(die)
    }
}

/// What [`Die`] has of the tree of debug information.
pub(crate) fn describes_a_type(tag: DwTag) -> bool {
    is_structure(tag)
        || matches!(
            tag,
            DW_TAG_member
                | DW_TAG_base_type
                | DW_TAG_pointer_type
                | DW_TAG_typedef
                | DW_TAG_const_type
                | DW_TAG_volatile_type
                | DW_TAG_restrict_type
                | DW_TAG_atomic_type
                | DW_TAG_array_type
                | DW_TAG_subrange_type
                | DW_TAG_enumeration_type
                | DW_TAG_namespace
        )
}

pub(crate) fn is_structure(tag: DwTag) -> bool {
    tag == DW_TAG_structure_type || tag == DW_TAG_union_type
}
