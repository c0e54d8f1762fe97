#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The demo's guest: a workload that forks, maps and touches memory, then what
# this VM is told of its own exits, by both readers.
set -e

FORKS=50
# The highest basic exit reason there is: 85, MSR_WRITE_IMM.
LAST_REASON=85

i=0
while [ $i -lt $FORKS ]; do
	/bin/busybox true
	i=$((i + 1))
done
# A buffer of 4 MiB is mapped, touched and given back, three times.
for size in 4194304 4194304 4194304; do
	dd if=/dev/zero of=/dev/null bs=$size count=1 2>/dev/null
done

# The view stays latched, so that both readers are told of the same moment.
kvm-exits guest --keep-latch --machine "$(cat machine)" --json >"$GUEST_OUT/exits.json"

# Debian's cpuid, which knows nothing of these leaves.
reason=0
while [ $reason -le $LAST_REASON ]; do
	cpuid -1 -l 0x4ffffffd -s $reason | tail -n 1
	reason=$((reason + 1))
done
