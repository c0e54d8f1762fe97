// SPDX-License-Identifier: GPL-2.0-only
/* Operations that need an interrupt of the guest's own. */
#include "ops.h"

#include "apic.h"
#include "trap.h"
#include "types.h"
#include "x86.h"

/* Long enough for KVM to have entered the guest again, and for a HLT. */
#define TIMER_CYCLES	20000
/* Together, over many rounds, longer than a tick of the host. */
#define SPIN_CYCLES	100000

#define ICR_OF_SELF	MSR_X2APIC(APIC_ICR)

/* The other MSR of the fastpath. The interrupt is taken, its EOI exits too. */
void op_self_ipi(void)
{
	wrmsr(ICR_OF_SELF, ICR_SELF | VECTOR_IPI);
	sti_nop_cli();
}

void op_hlt(void)
{
	u64 before = trap_count[VECTOR_TIMER];

	apic_timer(TIMER_CYCLES);
	while (trap_count[VECTOR_TIMER] == before)
		sti_hlt_cli();
}

/* Nothing to wait for: KVM goes straight back into the guest. */
void op_hlt_pending(void)
{
	apic_send_self(VECTOR_IPI);
	sti_hlt_cli();
}

/*
 * KVM makes a NOP of it, and without a MONITOR before it it should not wait
 * anyway; the interrupt is for who takes it for a HLT.
 */
void op_mwait(void)
{
	apic_send_self(VECTOR_IPI);
	asm volatile("sti; 1: mwait" ON_FAULT_SKIP "cli" : : "a"(0), "c"(0) : "memory");
}

/* KVM asks for an exit as soon as the guest can take what is pending. */
void op_interrupt_window(void)
{
	apic_send_self(VECTOR_IPI);
	sti_nop_cli();
}

static void nmi_during_nmi(void)
{
	trap_set_handler(VECTOR_NMI, NULL);
	apic_send_self(ICR_NMI);
}

/* The second NMI has to wait for the first one's IRET. */
void op_nmi_window(void)
{
	u64 before = trap_count[VECTOR_NMI];

	trap_set_handler(VECTOR_NMI, nmi_during_nmi);
	apic_send_self(ICR_NMI);
	while (trap_count[VECTOR_NMI] != before + 2)
		;
}

/* An interrupt waits for the TPR, not for the interrupt flag. */
void op_tpr_threshold(void)
{
	write_cr8(15);
	apic_send_self(VECTOR_IPI);
	write_cr8(0);
	sti_nop_cli();
}

/* The guest runs when its timer is due: VMX's own exits then, else the host's. */
void op_preemption_timer(void)
{
	u64 before = trap_count[VECTOR_TIMER];

	apic_timer(TIMER_CYCLES);
	sti();
	while (trap_count[VECTOR_TIMER] == before)
		;
	cli();
}

/*
 * Until an interrupt of the host's comes by, sooner or later. That would exit
 * with the guest's interrupts off, too, but Bochs 2.7 holds it back then.
 */
void op_spin(void)
{
	u64 start = rdtsc();

	sti();
	while (rdtsc() - start < SPIN_CYCLES)
		;
	cli();
}
