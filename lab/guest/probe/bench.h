/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef PROBE_BENCH_H
#define PROBE_BENCH_H

#include "cases.h"

/*
 * Measures @n operations (65536 at most) of the case, set up already, and
 * prints the mean, and the median and least, which the host's timer interrupts
 * do not reach.
 */
void bench(const struct probe_case *c, u64 n);

#endif
