/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROBE_TRAP_H
#define PROBE_TRAP_H

#include "types.h"

#define VECTOR_NMI	2
#define VECTOR_TIMER	0x40
#define VECTOR_IPI	0x50
#define VECTOR_SPURIOUS	0xff

struct trap_frame {
	u64 r15, r14, r13, r12, r11, r10, r9, r8;
	u64 rdi, rsi, rbp, rbx, rdx, rcx, rax;
	u64 vector, error_code;
	u64 rip, cs, rflags, rsp, ss;
};

/* Of ON_FAULT_SKIP. */
struct ex_entry {
	u64 instruction, next;
};

/* In probe.ld and traps.S. */
extern const struct ex_entry ex_table_start[], ex_table_end[];
extern const u8 trap_entries[256][16];

/* What the entries call. */
void trap(struct trap_frame *frame);

void trap_init(void);

/* What is done at an interrupt; NULL: nothing but to count it. */
void trap_set_handler(u8 vector, void (*handler)(void));

/* How often an interrupt of this vector came. */
extern volatile u64 trap_count[256];

#endif
