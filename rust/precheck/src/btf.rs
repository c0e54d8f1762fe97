// SPDX-License-Identifier: GPL-2.0-only

//! Layouts from BTF, in which the running kernel describes its types.

use crate::layout::{Kind, Layout, Place};
use anyhow::{bail, Context, Result};
use btf_rs::{Btf, BtfType, Member, Struct, Type};
use object::{Object, ObjectSection};
use std::{cell::RefCell, collections::HashMap, rc::Rc};

const POINTER: u64 = 8;
/// More steps from one type to the next than C has.
const DEEP: u32 = 64;

/// One name is asked for by many of a module's files.
type Known = HashMap<(Kind, String), Rc<[Layout]>>;

/// What a kernel knows of its types.
pub struct Kernel {
    btf: Btf,
    asked: RefCell<Known>,
}

impl Kernel {
    /// From BTF as it is in `/sys/kernel/btf`, or in an ELF file's section.
    pub fn new(file: &[u8]) -> Result<Self> {
        let btf = if file.starts_with(b"\x7fELF") {
            let elf = object::File::parse(file)?;
            let section = elf
                .section_by_name(".BTF")
                .context("no section .BTF: that kernel was configured without DEBUG_INFO_BTF")?;
            Btf::from_bytes(section.data()?)?
        } else {
            Btf::from_bytes(file)?
        };
        Ok(Self {
            btf,
            asked: RefCell::default(),
        })
    }

    /// All that the kernel calls so; most often one or none.
    pub fn layouts(&self, kind: Kind, name: &str) -> Result<Rc<[Layout]>> {
        let key = (kind, name.to_owned());
        if let Some(known) = self.asked.borrow().get(&key) {
            return Ok(known.clone());
        }
        let mut layouts: Vec<Layout> = Vec::new();
        // An error means that there is none.
        for id in self.btf.resolve_ids_by_name(name).unwrap_or_default() {
            if let Some(structure) = self.named(kind, id)? {
                let mut layout = Layout {
                    size: structure.size() as u64,
                    ..Layout::default()
                };
                self.members(&structure, 0, &mut layout, DEEP)?;
                layouts.push(layout);
            }
        }
        let layouts: Rc<[Layout]> = layouts.into();
        self.asked.borrow_mut().insert(key, layouts.clone());
        Ok(layouts)
    }

    /// The type `id`, where it is of this kind.
    fn named(&self, kind: Kind, id: u32) -> Result<Option<Struct>> {
        Ok(match (kind, self.btf.resolve_type_by_id(id)?) {
            (Kind::Struct, Type::Struct(it)) | (Kind::Union, Type::Union(it)) => Some(it),
            (Kind::Typedef, Type::Typedef(typedef)) => {
                match self.btf.resolve_chained_type(&typedef)? {
                    Type::Struct(it) | Type::Union(it) if self.name(&it).is_empty() => Some(it),
                    _ => None,
                }
            }
            _ => None,
        })
    }

    fn members(&self, of: &Struct, base: u64, layout: &mut Layout, deep: u32) -> Result<()> {
        if deep == 0 {
            bail!("the BTF's types go in circles");
        }
        for member in &of.members {
            let name = self.name(member);
            let offset = base + u64::from(member.bit_offset());
            if name.is_empty() {
                // What has neither name nor members is padding.
                if let Some(inner) = self.structure(member) {
                    self.members(&inner, offset, layout, deep - 1)?;
                }
                continue;
            }
            let bits = member.bitfield_size().filter(|&bits| bits != 0);
            let size = match bits {
                Some(bits) => Some(u64::from(bits)),
                None => self
                    .size(self.btf.resolve_chained_type(member)?, DEEP)?
                    .map(|bytes| bytes * 8),
            };
            layout.members.insert(name, Place { offset, size });
        }
        Ok(())
    }

    /// The one that a member without a name is, `const` or not.
    fn structure(&self, member: &Member) -> Option<Struct> {
        let unqualified = self
            .btf
            .chained_type_iter(member)
            .find(|link| !matches!(link, Type::Const(_) | Type::Volatile(_) | Type::TypeTag(_)));
        match unqualified {
            Some(Type::Struct(inner) | Type::Union(inner)) => Some(inner),
            _ => None,
        }
    }

    fn name(&self, of: &dyn BtfType) -> String {
        self.btf.resolve_name(of).unwrap_or_default()
    }

    /// In bytes.
    fn size(&self, of: Type, deep: u32) -> Result<Option<u64>> {
        if deep == 0 {
            bail!("the BTF's types go in circles");
        }
        Ok(match of {
            Type::Int(it) => Some(it.size() as u64),
            Type::Float(it) => Some(it.size() as u64),
            Type::Enum(it) => Some(it.size() as u64),
            Type::Enum64(it) => Some(it.size() as u64),
            Type::Struct(it) | Type::Union(it) => Some(it.size() as u64),
            Type::Ptr(_) => Some(POINTER),
            Type::Array(it) => self
                .size(self.btf.resolve_chained_type(&it)?, deep - 1)?
                .map(|element| element * it.len() as u64),
            Type::Typedef(_)
            | Type::Const(_)
            | Type::Volatile(_)
            | Type::Restrict(_)
            | Type::TypeTag(_) => match of.as_btf_type() {
                Some(link) => self.size(self.btf.resolve_chained_type(link)?, deep - 1)?,
                None => None,
            },
            _ => None,
        })
    }
}
