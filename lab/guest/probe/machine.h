/* SPDX-License-Identifier: GPL-2.0-only */
/* The virtual machine as a whole: how it ends. */
#ifndef PROBE_MACHINE_H
#define PROBE_MACHINE_H

#include "types.h"
#include "x86.h"

/* Port of QEMU's isa-debug-exit; QEMU's exit code is 2 * value + 1. */
#define PORT_DEBUG_EXIT	0xf4

enum { EXIT_SUCCESS, EXIT_FAILURE };

/* Not a single exit after this one. */
static inline void __noreturn machine_rest(void)
{
	for (;;)
		asm volatile("cli; hlt" : : : "memory");
}

static inline void __noreturn machine_exit(u8 code)
{
	outb(PORT_DEBUG_EXIT, code);
	/* There is no such device. */
	machine_rest();
}

#endif
