// SPDX-License-Identifier: GPL-2.0

//! The module's parameters, checked once, when the module is loaded.

use crate::{
    acct::leaves::{Layout, Scope},
    module_parameters, //
};
use core::borrow::Borrow;
use kernel::{
    ffi::c_char,
    prelude::*,
    sync::SetOnce, //
};

extern "C" {
    /// Defined in `params.c`, set by the kernel before the module's init, never after.
    static kvm_exit_stats_leaves: *const c_char;
    static kvm_exit_stats_scope: *const c_char;
}

/// What the parameters came to.
pub(crate) struct Params {
    /// `None`: `leaves=off`.
    pub(crate) layout: Option<Layout>,
    pub(crate) scope: Scope,
    pub(crate) cpl0: bool,
}

static PARAMS: SetOnce<Params> = SetOnce::new();

/// Checks the parameters; an unknown value is refused, with a line that lists the valid ones.
pub(crate) fn check() -> Result {
    // SAFETY: The kernel has set them, to NUL-terminated strings that stay with the module.
    let (leaves, scope) = unsafe {
        (
            CStr::from_char_ptr(kvm_exit_stats_leaves),
            CStr::from_char_ptr(kvm_exit_stats_scope),
        )
    };
    let layout = Layout::ALL.iter().find(|(name, _)| is(leaves, name));
    if layout.is_none() && !is(leaves, "off") {
        return refuse("leaves", leaves, "v1, v2, v3, off");
    }
    let Some((_, scope)) = Scope::ALL.iter().find(|(name, _)| is(scope, name)) else {
        return refuse("scope", scope, "vm, host");
    };
    // `value()` is a reference in Linux 7.2, a copy from 7.3 on: either can be borrowed.
    let cpl0 = match Borrow::<u8>::borrow(&module_parameters::cpl0.value()) {
        0 => false,
        1 => true,
        _ => {
            pr_err!("cpl0: valid are: 0, 1\n");
            return Err(EINVAL);
        }
    };
    PARAMS.populate(Params {
        layout: layout.map(|(_, layout)| *layout),
        scope: *scope,
        cpl0,
    });
    Ok(())
}

/// The parameters; `None` before [`check`].
pub(crate) fn get() -> Option<&'static Params> {
    PARAMS.as_ref()
}

fn is(value: &CStr, name: &str) -> bool {
    value.to_bytes() == name.as_bytes()
}

fn refuse(name: &str, value: &CStr, valid: &str) -> Result {
    let value = value.to_str().unwrap_or("(not UTF-8)");
    pr_err!("{name}={value}: no such value; valid are: {valid}\n");
    Err(EINVAL)
}
