// SPDX-License-Identifier: GPL-2.0-only
/* What is a per-CPU variable in C, and so out of Rust's reach. */
#include <linux/cpumask.h>
#include <linux/numa.h>
#include <linux/topology.h>

int kvm_exit_stats_node(unsigned int cpu);

/*
 * For host.rs: the nearest node to @cpu that has memory. A number between
 * those of possible CPUs has no per-CPU variables to look it up in.
 */
int kvm_exit_stats_node(unsigned int cpu)
{
	return cpu_possible(cpu) ? cpu_to_mem(cpu) : NUMA_NO_NODE;
}
