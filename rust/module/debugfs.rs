// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/debug/kvm_exit_stats/`.
//!
//! Not by `kernel::debugfs`, whose files (as of 7.3) do not hold the module that they belong to:
//! closing one after `rmmod` reads freed memory. Here each file's operations name their owner.

use crate::{dump, operations::Operations, period, text};
use core::ptr;
use kernel::{
    bindings,
    ffi::{c_char, c_int, c_void},
    prelude::*,
    seq_file::SeqFile, //
};

/// The directory; dropping it removes it with its files.
pub(crate) struct Directory(*mut bindings::dentry);

// SAFETY: debugfs takes its own locks; the pointer is only ever given back to it.
unsafe impl Send for Directory {}
// SAFETY: As above.
unsafe impl Sync for Directory {}

impl Directory {
    /// Creates the directory and its files. As always with debugfs, a failure means that they are
    /// not there, and nothing else suffers.
    pub(crate) fn new() -> Self {
        // SAFETY: The name is a NUL-terminated string; no parent means debugfs's root.
        let dir = unsafe {
            bindings::debugfs_create_dir(c"kvm_exit_stats".as_char_ptr(), ptr::null_mut())
        };
        let files: [(&CStr, bindings::umode_t, &'static Operations); 4] = [
            (c"exits", 0o400, &EXITS),
            (c"vms", 0o400, &VMS),
            (c"reset", 0o200, &RESET),
            (c"dump", 0o200, &DUMP),
        ];
        for (name, mode, operations) in files {
            // SAFETY: `dir` is from `debugfs_create_dir`, an error of which debugfs finds itself;
            // name and operations are static.
            unsafe {
                bindings::debugfs_create_file_full(
                    name.as_char_ptr(),
                    mode,
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

static EXITS: Operations = text_file(open_text::<Exits>);
static VMS: Operations = text_file(open_text::<Vms>);
static RESET: Operations = trigger(write_trigger::<Reset>);
static DUMP: Operations = trigger(write_trigger::<Dump>);

/// A file that is read as text.
trait Text {
    fn show(seq: &SeqFile) -> Result;
}

struct Exits;
impl Text for Exits {
    fn show(seq: &SeqFile) -> Result {
        period::with(|period| text::exits(seq, period))
    }
}

struct Vms;
impl Text for Vms {
    fn show(seq: &SeqFile) -> Result {
        period::with(|_| text::vms(seq))
    }
}

/// A file that does something when anything is written to it.
trait Trigger {
    fn run();
}

struct Reset;
impl Trigger for Reset {
    fn run() {
        period::reset();
    }
}

struct Dump;
impl Trigger for Dump {
    fn run() {
        dump::to_log("asked for");
    }
}

type Open = unsafe extern "C" fn(*mut bindings::inode, *mut bindings::file) -> c_int;
type Write =
    unsafe extern "C" fn(*mut bindings::file, *const c_char, usize, *mut bindings::loff_t) -> isize;

const fn text_file(open: Open) -> Operations {
    Operations(bindings::file_operations {
        open: Some(open),
        read: Some(bindings::seq_read),
        llseek: Some(bindings::seq_lseek),
        release: Some(bindings::single_release),
        ..Operations::new().0
    })
}

const fn trigger(write: Write) -> Operations {
    Operations(bindings::file_operations {
        write: Some(write),
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
