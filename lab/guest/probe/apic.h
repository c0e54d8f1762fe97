/* SPDX-License-Identifier: GPL-2.0-only */
/* The local APIC: in x2APIC mode where there is one, else in xAPIC mode. */
#ifndef PROBE_APIC_H
#define PROBE_APIC_H

#include "types.h"

#define APIC_MMIO		0xfee00000UL
#define APIC_VERSION		0x30
#define APIC_ICR		0x300
#define MSR_X2APIC(reg)		(0x800 + ((reg) >> 4))

#define ICR_SELF		(1UL << 18)
#define ICR_NMI			(4UL << 8)

void apic_init(void);
void apic_set_x2apic(bool on);

/* Sends this CPU what the low half of the ICR says: a vector, or ICR_NMI. */
void apic_send_self(u32 what);

/* One interrupt of VECTOR_TIMER after so many cycles (x2APIC or not: of the bus). */
void apic_timer(u32 cycles);

#endif
