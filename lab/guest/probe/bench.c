// SPDX-License-Identifier: GPL-2.0-only
/* Cycles of an operation, without those of measuring it. */
#include "bench.h"

#include "print.h"
#include "x86.h"

/* So that nothing is done for the first time while it is measured. */
#define WARM_UP		16
#define MAX_SAMPLES	BIT(17)

static u64 samples[MAX_SAMPLES];

struct cycles {
	u64 sum, least, median;
};

static void op_nothing(void)
{
	asm volatile("" : : : "memory");
}

/* Shell's sort. */
static void sort(u64 *values, size_t n)
{
	size_t gap, i, j;

	for (gap = n / 2; gap; gap /= 2) {
		for (i = gap; i < n; i++) {
			u64 value = values[i];

			for (j = i; j >= gap && values[j - gap] > value; j -= gap)
				values[j] = values[j - gap];
			values[j] = value;
		}
	}
}

static __noinline struct cycles measure(void (*op)(void), u64 n)
{
	struct cycles result = { 0 };
	u64 start;
	size_t i;

	for (i = 0; i < n; i++) {
		start = rdtsc();
		op();
		samples[i] = rdtsc() - start;
	}
	for (i = 0; i < n; i++)
		result.sum += samples[i];
	sort(samples, n);
	result.least = samples[0];
	result.median = samples[n / 2];
	return result;
}

/* What is too little to measure may come out below nothing. */
static u64 difference(u64 full, u64 empty)
{
	return full > empty ? full - empty : 0;
}

void bench(const struct probe_case *c, u64 n)
{
	struct cycles empty, full;
	u64 sum;

	if (n > MAX_SAMPLES)
		n = MAX_SAMPLES;
	measure(op_nothing, WARM_UP);
	measure(c->op, WARM_UP);
	empty = measure(op_nothing, n);
	full = measure(c->op, n);
	sum = difference(full.sum, empty.sum);
	print("bench %s n %lu cycles_per_op %lu remainder %lu median %lu least %lu\n",
	      c->name, n, sum / n, sum % n, difference(full.median, empty.median),
	      difference(full.least, empty.least));
}
