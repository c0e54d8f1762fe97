// SPDX-License-Identifier: GPL-2.0-only
/*
 * The probe: a guest that causes VM exits of one reason after the other.
 *
 * Its command line:
 *	mode=all	every case n times, a line each (default)
 *	mode=bench	measure the cases worth it, n times each
 *	mode=storm	one case for ever
 *	mode=exit	nothing at all
 *	case=NAME[:N],...	these cases only, N times
 *	n=N		how many times (default: 100)
 *	end=rest	at the end: no exits any more, the VM stays (default)
 *	end=exit	at the end: leave by isa-debug-exit, if QEMU was given one
 *
 * QEMU wants, besides -kernel and -append:
 *	-device isa-debug-exit,iobase=0xf4,iosize=4	for end=exit: QEMU's exit
 *			code is 1 then, 3 when something is wrong
 *	-machine kernel-irqchip=on	for in-kernel and mmio-kernel to be what
 *			they are called; microvm's own choice is "split"
 */
#include "apic.h"
#include "bench.h"
#include "cases.h"
#include "command.h"
#include "machine.h"
#include "paging.h"
#include "print.h"
#include "trap.h"

/* The part of the multiboot information that is used here. */
struct multiboot {
	u32 flags, memory_lower, memory_upper;	/* KiB; upper: from 1 MiB on */
	u32 boot_device, command_line;
};

#define MULTIBOOT_MEMORY	BIT(0)
#define MULTIBOOT_COMMAND_LINE	BIT(2)

static void __noreturn fail(const char *what, const char *word)
{
	print("probe: %s %s\n", what, word);
	machine_exit(EXIT_FAILURE);
}

static struct reasons reasons(const struct probe_case *c)
{
	return feature_svm() ? c->svm : c->vmx;
}

static void print_reason(const char *paging, int reason)
{
	if (reason == NONE)
		print(" %s none", paging);
	else
		print(" %s %d", paging, reason);
}

static void run_all(const struct probe_case *c, u64 n)
{
	u64 i;

	for (i = 0; i < n; i++)
		c->op();
	print("case %s done %lu", c->name, n);
	print_reason(feature_svm() ? "npt" : "ept", reasons(c).nested);
	print_reason("shadow", reasons(c).shadow);
	print("%s\n", c->flags & SOME ? " some" : "");
}

static void __noreturn run_storm(const struct probe_case *c)
{
	if (c->flags & FRESH)
		fail("memory is finite: no storm of", c->name);
	print("storm %s\n", c->name);
	for (;;)
		c->op();
}

enum mode { ALL, BENCHMARK, STORM, EXIT };

static enum mode parse_mode(const char *word)
{
	static const char * const names[] = {
		[ALL] = "all", [BENCHMARK] = "bench", [STORM] = "storm", [EXIT] = "exit",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (same(word, names[i]))
			return i;
	}
	fail("no such mode:", word);
}

/* Whether the case has what it needs. */
static bool usable(const struct probe_case *c)
{
	const char *lacking = feature_name(c->needs);

	if (reasons(c).nested == OTHER_VENDOR)
		lacking = feature_svm() ? "VMX" : "SVM";
	else if (feature_present(c->needs))
		return true;
	print("case %s skipped: no %s\n", c->name, lacking);
	return false;
}

static void run_case(const struct probe_case *c, enum mode mode, u64 n)
{
	if (c->flags & FRESH && n > fresh_pages_left() / 2)
		n = fresh_pages_left() / 2;
	if (!n)
		fail("not even once:", c->name);
	if (c->setup)
		c->setup();
	if (mode == STORM)
		run_storm(c);
	if (mode == BENCHMARK)
		bench(c, n);
	else
		run_all(c, n);
	if (c->cleanup)
		c->cleanup();
}

/* Without a name: all, or all that are worth measuring. */
static bool wanted(const struct probe_case *c, enum mode mode, const char *only, u64 *n)
{
	if (only)
		return listed(c->name, only, n);
	return !(c->flags & NAMED) && (mode != BENCHMARK || c->flags & BENCH);
}

static void run(enum mode mode, const char *only, u64 n)
{
	bool found = false;
	size_t i;

	for (i = 0; i < case_count; i++) {
		u64 times = n;

		if (!wanted(&cases[i], mode, only, &times))
			continue;
		found = true;
		if (usable(&cases[i]))
			run_case(&cases[i], mode, times);
	}
	if (!found)
		fail("no such case:", only);
}

void __noreturn main(const struct multiboot *info);

void __noreturn main(const struct multiboot *info)
{
	const char *end, *only;
	enum mode mode;

	serial_init();
	trap_init();
	feature_init();
	if (!(info->flags & MULTIBOOT_MEMORY))
		fail("the loader does not say how much memory there is", "");
	fresh_init(((u64)info->memory_upper + 1024) * 1024);
	if (info->flags & MULTIBOOT_COMMAND_LINE)
		command_init((const char *)(u64)info->command_line);
	paging_init();
	apic_init();

	mode = parse_mode(command_word("mode", "all"));
	only = command_word("case", NULL);
	end = command_word("end", mode == EXIT ? "exit" : "rest");
	if (mode == STORM && !only)
		fail("storm needs", "case=NAME");
	if (!same(end, "rest") && !same(end, "exit"))
		fail("no such end:", end);
	if (mode != EXIT)
		run(mode, only, command_number("n", 100));

	if (same(end, "exit"))
		machine_exit(EXIT_SUCCESS);
	print("probe: at rest\n");
	machine_rest();
}
