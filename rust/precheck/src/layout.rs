// SPDX-License-Identifier: GPL-2.0-only

//! What two parties have to agree on to share a structure: its size, and where its members are.

use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// What C calls it. One name can be both a structure's and a union's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Kind {
    /// `struct`
    Struct,
    /// `union`
    Union,
    /// `typedef` of a structure or union that has no other name
    Typedef,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Struct => "struct",
            Self::Union => "union",
            Self::Typedef => "typedef",
        })
    }
}

/// Where a member is, in bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// From the beginning of the structure.
    pub offset: u64,
    /// How many; `None` where that is not known.
    pub size: Option<u64>,
}

impl Place {
    fn end(&self) -> u64 {
        self.offset + self.size.unwrap_or(0)
    }

    fn same(&self, other: &Self) -> bool {
        let sizes = self.size.zip(other.size);
        self.offset == other.offset && sizes.is_none_or(|(a, b)| a == b)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = |f: &mut fmt::Formatter<'_>, bits: u64| match bits % 8 {
            0 => write!(f, "{}", bits / 8),
            rest => write!(f, "{}+{rest}/8", bits / 8),
        };
        f.write_str("at ")?;
        bytes(f, self.offset)?;
        if let Some(size) = self.size {
            f.write_str(" of size ")?;
            bytes(f, size)?;
        }
        Ok(())
    }
}

/// A structure or union. The members of those within it that have no name are its own, as in C.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// In bytes.
    pub size: u64,
    /// By name.
    pub members: BTreeMap<String, Place>,
    /// Whether it is Rust's view of C's: without some of the members, and with an underscore behind
    /// a name that means something in Rust.
    pub partial: bool,
}

impl Layout {
    /// What is different in `self`, the module's, from the kernel's.
    pub fn differences(&self, kernel: &Self) -> Vec<String> {
        let mut found = Vec::new();
        if self.size != kernel.size {
            found.push(format!(
                "size {}, the kernel's is {}",
                self.size, kernel.size
            ));
        }
        found.extend(self.moved(kernel));
        found.extend(self.added(kernel).map(|(name, place)| {
            format!("member {name} {place}, which the kernel's does not have")
        }));
        found
    }

    /// The same for a structure that may have more members than the kernel's, behind its last.
    pub fn differences_but_at_end(&self, kernel: &Self) -> Vec<String> {
        let end = kernel.members.values().map(Place::end).max().unwrap_or(0);
        let mut found = self.moved(kernel);
        if self.size < kernel.size {
            found.push(format!(
                "size {}, the kernel's is {}",
                self.size, kernel.size
            ));
        }
        found.extend(
            self.added(kernel)
                .filter(|(_, place)| place.offset < end)
                .map(|(name, place)| {
                    format!("member {name} {place}, which is not behind the kernel's last")
                }),
        );
        found
    }

    /// What the kernel has elsewhere, or what only the kernel has.
    fn moved(&self, kernel: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, theirs) in &kernel.members {
            match self.member(name) {
                Some(ours) if ours.same(theirs) => {}
                Some(ours) => found.push(format!("member {name} {ours}, the kernel's is {theirs}")),
                None if self.partial => {}
                None => found.push(format!("no member {name}, the kernel's is {theirs}")),
            }
        }
        found
    }

    fn member(&self, name: &str) -> Option<&Place> {
        let renamed = || {
            self.members
                .get(&format!("{name}_"))
                .filter(|_| self.partial)
        };
        self.members.get(name).or_else(renamed)
    }

    fn added<'a>(&'a self, kernel: &'a Self) -> impl Iterator<Item = (&'a String, &'a Place)> {
        let has = |name: &str| kernel.members.contains_key(name);
        self.members.iter().filter(move |(name, _)| {
            let renamed = name.strip_suffix('_').filter(|_| self.partial);
            !has(name) && !renamed.is_some_and(has)
        })
    }
}

