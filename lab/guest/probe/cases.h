/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROBE_CASES_H
#define PROBE_CASES_H

#include "feature.h"
#include "types.h"

/* Expected where the operation does not exit. */
#define NONE		(-1)
/* Expected where the operation is the other vendor's: it is left out. */
#define OTHER_VENDOR	(-2)

enum case_flags {
	BENCH	= 1 << 0,	/* same cost every time, no interrupts: worth measuring */
	SOME	= 1 << 1,	/* not every operation exits; how many do is not known here */
	FRESH	= 1 << 2,	/* uses up a page of untouched RAM every time */
	NAMED	= 1 << 3,	/* only when asked for by name */
};

/* The basic exit reason (VMX) or exit code (SVM) that an operation is for. */
struct reasons {
	int nested;		/* with nested paging: EPT, NPT */
	int shadow;		/* with shadow paging */
};

struct probe_case {
	const char *name;
	void (*op)(void);
	struct reasons vmx, svm;
	unsigned int flags;
	enum feature needs;
	void (*setup)(void);
	void (*cleanup)(void);
};

extern const struct probe_case cases[];
extern const size_t case_count;

#endif
