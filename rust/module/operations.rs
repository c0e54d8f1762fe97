// SPDX-License-Identifier: GPL-2.0

//! A file's operations that this module owns: while the file is open, the module stays.

use crate::compat::this_module;
use kernel::bindings;

/// A file's operations.
pub(crate) struct Operations(pub(crate) bindings::file_operations);

// SAFETY: Functions and the module itself; not written once a file uses them.
unsafe impl Send for Operations {}
// SAFETY: As above.
unsafe impl Sync for Operations {}

impl Operations {
    /// None yet, but for the owner.
    pub(crate) const fn new() -> Self {
        Self(bindings::file_operations {
            owner: this_module(),
            ..pin_init::zeroed()
        })
    }
}
