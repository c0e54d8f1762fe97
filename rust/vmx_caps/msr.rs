// SPDX-License-Identifier: GPL-2.0

//! MSRs, read so that one that is not there costs no more than an error.

use kernel::{bindings, cpu::CpuId, error::to_result, prelude::*};

/// Reads `msr` on `cpu`: [`EIO`] where RDMSR faults, [`ENXIO`] where the CPU is offline.
///
/// May sleep.
#[cfg(CONFIG_SMP)]
pub(crate) fn read(cpu: CpuId, msr: u32) -> Result<u64> {
    let mut value = 0;

    // SAFETY: `value` is valid for the write, which has happened when the function returns. It
    // may be called for any CPU number below `nr_cpu_ids`, as `cpu` is, and for any MSR: reading
    // one has no effect but its value, and a fault is caught.
    to_result(unsafe { bindings::rdmsrq_safe_on_cpu(cpu.as_u32(), msr, &mut value) })?;
    Ok(value)
}

/// Reads `msr`: [`EIO`] where RDMSR faults.
///
/// `rdmsrq_safe_on_cpu()` is inline, and so out of reach, in a kernel for one CPU.
#[cfg(not(CONFIG_SMP))]
pub(crate) fn read(_cpu: CpuId, msr: u32) -> Result<u64> {
    // EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, before the instruction and after it.
    let mut regs = [0, msr, 0, 0, 0, 0, 0, 0];

    // SAFETY: `regs` has the eight registers that the function reads and writes. It may be called
    // for any MSR: reading one has no effect but its value, and a fault is caught.
    to_result(unsafe { bindings::rdmsr_safe_regs(regs.as_mut_ptr()) })?;
    Ok((u64::from(regs[2]) << 32) | u64::from(regs[0]))
}
