// SPDX-License-Identifier: GPL-2.0-only
/* Operations on memory. */
#include "ops.h"

#include "apic.h"
#include "paging.h"
#include "x86.h"

#define MMIO_NOBODY	0xd0000000UL	/* above RAM, below all devices */
#define MMIO_IOAPIC	0xfec00000UL	/* in KVM */

/*
 * The first access to such a page builds a translation that says MMIO (an EPT
 * violation); from then on it is a misconfiguration.
 */
void op_mmio_user(void)
{
	read32(MMIO_NOBODY);
}

void op_mmio_kernel(void)
{
	read32(MMIO_IOAPIC);
}

/* There is an APIC to access in xAPIC mode only. */
void setup_xapic(void)
{
	apic_set_x2apic(false);
}

/*
 * Without APICv, KVM emulates this without leaving a translation behind: an EPT
 * violation every time, and no way through QEMU.
 */
void op_mmio_apic(void)
{
	read32(APIC_MMIO + APIC_VERSION);
}

void setup_x2apic(void)
{
	apic_set_x2apic(true);
}

/* With huge pages on the host only the first page of each exits. */
void op_touch_fresh(void)
{
	write32(fresh_page(), 1);
}

/* The guest's own page fault, which shadow paging has to see. */
void op_page_fault(void)
{
	u32 value;

	asm volatile("1: movl (%1), %0" ON_FAULT_SKIP
		     : "=r"(value) : "r"(WINDOW_HOLE) : "memory");
}

/* A page fault that is shadow paging's own: the guest has the page mapped. */
void op_remap(void)
{
	volatile u64 *pte = window_pte();
	u64 old = *pte;

	*pte = 0;
	invlpg(WINDOW_PAGE);
	*pte = old;
	write32(WINDOW_PAGE, 1);
}

void op_invlpg(void)
{
	invlpg(WINDOW_PAGE);
}

void op_invpcid(void)
{
	struct {
		u64 pcid, address;
	} descriptor = { 0, WINDOW_PAGE };

	asm volatile("invpcid %0, %1" : : "m"(descriptor), "r"(0UL) : "memory");
}
