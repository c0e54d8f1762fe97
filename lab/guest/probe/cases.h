/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROBE_CASES_H
#define PROBE_CASES_H

#include "feature.h"
#include "types.h"

/* Expected where the operation does not exit. */
#define NO_EXIT		(-1)

enum case_flags {
	BENCH	= 1 << 0,	/* same cost every time, no interrupts: worth measuring */
	SOME	= 1 << 1,	/* not every operation exits; how many do is not known here */
	FRESH	= 1 << 2,	/* uses up a page of untouched RAM every time */
};

/* An operation and the basic exit reason that it is for. */
struct probe_case {
	const char *name;
	void (*op)(void);
	enum feature needs;
	int ept;		/* reason with EPT */
	int shadow;		/* reason with shadow paging */
	unsigned int flags;
	void (*setup)(void);
	void (*cleanup)(void);
};

extern const struct probe_case cases[];
extern const size_t case_count;

#endif
