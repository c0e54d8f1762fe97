#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The kernel could not calibrate the TSC: the module loads, and says in one
# sentence that there will be no exits.
# shellcheck source=lab/vendor.sh
. /lab/l0/vendor.sh
for name in irqbypass kvm "$KVM_VENDOR" kvm_exit_stats; do
	insmod "$LAB_MODULES/$name.ko" || exit 1
done
dmesg | grep 'kvm_exit_stats: .*could not calibrate the TSC' >/tmp/said
cat /tmp/said
[ "$(wc -l </tmp/said)" = 1 ] && echo 'PASS: no-tsc'
