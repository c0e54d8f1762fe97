// SPDX-License-Identifier: GPL-2.0

//! The tables that people read in debugfs: rows with a count only.

use crate::{
    acct::{cell::Values, table::Reading},
    period::{self, Period},
    vms, //
};
use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print, //
};

/// All VMs together.
pub(crate) fn exits(seq: &SeqFile, period: &Period) -> Result {
    seq_print!(seq, "generation {}\n", period::generation());
    table(seq, &*period.reading()?);
    Ok(())
}

/// VM by VM.
pub(crate) fn vms(seq: &SeqFile) -> Result {
    seq_print!(seq, "generation {}\n", period::generation());
    vms::for_each(|vm, reading| {
        seq_print!(
            seq,
            "\nvm pid {} comm {} vcpus {}\n",
            vm.pid,
            vm.name(),
            vm.vcpu_count()
        );
        table(seq, reading);
        Ok(())
    })
}

fn table(seq: &SeqFile, reading: &Reading) {
    seq_print!(
        seq,
        "{:>6} {:<24} {:>16} {:>20} {:>16} {:>20} {:>16}\n",
        "reason",
        "name",
        "count",
        "cycles",
        "l2_count",
        "l2_cycles",
        "l2_reflected"
    );
    for (reason, values) in reading.rows() {
        seq_print!(
            seq,
            "{reason:>6} {:<24}",
            period::isa().name(reason).unwrap_or("?")
        );
        row(seq, values);
    }
    seq_print!(seq, "{:>6} {:<24}", "", "total");
    row(seq, &reading.total());
}

fn row(seq: &SeqFile, values: &Values) {
    let all = values.all();
    seq_print!(
        seq,
        " {:>16} {:>20} {:>16} {:>20} {:>16}\n",
        all.count,
        all.cycles,
        values.l2.count,
        values.l2.cycles,
        values.reflected
    );
}
