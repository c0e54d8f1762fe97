// SPDX-License-Identifier: GPL-2.0

//! CPUID, here and on another CPU.

use core::{arch::x86_64::__cpuid, ffi::c_void};
use kernel::{bindings, cpu::CpuId, error::to_result, prelude::*};

/// What CPUID answers to `leaf` on the CPU that this runs on: EAX to EDX.
pub(crate) fn here(leaf: u32) -> [u32; 4] {
    // `__cpuid()` was unsafe before Rust 1.94.
    #[allow(unused_unsafe)]
    // SAFETY: Every x86-64 processor has CPUID, and any leaf may be asked for.
    let answer = unsafe { __cpuid(leaf) };

    [answer.eax, answer.ebx, answer.ecx, answer.edx]
}

/// What CPUID answers to `leaf` on `cpu`: [`ENXIO`] where the CPU is offline.
///
/// May sleep.
pub(crate) fn on(cpu: CpuId, leaf: u32) -> Result<[u32; 4]> {
    let mut question = Question {
        leaf,
        answer: [0; 4],
    };
    let info: *mut Question = &mut question;

    // An `int` in Linux 7.2, a `bool` from 7.3 on.
    #[allow(clippy::useless_conversion)]
    let wait = true.into();
    // SAFETY: `ask()` may be called with `info`, a valid question that nobody else touches: the
    // function waits for it (its last argument), so that `question` outlives the call. It may be
    // called for any CPU number below `nr_cpu_ids`, as `cpu` is, with interrupts on, as they are
    // wherever one may sleep.
    to_result(unsafe {
        bindings::smp_call_function_single(cpu.into(), Some(ask), info.cast(), wait)
    })?;
    Ok(question.answer)
}

struct Question {
    leaf: u32,
    answer: [u32; 4],
}

/// Answers a question, in an interrupt on the CPU that it is put to.
///
/// # Safety
///
/// `question` points to a valid [`Question`] to which nobody else has access meanwhile.
unsafe extern "C" fn ask(question: *mut c_void) {
    // SAFETY: By the function's contract.
    let question = unsafe { &mut *question.cast::<Question>() };

    question.answer = here(question.leaf);
}
