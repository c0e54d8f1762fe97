// SPDX-License-Identifier: GPL-2.0

//! `/sys/kernel/debug/kvm_exit_stats/`.

use crate::{
    dump,
    files::{text_file, trigger, Directory, Text, Trigger},
    operations::Operations,
    period, text,
};
use kernel::{prelude::*, seq_file::SeqFile};

static EXITS: Operations = text_file::<Exits>();
static VMS: Operations = text_file::<Vms>();
static RESET: Operations = trigger::<Reset>();
static DUMP: Operations = trigger::<Dump>();

/// Creates the directory and its files.
pub(crate) fn directory() -> Directory {
    Directory::new(
        c"kvm_exit_stats",
        &[
            (c"exits", 0o400, &EXITS),
            (c"vms", 0o400, &VMS),
            (c"reset", 0o200, &RESET),
            (c"dump", 0o200, &DUMP),
        ],
    )
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
