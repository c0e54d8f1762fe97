// SPDX-License-Identifier: GPL-2.0-only
#include "feature.h"

#include "x86.h"

static struct {
	const char *name;
	u32 leaf;
	bool in_ecx;	/* else in EBX */
	u8 bit;
	bool present;
} features[] = {
	[ALWAYS]	= { .name = "", .present = true },
	[X2APIC]	= { "x2APIC",		1, true,  21, false },
	[TSC_DEADLINE]	= { "TSC deadline",	1, true,  24, false },
	[XSAVE]		= { "XSAVE",		1, true,  26, false },
	[INVPCID]	= { "INVPCID",		7, false, 10, false },
	[UMIP]		= { "UMIP",		7, true,  2, false },
};

void feature_init(void)
{
	u32 max = cpuid(0, 0).eax;
	struct cpuid r;
	size_t i;

	for (i = ALWAYS + 1; i < ARRAY_SIZE(features); i++) {
		if (features[i].leaf > max)
			continue;
		r = cpuid(features[i].leaf, 0);
		features[i].present = (features[i].in_ecx ? r.ecx : r.ebx) & BIT(features[i].bit);
	}
}

bool feature_present(enum feature feature)
{
	return features[feature].present;
}

const char *feature_name(enum feature feature)
{
	return features[feature].name;
}
