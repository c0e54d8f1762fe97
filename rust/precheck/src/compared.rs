// SPDX-License-Identifier: GPL-2.0-only

//! What modules have in common with a kernel, and what of that differs; also to be kept, for a
//! kernel that is to be compared later, when the modules' debug information is gone.

use crate::{
    btf::Kernel,
    dwarf,
    layout::{self, Kind, Layout},
    module::Module,
};
use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Types that are not compared as others are.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Rules {
    /// Structures that may have more members than the kernel's, at their end.
    pub extended: Vec<String>,
    /// Structures that bindgen gets wrong, and no Rust in the modules looks into.
    pub opaque_to_rust: Vec<String>,
}

/// One that a module and a kernel both know.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Type {
    /// The first that has it.
    module: String,
    kind: Kind,
    name: String,
    /// The module's.
    layout: Layout,
}

/// All of them that were compared, and by which rules.
#[derive(Debug, Serialize, Deserialize)]
pub struct Compared {
    rules: Rules,
    types: Vec<Type>,
    /// Where they are in `types`: each is most often the same in many files.
    #[serde(skip)]
    seen: BTreeMap<(Kind, String), Vec<usize>>,
    #[serde(skip)]
    extended: Vec<String>,
    /// A line for each difference.
    #[serde(skip)]
    pub wrong: Vec<String>,
}

impl Compared {
    /// Nothing yet.
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            types: Vec::new(),
            seen: BTreeMap::new(),
            extended: Vec::new(),
            wrong: Vec::new(),
        }
    }

    /// All that were once compared, with another kernel.
    pub fn again(self, kernel: &Kernel) -> Result<Self> {
        let mut new = Self::new(self.rules);
        for ours in self.types {
            new.compare(ours, kernel)?;
        }
        Ok(new)
    }

    /// All that `module` knows.
    pub fn add(&mut self, module: &Module<'_>, kernel: &Kernel) -> Result<()> {
        dwarf::each(module.elf(), &mut |kind, name, layout| {
            let ours = Type {
                module: module.name.clone(),
                kind,
                name: name.to_owned(),
                layout,
            };
            self.compare(ours, kernel)
        })
        .with_context(|| module.name.clone())
    }

    fn compare(&mut self, ours: Type, kernel: &Kernel) -> Result<()> {
        let Type {
            module,
            kind,
            name,
            layout,
        } = &ours;
        let among = |names: &[String]| *kind == Kind::Struct && names.iter().any(|one| one == name);
        let theirs = kernel.layouts(*kind, name)?;
        // Of a type that C only declares bindgen makes one that is empty.
        let declared_only = layout.partial && layout.members.is_empty() && layout.size <= 1;
        let opaque = layout.partial && among(&self.rules.opaque_to_rust);
        if theirs.is_empty() || declared_only || opaque {
            return Ok(());
        }
        let seen = self.seen.entry((*kind, name.clone())).or_default();
        if seen.iter().any(|&at| self.types[at].layout == *layout) {
            return Ok(());
        }
        let is_extended = among(&self.rules.extended);
        for text in layout::differences(layout, &theirs, is_extended) {
            self.wrong.push(format!("{module}: {kind} {name}: {text}"));
        }
        if is_extended && !theirs.contains(layout) && !layout.partial {
            self.extended.push(name.clone());
        }
        seen.push(self.types.len());
        self.types.push(ours);
        Ok(())
    }

    /// What was found where nothing differs; nothing, where nothing was compared.
    pub fn summary(&self) -> Option<String> {
        let members: usize = self.types.iter().map(|one| one.layout.members.len()).sum();
        let extended = match self.extended.as_slice() {
            [] => String::new(),
            names => format!(", {} longer at the end", names.join(", ")),
        };
        (!self.seen.is_empty()).then(|| {
            format!(
                "{} structures and unions, {members} members, are as in the kernel{extended}",
                self.seen.len()
            )
        })
    }
}
