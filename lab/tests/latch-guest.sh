#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of latch.sh. kvm-exits reads under the latch and fails when the
# sum of the reasons is not the total.
set -e
taskset 2 ./exit-storm cpuid &
for _ in 1 2 3 4 5; do
	taskset 1 kvm-exits guest --cpu 0 --json >/tmp/view.json
	taskset 1 kvm-exits guest --cpu 0 --json >"$GUEST_OUT/view.json"
	# The storm was on: it is not a quiet machine that adds up.
	before=$(grep -A1 '"total"' /tmp/view.json | grep -o '[0-9]*$\|[0-9]*,' | head -n 1)
	after=$(grep -A1 '"total"' "$GUEST_OUT/view.json" | grep -o '[0-9]*$\|[0-9]*,' | head -n 1)
	echo "total $before then $after"
	[ "${after%,}" -gt "${before%,}" ]
done
taskset 1 ./leaf-poison check --layout v2 | tail -n 3
