// SPDX-License-Identifier: GPL-2.0

//! The hooks that count: on each exit, and where a vCPU's state changes otherwise.

use crate::{
    acct::{
        cell::Cell,
        clock::Change,
        keys::Notes,
        table::{direct_index_of, index_of, Cells},
    },
    host::Cpu,
    period, tsc,
    vms::Vcpu,
};
use core::ptr;
use kernel::ffi::{c_int, c_uint, c_ulonglong, c_void};

/// The running vCPU, if it has a table, and the CPU.
///
/// # Safety
///
/// Only for what KVM passes to a hook, and for as long as that runs.
#[inline(always)]
unsafe fn tables<'a>(vcpu: *mut c_void, cpu: *mut c_void) -> (Option<&'a Vcpu>, &'a Cpu) {
    // SAFETY: What `vcpu_create` and `cpu_table` returned, the one perhaps null, the other not.
    unsafe { (vcpu.cast::<Vcpu>().as_ref(), &*cpu.cast::<Cpu>()) }
}

/// Books what of an exit is measured besides its count and cycles, after these.
///
/// # Safety
///
/// Only in an exit hook, with what [`tables`] gave there; with `DETAILED`, of a set that has it.
#[inline(always)]
unsafe fn book_more<const TIMED: bool, const DETAILED: bool>(
    vcpu: &Vcpu,
    cpu: &Cpu,
    index: usize,
    cycles: u64,
) {
    if DETAILED {
        // SAFETY: This is a hook of this vCPU.
        let notes = unsafe { vcpu.notes.own() };
        // SAFETY: This hook is of a set that has `detail`.
        let detail = unsafe { cpu.detail() };
        if let Some(detail) = detail.filter(|_| notes.detail.of == notes.start) {
            let about = ptr::from_ref(&notes.detail).cast::<Notes>();
            // SAFETY: They have the same members at the same places, which `bindings.rs` checks.
            detail.book(index, unsafe { &*about }, cycles);
        }
    }
    if TIMED {
        vcpu.clock.exit(vcpu.notes.stamps(), cycles, tsc::now);
    }
}

/// The hot path: `docs/exit-path.md` lists its instructions.
///
/// # Safety
///
/// Only as KVM's `exit` hook.
pub(crate) unsafe extern "C" fn exit<const TIMED: bool, const DETAILED: bool>(
    vcpu: *mut c_void,
    cpu: *mut c_void,
    reason: c_uint,
    cycles: c_ulonglong,
) {
    let Some(index) = direct_index_of(reason) else {
        // SAFETY: The same arguments.
        return unsafe { exit_high::<TIMED, DETAILED>(vcpu, cpu, reason, cycles) };
    };
    // SAFETY: The same arguments.
    unsafe { book::<TIMED, DETAILED>(vcpu, cpu, index, cycles) };
}

/// # Safety
///
/// As [`exit`].
#[inline(always)]
unsafe fn book<const TIMED: bool, const DETAILED: bool>(
    vcpu: *mut c_void,
    cpu: *mut c_void,
    index: usize,
    cycles: u64,
) {
    // SAFETY: The same arguments.
    let (vcpu, cpu) = unsafe { tables(vcpu, cpu) };
    if let Some(vcpu) = vcpu {
        vcpu.table.book(index, cycles);
    }
    cpu.table.book(index, cycles);
    if let Some(vcpu) = vcpu {
        // SAFETY: The same arguments.
        unsafe { book_more::<TIMED, DETAILED>(vcpu, cpu, index, cycles) };
    }
}

/// [`exit`] for a reason that is not its own index.
///
/// # Safety
///
/// As [`exit`].
#[cold]
#[inline(never)]
unsafe fn exit_high<const TIMED: bool, const DETAILED: bool>(
    vcpu: *mut c_void,
    cpu: *mut c_void,
    reason: u32,
    cycles: u64,
) {
    let index = index_of(reason, period::isa);
    // SAFETY: The same arguments.
    unsafe { book::<TIMED, DETAILED>(vcpu, cpu, index, cycles) };
}

/// # Safety
///
/// Only as KVM's `exit_l2` hook.
pub(crate) unsafe extern "C" fn exit_l2<const TIMED: bool, const DETAILED: bool>(
    vcpu: *mut c_void,
    cpu: *mut c_void,
    reason: c_uint,
    cycles: c_ulonglong,
    reflected: c_int,
) {
    let index = index_of(reason, period::isa);
    // SAFETY: The same arguments.
    let (vcpu, cpu) = unsafe { tables(vcpu, cpu) };
    cpu.table.book_l2(index, cycles, reflected != 0);
    if let Some(vcpu) = vcpu {
        vcpu.table.book_l2(index, cycles, reflected != 0);
        // SAFETY: The same arguments.
        unsafe { book_more::<TIMED, DETAILED>(vcpu, cpu, index, cycles) };
    }
}

/// The VMM's time and waiting are charged to the exit that led there.
///
/// # Safety
///
/// Only as KVM's `state` hook.
pub(crate) unsafe extern "C" fn state(
    vcpu: *mut c_void,
    cpu: *mut c_void,
    state: c_uint,
    tsc: c_ulonglong,
) {
    // SAFETY: The same arguments.
    let (vcpu, cpu) = unsafe { tables(vcpu, cpu) };
    let (Some(vcpu), Some(change)) = (vcpu, Change::of(state)) else {
        return;
    };
    // SAFETY: This is a hook of this vCPU.
    let notes = unsafe { vcpu.notes.own() };
    let ended = vcpu.clock.change(change, notes.start >= 0, tsc as i64);
    // It has not had an exit yet.
    if notes.reason > 0xffff {
        return;
    }
    let index = index_of(notes.reason, period::isa);
    let book = |cell: &Cell| {
        if change == Change::Vmm {
            cell.book_to_vmm();
        }
        cell.book_in_vmm(ended.vmm);
        cell.book_halted(ended.halted);
    };
    vcpu.table.cell(index).map(book);
    cpu.table.cell(index).map(book);
}
