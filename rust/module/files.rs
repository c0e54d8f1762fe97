// SPDX-License-Identifier: GPL-2.0

//! Files in debugfs that hold the module that they belong to.
//!
//! Not by `kernel::debugfs`, whose files (as of 7.3) do not: closing one after `rmmod` reads freed
//! memory. Here each file's operations name their owner. Both modules have this.

use crate::operations::Operations;
use core::ptr;
use kernel::{
    bindings,
    ffi::{c_char, c_int, c_void},
    prelude::*,
    seq_file::SeqFile, //
};

/// A file: its name, its mode, and what it does.
pub(crate) type File = (&'static CStr, bindings::umode_t, &'static Operations);

/// A directory; dropping it removes it with its files.
pub(crate) struct Directory(*mut bindings::dentry);

// SAFETY: debugfs takes its own locks; the pointer is only ever given back to it.
unsafe impl Send for Directory {}
// SAFETY: As above.
unsafe impl Sync for Directory {}

impl Directory {
    /// Creates the directory `name` with `files`. As always with debugfs, a failure means that
    /// they are not there, and nothing else suffers.
    pub(crate) fn new(name: &CStr, files: &[File]) -> Self {
        // SAFETY: The name is a NUL-terminated string; no parent means debugfs's root.
        let dir = unsafe { bindings::debugfs_create_dir(name.as_char_ptr(), ptr::null_mut()) };
        for (name, mode, operations) in files {
            // SAFETY: `dir` is from `debugfs_create_dir`, an error of which debugfs finds itself;
            // name and operations are static.
            unsafe {
                bindings::debugfs_create_file_full(
                    name.as_char_ptr(),
                    *mode,
                    dir,
                    ptr::null_mut(),
                    ptr::null(),
                    &operations.0,
                )
            };
        }
        Self(dir)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        // SAFETY: From `debugfs_create_dir`, and removed once.
        unsafe { bindings::debugfs_remove(self.0) };
    }
}

/// A file that is read as text.
pub(crate) trait Text {
    /// Writes the text.
    fn show(seq: &SeqFile) -> Result;
}

/// A file that does something when anything is written to it.
#[allow(dead_code, reason = "only one of the modules has such a file")]
pub(crate) trait Trigger {
    /// Does it.
    fn run();
}

/// The operations of a file that is read as text.
pub(crate) const fn text_file<T: Text>() -> Operations {
    Operations(bindings::file_operations {
        open: Some(open_text::<T>),
        read: Some(bindings::seq_read),
        llseek: Some(bindings::seq_lseek),
        release: Some(bindings::single_release),
        ..Operations::new().0
    })
}

/// The operations of a file that does something when it is written to.
#[allow(dead_code, reason = "only one of the modules has such a file")]
pub(crate) const fn trigger<T: Trigger>() -> Operations {
    Operations(bindings::file_operations {
        write: Some(write_trigger::<T>),
        llseek: Some(bindings::noop_llseek),
        ..Operations::new().0
    })
}

/// # Safety
///
/// Only as the `open` of a file.
unsafe extern "C" fn open_text<T: Text>(
    _inode: *mut bindings::inode,
    file: *mut bindings::file,
) -> c_int {
    // SAFETY: `file` is being opened; `show_text` is fit for the `show` of a seq_file.
    unsafe { bindings::single_open(file, Some(show_text::<T>), ptr::null_mut()) }
}

/// # Safety
///
/// Only as the `show` of a seq_file.
unsafe extern "C" fn show_text<T: Text>(seq: *mut bindings::seq_file, _: *mut c_void) -> c_int {
    // SAFETY: The seq_file is this thread's alone while it is shown.
    match T::show(unsafe { SeqFile::from_raw(seq) }) {
        Ok(()) => 0,
        Err(why) => why.to_errno(),
    }
}

/// # Safety
///
/// Only as the `write` of a file.
unsafe extern "C" fn write_trigger<T: Trigger>(
    _file: *mut bindings::file,
    _from: *const c_char,
    length: usize,
    _position: *mut bindings::loff_t,
) -> isize {
    T::run();
    // All is taken, whatever it says: no `write(2)` is longer than `isize::MAX`.
    length as isize
}
