// SPDX-License-Identifier: GPL-2.0-only
/* The IDT, exceptions that an operation expects, and interrupts. */
#include "trap.h"

#include "print.h"
#include "machine.h"

#define GATE_INTERRUPT	0x8e00	/* present, DPL 0, 64-bit interrupt gate */
#define SELECTOR_CODE	8
#define EXCEPTIONS	32

struct gate {
	u16 offset_low, selector, flags, offset_middle;
	u32 offset_high, reserved;
};

volatile u64 trap_count[256];
static void (*handlers[256])(void);
static struct gate idt[256] __aligned(16);

void trap_set_handler(u8 vector, void (*handler)(void))
{
	handlers[vector] = handler;
}

static bool skip_instruction(struct trap_frame *frame)
{
	const struct ex_entry *entry;

	for (entry = ex_table_start; entry < ex_table_end; entry++) {
		if (entry->instruction == frame->rip) {
			frame->rip = entry->next;
			return true;
		}
	}
	return false;
}

void trap(struct trap_frame *frame)
{
	u8 vector = frame->vector;

	trap_count[vector]++;
	if (vector >= EXCEPTIONS || vector == VECTOR_NMI) {
		if (handlers[vector])
			handlers[vector]();
		return;
	}
	if (skip_instruction(frame))
		return;

	print("probe: exception %lu, error code 0x%lx, at 0x%lx, cr2 0x%lx\n",
	      frame->vector, frame->error_code, frame->rip, read_cr2());
	machine_exit(EXIT_FAILURE);
}

void trap_init(void)
{
	struct __packed {
		u16 limit;
		u64 base;
	} pointer = { sizeof(idt) - 1, (u64)idt };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(idt); i++) {
		u64 entry = (u64)trap_entries[i];

		idt[i] = (struct gate){
			.offset_low = entry,
			.selector = SELECTOR_CODE,
			.flags = GATE_INTERRUPT,
			.offset_middle = entry >> 16,
			.offset_high = entry >> 32,
		};
	}
	asm volatile("lidt %0" : : "m"(pointer));
}
