// SPDX-License-Identifier: GPL-2.0-only
/* What is a per-CPU variable in C, and so out of Rust's reach. */
#include <linux/topology.h>

int kvm_exit_stats_node(unsigned int cpu);

/* For host.rs: the nearest node to @cpu that has memory. */
int kvm_exit_stats_node(unsigned int cpu)
{
	return cpu_to_mem(cpu);
}
