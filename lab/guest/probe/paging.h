/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory above the identity mapping of boot.S: a window of pages that can be
 * mapped and unmapped one by one, and RAM that nobody has touched yet.
 */
#ifndef PROBE_PAGING_H
#define PROBE_PAGING_H

#include "types.h"

#define WINDOW		BIT(39)	/* entry 1 of the PML4 */
#define WINDOW_HOLE	(WINDOW + 0 * PAGE_SIZE)	/* never mapped */
#define WINDOW_PAGE	(WINDOW + 1 * PAGE_SIZE)	/* mapped to a page of its own */

/* In boot.S. */
extern u64 pml4[512];

void paging_init(void);

/* The page-table entry of WINDOW_PAGE. */
u64 *window_pte(void);

/* @memory_end: where RAM ends. */
void fresh_init(u64 memory_end);
u64 fresh_pages_left(void);

/* The next page of RAM that has not been touched since power-on, nor its neighbours. */
u64 fresh_page(void);

#endif
