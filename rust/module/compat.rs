// SPDX-License-Identifier: GPL-2.0

//! What the `kernel` crate calls differently from one kernel series to the next. `Kbuild` says
//! which series it is, for the oldest that is supported; what is left here goes with that.

use kernel::bindings;

/// `THIS_MODULE`, as C has it.
pub(crate) const fn this_module() -> *mut bindings::module {
    #[cfg(kernel_7_2)]
    let module = &crate::THIS_MODULE;
    #[cfg(not(kernel_7_2))]
    let module = kernel::module::this_module::<crate::LocalModule>();
    module.as_ptr()
}
