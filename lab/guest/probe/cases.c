// SPDX-License-Identifier: GPL-2.0-only
/*
 * All the cases. The reasons are the basic exit reasons of VMX (SDM, Vol. 3D,
 * Appendix C) and the exit codes of SVM (APM, Vol. 2, Appendix C) that KVM gets
 * for the operation; what else exits on the way (an EOI, the arming of a timer)
 * is not listed. A name is its operation's, so that addresses of exits lead back
 * to it.
 */
#include "cases.h"

#include "ops.h"

#define NOT_HERE	{ OTHER_VENDOR, OTHER_VENDOR }

const struct probe_case cases[] = {
	/* name			operation		VMX: EPT,	SVM: NPT,	flags,
	 *						shadow		shadow		needs
	 */
	{ "cpuid",		op_cpuid,		{ 10, 10 },	{ 0x72, 0x72 },	BENCH },
	{ "nops",		op_nops,		{ NONE, NONE },	{ NONE, NONE },	BENCH },
	{ "rdmsr",		op_rdmsr,		{ 31, 31 },	{ 0x7c, 0x7c },	BENCH },
	{ "wrmsr",		op_wrmsr,		{ 32, 32 },	{ 0x7c, 0x7c },	BENCH },
	{ "wrmsr-fast",		op_wrmsr_fast,		{ 32, 32 },	{ 0x7c, 0x7c },	BENCH,
	  .needs = TSC_DEADLINE },
	{ "self-ipi",		op_self_ipi,		{ 32, 32 },	{ 0x7c, 0x7c },
	  .needs = X2APIC },
	{ "in-kernel",		op_in_kernel,		{ 30, 30 },	{ 0x7b, 0x7b },	BENCH },
	{ "out-user",		op_out_user,		{ 30, 30 },	{ 0x7b, 0x7b },	BENCH },
	{ "outs-user",		op_outs_user,		{ 30, 30 },	{ 0x7b, 0x7b } },
	{ "mmio-kernel",	op_mmio_kernel,		{ 49, 0 },	{ 0x400, 0x4e }, BENCH },
	{ "mmio-user",		op_mmio_user,		{ 49, 0 },	{ 0x400, 0x4e }, BENCH },
	{ "mmio-apic",		op_mmio_apic,		{ 48, 0 },	{ 0x400, 0x4e }, BENCH,
	  .setup = setup_xapic, .cleanup = setup_x2apic },
	{ "touch-fresh",	op_touch_fresh,		{ 48, 0 },	{ 0x400, 0x4e },
	  BENCH | SOME | FRESH },
	{ "page-fault",		op_page_fault,		{ NONE, 0 },	{ NONE, 0x4e },	BENCH },
	{ "remap",		op_remap,		{ NONE, 0 },	{ NONE, 0x4e },	BENCH },
	{ "invlpg",		op_invlpg,		{ NONE, 14 },	{ NONE, 0x79 },	BENCH },
	{ "invpcid",		op_invpcid,		{ NONE, 58 },	{ NONE, 0xa2 },	BENCH,
	  .needs = INVPCID },
	{ "cr3",		op_cr3,			{ NONE, 28 },	{ NONE, 0x13 },	BENCH },
	{ "cr3-read",		op_cr3_read,		{ NONE, 28 },	{ NONE, 0x03 },	BENCH },
	{ "cr0",		op_cr0,			{ 28, 28 },	{ 0x65, 0x10 },	BENCH },
	{ "cr0-read",		op_cr0_read,		{ NONE, NONE },	{ NONE, 0x00 },	BENCH },
	{ "cr4",		op_cr4,			{ 28, 28 },	{ 0x14, 0x14 },	BENCH },
	{ "cr4-read",		op_cr4_read,		{ NONE, NONE },	{ 0x04, 0x04 },	BENCH },
	{ "dr7",		op_dr7,			{ 29, 29 },	{ 0x27, 0x27 } },
	{ "dr7-write",		op_dr7_write,		{ 29, 29 },	{ 0x37, 0x37 } },
	{ "xsetbv",		op_xsetbv,		{ 55, 55 },	{ 0x8d, 0x8d },	BENCH,
	  .needs = XSAVE, .setup = setup_xsave },
	{ "vmcall",		op_vmcall,		{ 18, 18 },	NOT_HERE,	BENCH },
	{ "vmmcall",		op_vmmcall,		NOT_HERE,	{ 0x81, 0x81 },	BENCH },
	{ "ud2",		op_ud2,			{ 0, 0 },	{ 0x46, 0x46 },	BENCH },
	{ "rdpmc",		op_rdpmc,		{ 15, 15 },	{ 0x6f, 0x6f } },
	{ "wbinvd",		op_wbinvd,		{ 54, 54 },	{ 0x89, 0x89 },	BENCH },
	{ "invd",		op_invd,		{ 13, 13 },	{ 0x76, 0x76 },	BENCH },
	{ "monitor",		op_monitor,		{ 39, 39 },	{ 0x8a, 0x8a } },
	{ "mwait",		op_mwait,		{ 36, 36 },	{ 0x8b, 0x8b } },
	{ "pause",		op_pause,		{ 40, 40 },	{ 0x77, 0x77 },	SOME },
	{ "sgdt",		op_sgdt,		{ 46, 46 },	{ NONE, NONE },
	  .needs = UMIP, .setup = setup_umip, .cleanup = cleanup_umip },
	{ "sldt",		op_sldt,		{ 47, 47 },	{ NONE, NONE },
	  .needs = UMIP, .setup = setup_umip, .cleanup = cleanup_umip },
	{ "hlt",		op_hlt,			{ 12, 12 },	{ 0x78, 0x78 } },
	{ "hlt-pending",	op_hlt_pending,		{ 12, 12 },	{ 0x78, 0x78 } },
	{ "interrupt-window",	op_interrupt_window,	{ 7, 7 },	{ 0x64, 0x64 } },
	{ "nmi-window",		op_nmi_window,		{ 8, 8 },	{ 0x74, 0x74 } },
	{ "tpr-threshold",	op_tpr_threshold,	{ 43, 43 },	{ 0x18, 0x18 } },
	{ "preemption-timer",	op_preemption_timer,	{ 52, 52 },	{ 0x60, 0x60 },
	  .needs = TSC_DEADLINE },
	{ "spin",		op_spin,		{ 1, 1 },	{ 0x60, 0x60 },	SOME },
	{ "vmclear",		op_vmclear,		{ 19, 19 },	NOT_HERE },
	{ "vmlaunch",		op_vmlaunch,		{ 20, 20 },	NOT_HERE },
	{ "vmptrld",		op_vmptrld,		{ 21, 21 },	NOT_HERE },
	{ "vmptrst",		op_vmptrst,		{ 22, 22 },	NOT_HERE },
	{ "vmread",		op_vmread,		{ 23, 23 },	NOT_HERE },
	{ "vmresume",		op_vmresume,		{ 24, 24 },	NOT_HERE },
	{ "vmwrite",		op_vmwrite,		{ 25, 25 },	NOT_HERE },
	{ "vmxoff",		op_vmxoff,		{ 26, 26 },	NOT_HERE },
	{ "vmxon",		op_vmxon,		{ 27, 27 },	NOT_HERE },
	{ "invept",		op_invept,		{ 50, 50 },	NOT_HERE },
	{ "invvpid",		op_invvpid,		{ 53, 53 },	NOT_HERE },
	{ "vmrun",		op_vmrun,		NOT_HERE,	{ 0x80, 0x80 } },
	{ "vmload",		op_vmload,		NOT_HERE,	{ 0x82, 0x82 } },
	{ "vmsave",		op_vmsave,		NOT_HERE,	{ 0x83, 0x83 } },
	{ "stgi",		op_stgi,		NOT_HERE,	{ 0x84, 0x84 } },
	{ "clgi",		op_clgi,		NOT_HERE,	{ 0x85, 0x85 } },
	{ "skinit",		op_skinit,		NOT_HERE,	{ 0x86, 0x86 } },
	{ "invlpga",		op_invlpga,		NOT_HERE,	{ 0x7a, 0x7a } },
	{ "one-leaf",		op_one_leaf,		{ 10, 10 },	{ 0x72, 0x72 },	NAMED },
	{ "all-leaves",		op_all_leaves,		{ 10, 10 },	{ 0x72, 0x72 },	NAMED },
	{ "one-msr",		op_one_msr,		{ 31, 31 },	{ 0x7c, 0x7c },	NAMED },
	{ "all-msrs",		op_all_msrs,		{ 31, 31 },	{ 0x7c, 0x7c },	NAMED },
};

const size_t case_count = ARRAY_SIZE(cases);
