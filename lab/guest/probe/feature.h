/* SPDX-License-Identifier: GPL-2.0-only */
/* What an operation needs of the CPU. */
#ifndef PROBE_FEATURE_H
#define PROBE_FEATURE_H

#include "types.h"

enum feature {
	ALWAYS,
	X2APIC,
	TSC_DEADLINE,
	XSAVE,
	INVPCID,
	UMIP,
};

/* Asks CPUID once: it exits. */
void feature_init(void);

/*
 * Whether KVM is on SVM, else it is on VMX: by the vendor, because the guest may
 * not be told of the extension itself.
 */
bool feature_svm(void);

bool feature_present(enum feature feature);
const char *feature_name(enum feature feature);

#endif
