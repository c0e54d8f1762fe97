/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operations of the cases. All run with interrupts off, and those that
 * need one turn them on for as long as it takes.
 */
#ifndef PROBE_OPS_H
#define PROBE_OPS_H

/* ops_cpu.c: instructions */
void op_nops(void);
void op_cpuid(void);
void op_one_leaf(void);
void op_all_leaves(void);
void op_rdmsr(void);
void op_one_msr(void);
void op_all_msrs(void);
void op_wrmsr(void);
void op_wrmsr_fast(void);
void op_in_kernel(void);
void op_out_user(void);
void op_outs_user(void);
void op_cr0(void);
void op_cr0_read(void);
void op_cr3(void);
void op_cr3_read(void);
void op_cr4(void);
void op_cr4_read(void);
void op_dr7(void);
void op_dr7_write(void);
void op_xsetbv(void);
void op_ud2(void);
void op_vmcall(void);
void op_vmmcall(void);
void op_rdpmc(void);
void op_wbinvd(void);
void op_invd(void);
void op_monitor(void);
void op_pause(void);
void op_sgdt(void);
void op_sldt(void);
void op_vmclear(void);
void op_vmlaunch(void);
void op_vmptrld(void);
void op_vmptrst(void);
void op_vmread(void);
void op_vmresume(void);
void op_vmwrite(void);
void op_vmxoff(void);
void op_vmxon(void);
void op_invept(void);
void op_invvpid(void);
void op_vmrun(void);
void op_vmload(void);
void op_vmsave(void);
void op_stgi(void);
void op_clgi(void);
void op_skinit(void);
void op_invlpga(void);
void setup_xsave(void);
void setup_umip(void);
void cleanup_umip(void);

/* ops_memory.c: accesses, and what invalidates translations */
void op_mmio_user(void);
void op_mmio_kernel(void);
void op_mmio_apic(void);
void op_touch_fresh(void);
void op_page_fault(void);
void op_remap(void);
void op_invlpg(void);
void op_invpcid(void);
void setup_xapic(void);
void setup_x2apic(void);

/* ops_interrupt.c: what needs an interrupt */
void op_self_ipi(void);
void op_hlt(void);
void op_hlt_pending(void);
void op_mwait(void);
void op_interrupt_window(void);
void op_nmi_window(void);
void op_tpr_threshold(void);
void op_preemption_timer(void);
void op_spin(void);

#endif
