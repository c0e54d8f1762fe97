/* SPDX-License-Identifier: GPL-2.0-only */
/* Single instructions. Those an operation is made of are inlined into it. */
#ifndef PROBE_X86_H
#define PROBE_X86_H

#include "types.h"

#define CR0_AM			BIT(18)
#define CR4_MCE			BIT(6)
#define CR4_UMIP		BIT(11)
#define CR4_OSXSAVE		BIT(18)

/* No breakpoint; the bit is always 1. */
#define DR7_NOTHING		BIT(10)

#define MSR_APIC_BASE		0x1b
#define MSR_BIOS_SIGN_ID	0x8b
#define MSR_MISC_ENABLE		0x1a0
#define MSR_TSC_DEADLINE	0x6e0

/* What follows label 2 when the instruction at label 1 faults. */
#define ON_FAULT_SKIP				\
	"\n2:\n"				\
	".pushsection __ex_table, \"a\"\n"	\
	".quad 1b, 2b\n"			\
	".popsection\n"

/* An instruction without operands that may fault, and is then passed over. */
#define TRY(instruction) \
	asm volatile("1: " instruction ON_FAULT_SKIP : : : "memory", "cc")

struct cpuid {
	u32 eax, ebx, ecx, edx;
};

static __always_inline struct cpuid cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid r;

	asm volatile("cpuid" : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
		     : "a"(leaf), "c"(subleaf));
	return r;
}

static __always_inline u64 rdmsr(u32 msr)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
	return low | (u64)high << 32;
}

static __always_inline void wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32))
		     : "memory");
}

/* Not before what precedes it, nothing that follows before it. */
static __always_inline u64 rdtsc(void)
{
	u32 low, high;

	asm volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return low | (u64)high << 32;
}

static __always_inline u8 inb(u16 port)
{
	u8 value;

	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static __always_inline void outb(u16 port, u8 value)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port) : "memory");
}

static __always_inline u32 read32(u64 address)
{
	return *(volatile u32 *)address;
}

static __always_inline void write32(u64 address, u32 value)
{
	*(volatile u32 *)address = value;
}

#define DEFINE_REGISTER(name)					\
static __always_inline u64 read_##name(void)			\
{								\
	u64 value;						\
								\
	asm volatile("mov %%" #name ", %0" : "=r"(value));	\
	return value;						\
}								\
								\
static __always_inline void write_##name(u64 value)		\
{								\
	asm volatile("mov %0, %%" #name : : "r"(value) : "memory"); \
}

DEFINE_REGISTER(cr0)
DEFINE_REGISTER(cr2)
DEFINE_REGISTER(cr3)
DEFINE_REGISTER(cr4)
DEFINE_REGISTER(cr8)
DEFINE_REGISTER(dr7)

static __always_inline void invlpg(u64 address)
{
	asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

static __always_inline void sti(void)
{
	asm volatile("sti" : : : "memory");
}

static __always_inline void cli(void)
{
	asm volatile("cli" : : : "memory");
}

/* STI holds interrupts back for one more instruction: they arrive at the NOP. */
static __always_inline void sti_nop_cli(void)
{
	asm volatile("sti; nop; nop; cli" : : : "memory");
}

/* HLT is that one more instruction: no interrupt is lost between the two. */
static __always_inline void sti_hlt_cli(void)
{
	asm volatile("sti; hlt; cli" : : : "memory");
}

#endif
