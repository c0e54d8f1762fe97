// SPDX-License-Identifier: GPL-2.0-only
/* Operations that are one instruction. */
#include "ops.h"

#include "paging.h"
#include "types.h"
#include "x86.h"

#define PORT_PIC_MASTER_MASK	0x21	/* the PIC is in KVM */
#define PORT_POST		0x80	/* nobody's: QEMU answers */

/* From here on nobody defines any: KVM answers all alike. */
#define LEAF_NOBODYS	0x20000000
#define MSR_NOBODYS	0x10000

/* KVM_HC_VAPIC_POLL_IRQ: does nothing. */
#define HYPERCALL_NOTHING	1

/* For the operand of a VMX or SVM instruction that is never carried out. */
static u64 operand[PAGE_SIZE / sizeof(u64)] __aligned(PAGE_SIZE);

/* Tells what the TSC counts. */
void op_nops(void)
{
	asm volatile(".fill 1000, 1, 0x90");
}

void op_cpuid(void)
{
	cpuid(0, 0);
}

void op_rdmsr(void)
{
	rdmsr(MSR_MISC_ENABLE);
}

/* The same one, and another one every time: what the host keeps of each. */
void op_one_leaf(void)
{
	cpuid(LEAF_NOBODYS, 0);
}

void op_all_leaves(void)
{
	static u32 leaf = LEAF_NOBODYS;

	cpuid(leaf++, 0);
}

static void rdmsr_nobodys(u32 msr)
{
	u32 low, high;

	asm volatile("1: rdmsr" ON_FAULT_SKIP : "=a"(low), "=d"(high) : "c"(msr));
}

void op_one_msr(void)
{
	rdmsr_nobodys(MSR_NOBODYS);
}

void op_all_msrs(void)
{
	static u32 msr = MSR_NOBODYS;

	rdmsr_nobodys(msr++);
}

/* The way to ask for the microcode's revision: KVM ignores the value. */
void op_wrmsr(void)
{
	wrmsr(MSR_BIOS_SIGN_ID, 0);
}

/* One of the two MSRs of KVM's fastpath; 0 disarms the timer. */
void op_wrmsr_fast(void)
{
	wrmsr(MSR_TSC_DEADLINE, 0);
}

void op_in_kernel(void)
{
	inb(PORT_PIC_MASTER_MASK);
}

void op_out_user(void)
{
	outb(PORT_POST, 0);
}

void op_outs_user(void)
{
	const u8 *source = (const u8 *)operand;

	asm volatile("outsb" : "+S"(source) : "d"((u16)PORT_POST) : "memory");
}

/* KVM owns AM and MCE and has to see them change; neither matters here. */
void op_cr0(void)
{
	write_cr0(read_cr0() ^ CR0_AM);
}

void op_cr4(void)
{
	write_cr4(read_cr4() ^ CR4_MCE);
}

void op_cr0_read(void)
{
	read_cr0();
}

void op_cr4_read(void)
{
	read_cr4();
}

/* Without asking for the old one: that exits, too. */
void op_cr3(void)
{
	write_cr3((u64)pml4);
}

void op_cr3_read(void)
{
	read_cr3();
}

/*
 * KVM stops intercepting at the first access and lets the guest have the
 * registers until the next exit, whatever that is: cause one.
 */
void op_dr7(void)
{
	write_dr7(read_dr7());
	cpuid(0, 0);
}

void op_dr7_write(void)
{
	write_dr7(DR7_NOTHING);
	cpuid(0, 0);
}

void setup_xsave(void)
{
	write_cr4(read_cr4() | CR4_OSXSAVE);
}

void op_xsetbv(void)
{
	u32 low, high;

	asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	asm volatile("xsetbv" : : "a"(low), "d"(high), "c"(0));
}

/* KVM intercepts #UD with EPT, too. */
void op_ud2(void)
{
	TRY("ud2");
}

/* Each on its own vendor only: KVM writes the right one over the other. */
#define DEFINE_HYPERCALL(name)							\
void op_##name(void)								\
{										\
	u64 result;								\
										\
	asm volatile("1: " #name ON_FAULT_SKIP					\
		     : "=a"(result) : "a"(HYPERCALL_NOTHING) : "memory");	\
}

DEFINE_HYPERCALL(vmcall)
DEFINE_HYPERCALL(vmmcall)

void op_rdpmc(void)
{
	u32 low, high;

	asm volatile("1: rdpmc" ON_FAULT_SKIP : "=a"(low), "=d"(high) : "c"(0));
}

void op_wbinvd(void)
{
	TRY("wbinvd");
}

/* KVM makes a NOP of it: never run this where no hypervisor does. */
void op_invd(void)
{
	TRY("invd");
}

void op_monitor(void)
{
	asm volatile("1: monitor" ON_FAULT_SKIP : : "a"(operand), "c"(0), "d"(0));
}

/*
 * PAUSE-loop exiting: PAUSEs close together for longer than KVM's window
 * (4096 cycles, doubled at each such exit).
 */
void op_pause(void)
{
	int i;

	for (i = 0; i < 2048; i++)
		asm volatile("pause");
}

/* KVM emulates UMIP on CPUs without it, and then has to see these. */
void setup_umip(void)
{
	write_cr4(read_cr4() | CR4_UMIP);
}

void cleanup_umip(void)
{
	write_cr4(read_cr4() & ~CR4_UMIP);
}

void op_sgdt(void)
{
	asm volatile("sgdt %0" : "=m"(operand));
}

void op_sldt(void)
{
	u64 selector;

	asm volatile("sldt %0" : "=r"(selector));
}

/* They exit before anything else is checked; what comes back is #UD. */
#define DEFINE_VMX_OP(name, instruction)					\
void op_##name(void)								\
{										\
	asm volatile("1: " instruction ON_FAULT_SKIP				\
		     : : "m"(operand), "r"(0UL) : "memory", "cc");		\
}

DEFINE_VMX_OP(vmclear, "vmclear %0")
DEFINE_VMX_OP(vmlaunch, "vmlaunch")
DEFINE_VMX_OP(vmptrld, "vmptrld %0")
DEFINE_VMX_OP(vmptrst, "vmptrst %0")
DEFINE_VMX_OP(vmread, "vmread %1, %0")
DEFINE_VMX_OP(vmresume, "vmresume")
DEFINE_VMX_OP(vmwrite, "vmwrite %0, %1")
DEFINE_VMX_OP(vmxoff, "vmxoff")
DEFINE_VMX_OP(vmxon, "vmxon %0")
DEFINE_VMX_OP(invept, "invept %0, %1")
DEFINE_VMX_OP(invvpid, "invvpid %0, %1")

/* With EFER.SVME off, as it is here, KVM answers with #UD. */
#define DEFINE_SVM_OP(name)							\
void op_##name(void)								\
{										\
	asm volatile("1: " #name ON_FAULT_SKIP					\
		     : : "a"(operand), "c"(0) : "memory", "cc");		\
}

DEFINE_SVM_OP(vmrun)
DEFINE_SVM_OP(vmload)
DEFINE_SVM_OP(vmsave)
DEFINE_SVM_OP(stgi)
DEFINE_SVM_OP(clgi)
DEFINE_SVM_OP(skinit)
DEFINE_SVM_OP(invlpga)
