// SPDX-License-Identifier: GPL-2.0-only
/*
 * All the cases. The reasons are the basic exit reasons of VMX (SDM, Vol. 3D,
 * Appendix C) that KVM gets for the operation on a CPU like the lab's; what
 * else exits on the way (an EOI, the arming of a timer) is not listed.
 * A name is its operation's, so that addresses of exits lead back to it.
 */
#include "cases.h"

#include "ops.h"

const struct probe_case cases[] = {
	/* name		operation	needs	 EPT, shadow	flags	setup, cleanup */
	{ "cpuid",	op_cpuid,	ALWAYS,	 10, 10,	BENCH,	NULL, NULL },
	{ "rdmsr",	op_rdmsr,	ALWAYS,	 31, 31,	BENCH,	NULL, NULL },
	{ "wrmsr",	op_wrmsr,	ALWAYS,	 32, 32,	BENCH,	NULL, NULL },
	{ "wrmsr-fast",	op_wrmsr_fast,	TSC_DEADLINE, 32, 32,	BENCH,	NULL, NULL },
	{ "self-ipi",	op_self_ipi,	X2APIC,	 32, 32,	0,	NULL, NULL },
	{ "in-kernel",	op_in_kernel,	ALWAYS,	 30, 30,	BENCH,	NULL, NULL },
	{ "out-user",	op_out_user,	ALWAYS,	 30, 30,	BENCH,	NULL, NULL },
	{ "outs-user",	op_outs_user,	ALWAYS,	 30, 30,	0,	NULL, NULL },
	{ "mmio-kernel", op_mmio_kernel, ALWAYS, 49, 0,		BENCH,	NULL, NULL },
	{ "mmio-user",	op_mmio_user,	ALWAYS,	 49, 0,		BENCH,	NULL, NULL },
	{ "mmio-apic",	op_mmio_apic,	ALWAYS,	 48, 0,		BENCH,	setup_xapic, setup_x2apic },
	{ "touch-fresh", op_touch_fresh, ALWAYS, 48, 0,		BENCH | SOME | FRESH, NULL, NULL },
	{ "page-fault",	op_page_fault,	ALWAYS,	 NO_EXIT, 0,	BENCH,	NULL, NULL },
	{ "remap",	op_remap,	ALWAYS,	 NO_EXIT, 0,	BENCH,	NULL, NULL },
	{ "invlpg",	op_invlpg,	ALWAYS,	 NO_EXIT, 14,	BENCH,	NULL, NULL },
	{ "invpcid",	op_invpcid,	INVPCID, NO_EXIT, 58,	BENCH,	NULL, NULL },
	{ "cr3",	op_cr3,		ALWAYS,	 NO_EXIT, 28,	BENCH,	NULL, NULL },
	{ "cr0",	op_cr0,		ALWAYS,	 28, 28,	BENCH,	NULL, NULL },
	{ "cr4",	op_cr4,		ALWAYS,	 28, 28,	BENCH,	NULL, NULL },
	{ "dr7",	op_dr7,		ALWAYS,	 29, 29,	0,	NULL, NULL },
	{ "xsetbv",	op_xsetbv,	XSAVE,	 55, 55,	BENCH,	setup_xsave, NULL },
	{ "vmcall",	op_vmcall,	ALWAYS,	 18, 18,	BENCH,	NULL, NULL },
	{ "ud2",	op_ud2,		ALWAYS,	 0, 0,		BENCH,	NULL, NULL },
	{ "rdpmc",	op_rdpmc,	ALWAYS,	 15, 15,	0,	NULL, NULL },
	{ "wbinvd",	op_wbinvd,	ALWAYS,	 54, 54,	BENCH,	NULL, NULL },
	{ "invd",	op_invd,	ALWAYS,	 13, 13,	BENCH,	NULL, NULL },
	{ "monitor",	op_monitor,	ALWAYS,	 39, 39,	0,	NULL, NULL },
	{ "mwait",	op_mwait,	ALWAYS,	 36, 36,	0,	NULL, NULL },
	{ "pause",	op_pause,	ALWAYS,	 40, 40,	SOME,	NULL, NULL },
	{ "sgdt",	op_sgdt,	UMIP,	 46, 46,	0,	setup_umip, cleanup_umip },
	{ "sldt",	op_sldt,	UMIP,	 47, 47,	0,	setup_umip, cleanup_umip },
	{ "hlt",	op_hlt,		ALWAYS,	 12, 12,	0,	NULL, NULL },
	{ "hlt-pending", op_hlt_pending, ALWAYS, 12, 12,	0,	NULL, NULL },
	{ "interrupt-window", op_interrupt_window, ALWAYS, 7, 7, 0,	NULL, NULL },
	{ "nmi-window",	op_nmi_window,	ALWAYS,	 8, 8,		0,	NULL, NULL },
	{ "tpr-threshold", op_tpr_threshold, ALWAYS, 43, 43, 0,	NULL, NULL },
	{ "preemption-timer", op_preemption_timer, TSC_DEADLINE, 52, 52, 0, NULL, NULL },
	{ "spin",	op_spin,	ALWAYS,	 1, 1,		SOME,	NULL, NULL },
	{ "vmclear",	op_vmclear,	ALWAYS,	 19, 19,	0,	NULL, NULL },
	{ "vmlaunch",	op_vmlaunch,	ALWAYS,	 20, 20,	0,	NULL, NULL },
	{ "vmptrld",	op_vmptrld,	ALWAYS,	 21, 21,	0,	NULL, NULL },
	{ "vmptrst",	op_vmptrst,	ALWAYS,	 22, 22,	0,	NULL, NULL },
	{ "vmread",	op_vmread,	ALWAYS,	 23, 23,	0,	NULL, NULL },
	{ "vmresume",	op_vmresume,	ALWAYS,	 24, 24,	0,	NULL, NULL },
	{ "vmwrite",	op_vmwrite,	ALWAYS,	 25, 25,	0,	NULL, NULL },
	{ "vmxoff",	op_vmxoff,	ALWAYS,	 26, 26,	0,	NULL, NULL },
	{ "vmxon",	op_vmxon,	ALWAYS,	 27, 27,	0,	NULL, NULL },
	{ "invept",	op_invept,	ALWAYS,	 50, 50,	0,	NULL, NULL },
	{ "invvpid",	op_invvpid,	ALWAYS,	 53, 53,	0,	NULL, NULL },
};

const size_t case_count = ARRAY_SIZE(cases);
