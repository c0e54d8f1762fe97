/* SPDX-License-Identifier: GPL-2.0-only */
/* From the multiboot loader's 32-bit mode to main() in 64-bit mode. */
#define MULTIBOOT_MAGIC	0x1badb002
#define MULTIBOOT_FLAGS	0x3	/* page-aligned modules, memory sizes */

#define CR0_PG		(1 << 31)
#define CR4_PAE		(1 << 5)
#define MSR_EFER	0xc0000080
#define EFER_LME	(1 << 8)

/* Accessed and dirty from the start: no walk has to write to them. */
#define PTE_TABLE	0x23
#define PTE_PAGE_2M	0xe3

	.section .multiboot, "a"
	.balign 4
	.long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.text
	.code32
	.globl start32
start32:
	cli
	/* EBX has the address of the multiboot information: main()'s argument. */
	movl	%ebx, %edi
	movl	$stack_top, %esp

	movl	$pml4, %eax
	movl	%eax, %cr3
	movl	%cr4, %eax
	orl	$CR4_PAE, %eax
	movl	%eax, %cr4
	movl	$MSR_EFER, %ecx
	rdmsr
	orl	$EFER_LME, %eax
	wrmsr
	movl	%cr0, %eax
	orl	$CR0_PG, %eax
	movl	%eax, %cr0

	lgdt	gdt_pointer
	ljmp	$8, $start64

	.code64
start64:
	movw	$16, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	xorl	%eax, %eax
	movw	%ax, %fs
	movw	%ax, %gs
	movl	%edi, %edi
	call	main
	/* It does not return. */
0:	cli
	hlt
	jmp	0b

	.data
	.balign 8
gdt:	.quad	0
	.quad	0x00af9b000000ffff	/* 64-bit code */
	.quad	0x00cf93000000ffff	/* data */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	gdt

/* The first 4 GiB, identically, in pages of 2 MiB. */
	.balign 4096
	.globl pml4
pml4:	.quad	pdpt + PTE_TABLE
	.fill	511, 8, 0
pdpt:	.set	i, 0
	.rept	4
	.quad	pd + i * 4096 + PTE_TABLE
	.set	i, i + 1
	.endr
	.fill	508, 8, 0
pd:	.set	i, 0
	.rept	4 * 512
	.quad	i * 0x200000 + PTE_PAGE_2M
	.set	i, i + 1
	.endr

	.bss
	.balign 16
	.skip	16384
stack_top:
