#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Our module against a KVM without the hooks: refused, and the kernel names
# the symbol that is missing.
insmod "$LAB_MODULES/kvm_exit_stats.ko" 2>&1 && exit 1
dmesg | tail -n 3
! grep -q '^kvm_exit_stats' /proc/modules
