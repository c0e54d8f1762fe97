// SPDX-License-Identifier: GPL-2.0

//! A pointer that the hooks read on every exit.

use core::{
    cell::UnsafeCell,
    ptr, //
};

/// A slice that is published while the hooks are registered, and read by them without any
/// atomic operation: KVM's registration orders the two (it patches the kernel's text between).
pub(crate) struct Published<T: 'static>(UnsafeCell<*const [T]>);

// SAFETY: `get` only hands out `&T`, and `set` may not race with it (see their requirements).
unsafe impl<T: Sync> Sync for Published<T> {}

impl<T> Published<T> {
    /// Nothing published: an empty slice.
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(ptr::slice_from_raw_parts(
            ptr::NonNull::<T>::dangling().as_ptr(),
            0,
        )))
    }

    /// Publishes `slice`.
    ///
    /// # Safety
    ///
    /// No `get` may run at the same time, and `slice` must live until the next `set`.
    pub(crate) unsafe fn set(&self, slice: *const [T]) {
        // SAFETY: Nobody reads meanwhile, by this function's requirement.
        unsafe { *self.0.get() = slice }
    }

    /// What is published.
    ///
    /// # Safety
    ///
    /// The result may not be used past the next `set`.
    #[inline(always)]
    pub(crate) unsafe fn get(&self) -> &'static [T] {
        // SAFETY: The pointer is that of a live slice, or a dangling one of length 0; the caller
        // drops it before the next `set`, until when the slice lives.
        unsafe { &**self.0.get() }
    }
}