/// What is different in `ours` from all of the kernel's, which can have several of one name in
/// several of its files: from the one that is most like it.
pub fn differences(ours: &Layout, kernel: &[Layout], extended: bool) -> Vec<String> {
    let each = kernel.iter().map(|theirs| {
        if extended {
            ours.differences_but_at_end(theirs)
        } else {
            ours.differences(theirs)
        }
    });
    each.min_by_key(Vec::len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(size: u64, members: &[(&str, u64, u64)]) -> Layout {
        let place = |&(name, offset, size): &(&str, u64, u64)| {
            let place = Place {
                offset: offset * 8,
                size: Some(size * 8),
            };
            (name.to_owned(), place)
        };
        Layout {
            size,
            members: members.iter().map(place).collect(),
            partial: false,
        }
    }

    fn kernel() -> Layout {
        // Four bytes of padding at its end.
        layout(16, &[("a", 0, 8), ("b", 8, 4)])
    }

    #[test]
    fn nothing_to_say_of_the_same() {
        assert_eq!(kernel().differences(&kernel()), [""; 0]);
        assert_eq!(kernel().differences_but_at_end(&kernel()), [""; 0]);
    }

    #[test]
    fn each_difference_is_named() {
        let says = |ours: Layout| ours.differences(&kernel()).join("; ");
        assert_eq!(
            says(layout(24, &[("a", 0, 8), ("b", 8, 4)])),
            "size 24, the kernel's is 16"
        );
        assert_eq!(
            says(layout(16, &[("a", 0, 8), ("b", 12, 4)])),
            "member b at 12 of size 4, the kernel's is at 8 of size 4"
        );
        assert_eq!(
            says(layout(16, &[("a", 0, 8), ("b", 8, 8)])),
            "member b at 8 of size 8, the kernel's is at 8 of size 4"
        );
        assert_eq!(
            says(layout(16, &[("a", 0, 8)])),
            "no member b, the kernel's is at 8 of size 4"
        );
        assert_eq!(
            says(layout(16, &[("a", 0, 8), ("b", 8, 4), ("c", 12, 4)])),
            "member c at 12 of size 4, which the kernel's does not have"
        );
    }

    #[test]
    fn bits_of_a_byte() {
        let place = Place {
            offset: 67,
            size: Some(3),
        };
        assert_eq!(place.to_string(), "at 8+3/8 of size 0+3/8");
    }

    #[test]
    fn an_extension_is_at_the_end() {
        let says = |ours: Layout| ours.differences_but_at_end(&kernel()).join("; ");
        assert_eq!(
            says(layout(24, &[("a", 0, 8), ("b", 8, 4), ("c", 16, 8)])),
            ""
        );
        // Where the kernel's has padding.
        assert_eq!(
            says(layout(16, &[("a", 0, 8), ("b", 8, 4), ("c", 12, 4)])),
            ""
        );
        assert_eq!(
            says(layout(24, &[("c", 4, 4), ("a", 0, 8), ("b", 8, 4)])),
            "member c at 4 of size 4, which is not behind the kernel's last"
        );
        assert_eq!(
            says(layout(24, &[("a", 0, 8), ("c", 8, 4), ("b", 12, 4)])),
            "member b at 12 of size 4, the kernel's is at 8 of size 4; \
             member c at 8 of size 4, which is not behind the kernel's last"
        );
        assert_eq!(
            says(layout(8, &[("a", 0, 8), ("b", 8, 4)])),
            "size 8, the kernel's is 16"
        );
    }

    #[test]
    fn what_is_not_known_is_not_compared() {
        let ours = Layout {
            size: 16,
            members: [(
                "b".to_owned(),
                Place {
                    offset: 64,
                    size: None,
                },
            )]
            .into(),
            partial: true,
        };
        assert_eq!(ours.differences(&kernel()), [""; 0]);
        let moved = layout(16, &[("a", 0, 8), ("b", 12, 4)]);
        assert_eq!(
            ours.differences(&moved),
            ["member b at 8, the kernel's is at 12 of size 4"]
        );
    }

    #[test]
    fn one_of_several_is_enough() {
        let other = layout(4, &[("x", 0, 4)]);
        assert_eq!(
            differences(&kernel(), &[other.clone(), kernel()], false),
            [""; 0]
        );
        let near = layout(16, &[("a", 0, 8), ("b", 12, 4)]);
        let says = differences(&kernel(), &[other, near], false);
        assert_eq!(
            says,
            ["member b at 8 of size 4, the kernel's is at 12 of size 4"]
        );
    }
}
