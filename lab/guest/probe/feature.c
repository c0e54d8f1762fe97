// SPDX-License-Identifier: GPL-2.0-only
#include "feature.h"

#include "x86.h"

/* EBX of CPUID leaf 0: the first letters of AuthenticAMD and HygonGenuine. */
#define VENDOR_AMD	0x68747541
#define VENDOR_HYGON	0x6f677948

static bool svm;
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
	struct cpuid r = cpuid(0, 0);
	u32 max = r.eax;
	size_t i;

	svm = r.ebx == VENDOR_AMD || r.ebx == VENDOR_HYGON;
	for (i = ALWAYS + 1; i < ARRAY_SIZE(features); i++) {
		if (features[i].leaf > max)
			continue;
		r = cpuid(features[i].leaf, 0);
		features[i].present = (features[i].in_ecx ? r.ecx : r.ebx) & BIT(features[i].bit);
	}
}

bool feature_svm(void)
{
	return svm;
}

bool feature_present(enum feature feature)
{
	return features[feature].present;
}

const char *feature_name(enum feature feature)
{
	return features[feature].name;
}
