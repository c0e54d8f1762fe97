// SPDX-License-Identifier: GPL-2.0

//! What a sentence is, and what has to hold for it to be said.

use super::Change;

/// What there is to say of one reason.
#[derive(Debug)]
pub struct Why {
    /// The reason.
    pub reason: u32,
    /// In order.
    pub says: &'static [Says],
}

/// One sentence, or two.
#[derive(Debug)]
pub struct Says {
    /// What the count has to have done.
    pub on: &'static [Change],
    /// What has to hold besides, all of it.
    pub needs: &'static [Need],
    /// With names in braces: those of `figures.rs`, and what `needs` add.
    pub text: &'static str,
}

/// What has to hold for a sentence.
#[derive(Debug)]
pub enum Need {
    /// The vCPUs' time is longer under shadow paging: `{longer}`.
    Longer,
    /// Unrestricted guest is off under shadow paging, and was not.
    Restricted,
    /// The figures are an emulator's.
    Emulated,
    /// The count is smaller, by however little.
    Less,
    /// There is this reason under shadow paging: `{other}`.
    Other(u32),
    /// Over all of the guest's life, there are exits like that: a name in braces, too.
    Keys(Keys),
}

/// Exits of a run over all of the guest's life.
#[derive(Debug)]
pub struct Keys {
    /// What `text` calls their number.
    pub name: &'static str,
    /// Of which run.
    pub of: Side,
    /// For which reason.
    pub reason: u32,
    /// About what.
    pub is: fn(u64) -> bool,
}

/// One of the two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// That under EPT or NPT.
    Nested,
    /// That under shadow paging.
    Shadow,
}

impl Says {
    /// Needs nothing but the change.
    pub const fn on(on: &'static [Change], text: &'static str) -> Self {
        Self::needing(on, &[], text)
    }

    /// Needs this as well.
    pub const fn needing(
        on: &'static [Change],
        needs: &'static [Need],
        text: &'static str,
    ) -> Self {
        Self { on, needs, text }
    }
}

impl Need {
    /// Exits under shadow paging.
    pub const fn keys(name: &'static str, reason: u32, is: fn(u64) -> bool) -> Self {
        Self::keys_of(Side::Shadow, name, reason, is)
    }

    /// Exits of either run.
    pub const fn keys_of(of: Side, name: &'static str, reason: u32, is: fn(u64) -> bool) -> Self {
        Self::Keys(Keys {
            name,
            of,
            reason,
            is,
        })
    }
}
