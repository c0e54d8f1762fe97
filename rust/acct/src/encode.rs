// SPDX-License-Identifier: GPL-2.0

//! Counts as records of a snapshot.

use super::{
    histogram::Buckets,
    reasons::Isa,
    snapshot::{
        put_host_row, put_row_time, put_vcpu, put_vm, put_vm_row, Row, Sink, Vm, Words, HANDLED,
    },
    table::{index_named, Reading},
    times::Times,
};

/// Writes the host's view: `buckets` has the histogram of a cell, `is_handled` tells whether the
/// running KVM has a handler for a reason.
pub fn put_host<S: Sink>(
    sink: &mut S,
    isa: Isa,
    reading: &Reading,
    buckets: impl Fn(usize) -> Buckets,
    is_handled: impl Fn(u32) -> bool,
) -> Result<(), S::Error> {
    reading.rows().try_for_each(|(reason, values)| {
        let index = index_named(reason, isa);
        let buckets = index.map(&buckets).unwrap_or_default();
        let row = Row {
            reason,
            flags: flags(reason, &is_handled),
            values: *values,
            buckets: Words::Native(buckets.trimmed()),
        };
        put_host_row(sink, &row)?;
        put_row_time(sink, values)
    })
}

/// Writes a VM, its vCPUs' time (of each its index), and its view.
pub fn put_guest<S: Sink>(
    sink: &mut S,
    vm: &Vm,
    mut vcpus: impl Iterator<Item = (u32, Times)>,
    reading: &Reading,
    is_handled: impl Fn(u32) -> bool,
) -> Result<(), S::Error> {
    put_vm(sink, vm)?;
    vcpus.try_for_each(|(index, times)| put_vcpu(sink, index, &times))?;
    reading.rows().try_for_each(|(reason, values)| {
        let row = Row {
            reason,
            flags: flags(reason, &is_handled),
            values: *values,
            buckets: Words::Native(&[]),
        };
        put_vm_row(sink, &row)?;
        put_row_time(sink, values)
    })
}

fn flags(reason: u32, is_handled: impl Fn(u32) -> bool) -> u32 {
    u32::from(is_handled(reason)) * HANDLED
}
