// SPDX-License-Identifier: GPL-2.0-only
#include "paging.h"

#include "x86.h"

/* Present, writable, accessed, dirty. */
#define PTE_FLAGS	0x63UL
#define FRESH_START	(16 * MIB)
/* Firmware keeps its tables below the end of RAM. */
#define FRESH_RESERVED	(1 * MIB)
/*
 * Shadow paging fills in as many pages at once, where the host has them already:
 * for an exit each time they have to be that far apart.
 */
#define FRESH_DISTANCE	(8 * PAGE_SIZE)

#define __page_aligned	__aligned(PAGE_SIZE)

static u64 window_pdpt[512] __page_aligned;
static u64 window_pd[512] __page_aligned;
static u64 window_pt[512] __page_aligned;
static u8 page[PAGE_SIZE] __page_aligned;

static u64 fresh_next = FRESH_START;
static u64 fresh_end;

u64 *window_pte(void)
{
	return &window_pt[1];
}

void paging_init(void)
{
	window_pt[1] = (u64)page | PTE_FLAGS;
	window_pd[0] = (u64)window_pt | PTE_FLAGS;
	window_pdpt[0] = (u64)window_pd | PTE_FLAGS;
	pml4[1] = (u64)window_pdpt | PTE_FLAGS;
	write_cr3(read_cr3());
}

void fresh_init(u64 memory_end)
{
	fresh_end = memory_end - FRESH_RESERVED;
}

u64 fresh_pages_left(void)
{
	return fresh_next < fresh_end ? (fresh_end - fresh_next) / FRESH_DISTANCE : 0;
}

u64 fresh_page(void)
{
	u64 address = fresh_next;

	fresh_next += FRESH_DISTANCE;
	return address;
}
