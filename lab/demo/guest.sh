#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The demo's guest: what this VM is told of its exits when it has booted; a workload
# that forks, maps and touches memory; then what it is told of all of them, by both
# readers.
set -e

FORKS=50
# All basic exit reasons, up to MSR_WRITE_IMM.
VMX_REASONS='0-85'
# All exit codes of 16 bits, up to IDLE_HLT (0xa6) and VMGEXIT (0x403), and
# after each range one that is undefined.
SVM_REASONS='0-167 1024-1028'

kvm-exits guest --machine "$(cat machine)" --json >"$GUEST_OUT/boot.json"

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
reasons=$VMX_REASONS
! grep -q '"isa": "svm"' "$GUEST_OUT/exits.json" || reasons=$SVM_REASONS
for range in $reasons; do
	reason=${range%-*}
	while [ "$reason" -le "${range#*-}" ]; do
		cpuid -1 -l 0x4ffffffd -s "$reason" | tail -n 1
		reason=$((reason + 1))
	done
done
