// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module's parameters that are words: the kernel's module! macro knows
 * integers only; and those that are written while the module works.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/cleanup.h>
#include <linux/kstrtox.h>
#include <linux/module.h>
#include <linux/mutex.h>

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

/* Of what measures.rs reads; a parameter may be written before init, and after exit. */
static DEFINE_MUTEX(measures);
static bool live;
static bool measure_time = true;
static bool measure_detail;

int kvm_exit_stats_measure(bool time, bool detail);
int kvm_exit_stats_live(bool on);

/* From when the hooks are there, and until before they go. */
int kvm_exit_stats_live(bool on)
{
	guard(mutex)(&measures);

	live = on;
	return on ? kvm_exit_stats_measure(measure_time, measure_detail) : 0;
}

static int set_measure(const char *value, const struct kernel_param *param)
{
	bool *on = param->arg, before, after;
	int err;

	if (kstrtobool(value, &after)) {
		pr_err("%s: valid are: 0, 1\n", param->name);
		return -EINVAL;
	}

	guard(mutex)(&measures);

	before = *on;
	*on = after;
	err = live ? kvm_exit_stats_measure(measure_time, measure_detail) : 0;
	if (err)
		*on = before;
	return err;
}

static int get_measure(char *buffer, const struct kernel_param *param)
{
	bool *on = param->arg;

	return sysfs_emit(buffer, "%d\n", *on);
}

static const struct kernel_param_ops measure_ops = {
	.set = set_measure,
	.get = get_measure,
};

module_param_cb(time, &measure_ops, &measure_time, 0644);
MODULE_PARM_DESC(time,
		 "1: where the vCPUs' time goes, too (default); 0: exits alone");
module_param_cb(detail, &measure_ops, &measure_detail, 0644);
MODULE_PARM_DESC(detail,
		 "1: what the exits were about, too; 0: not (default)");

MODULE_SOFTDEP("pre: kvm");
