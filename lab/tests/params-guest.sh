#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of params.sh. /dev/cpu/0/cpuid executes CPUID in the kernel.
kvm-exits guest >/tmp/user 2>&1 && {
	echo 'CPL 3 was answered'
	exit 1
}
cat /tmp/user
exec kvm-exits guest --cpl0
