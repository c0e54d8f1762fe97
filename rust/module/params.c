// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's parameters that are words: the kernel's module! macro knows
 * integers only.
 */
#include <linux/module.h>

/* Read by params.rs, once, when the module is loaded. */
extern char *kvm_exit_stats_leaves;
extern char *kvm_exit_stats_scope;

char *kvm_exit_stats_leaves = "v2";
module_param_named(leaves, kvm_exit_stats_leaves, charp, 0444);
MODULE_PARM_DESC(leaves,
		 "Layout of the CPUID leaves: v1, v2 (default), v3, or off");

char *kvm_exit_stats_scope = "vm";
module_param_named(scope, kvm_exit_stats_scope, charp, 0444);
MODULE_PARM_DESC(scope,
		 "Whose exits a guest sees: vm (its own, default), or host (all VMs')");

MODULE_SOFTDEP("pre: kvm");
