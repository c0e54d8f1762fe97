// SPDX-License-Identifier: GPL-2.0-only
#include "apic.h"

#include "feature.h"
#include "trap.h"
#include "x86.h"

#define APIC_BASE_ENABLE	BIT(11)
#define APIC_BASE_X2APIC	BIT(10)

#define APIC_EOI		0xb0
#define APIC_SPURIOUS		0xf0
#define APIC_LVT_TIMER		0x320
#define APIC_LVT_LINT0		0x350
#define APIC_LVT_LINT1		0x360
#define APIC_TIMER_COUNT	0x380
#define APIC_TIMER_DIVIDE	0x3e0

#define SPURIOUS_ENABLE		BIT(8)
#define LVT_MASKED		BIT(16)
#define LVT_TSC_DEADLINE	BIT(18)
#define DIVIDE_BY_1		0xb

#define PORT_PIC_MASTER_MASK	0x21
#define PORT_PIC_SLAVE_MASK	0xa1

static bool x2apic;

static void apic_write(u32 reg, u32 value)
{
	if (x2apic)
		wrmsr(MSR_X2APIC(reg), value);
	else
		write32(APIC_MMIO + reg, value);
}

static void apic_eoi(void)
{
	apic_write(APIC_EOI, 0);
}

void apic_send_self(u32 what)
{
	apic_write(APIC_ICR, ICR_SELF | what);
}

void apic_timer(u32 cycles)
{
	if (feature_present(TSC_DEADLINE))
		wrmsr(MSR_TSC_DEADLINE, rdtsc() + cycles);
	else
		apic_write(APIC_TIMER_COUNT, cycles);
}

/* Changing the mode resets it. */
static void apic_setup(void)
{
	u32 timer = VECTOR_TIMER;

	if (feature_present(TSC_DEADLINE))
		timer |= LVT_TSC_DEADLINE;
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
	apic_write(APIC_LVT_LINT0, LVT_MASKED);
	apic_write(APIC_LVT_LINT1, LVT_MASKED);
	apic_write(APIC_TIMER_DIVIDE, DIVIDE_BY_1);
	apic_write(APIC_LVT_TIMER, timer);
}

void apic_set_x2apic(bool on)
{
	u64 base = rdmsr(MSR_APIC_BASE) & ~(APIC_BASE_ENABLE | APIC_BASE_X2APIC);

	on = on && feature_present(X2APIC);
	/* From x2APIC mode there is no way to xAPIC mode but this. */
	wrmsr(MSR_APIC_BASE, base);
	wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE);
	if (on)
		wrmsr(MSR_APIC_BASE, base | APIC_BASE_ENABLE | APIC_BASE_X2APIC);
	x2apic = on;
	apic_setup();
}

void apic_init(void)
{
	outb(PORT_PIC_MASTER_MASK, 0xff);
	outb(PORT_PIC_SLAVE_MASK, 0xff);
	trap_set_handler(VECTOR_TIMER, apic_eoi);
	trap_set_handler(VECTOR_IPI, apic_eoi);
	apic_set_x2apic(true);
}
