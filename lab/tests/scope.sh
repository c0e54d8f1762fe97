#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Two guests at once. With scope=vm neither sees an exit of the other's; with
# scope=host both see the sum. Hypercalls are what they count: nothing in these
# guests but exit-storm causes them.
A=5000 B=7000
hypercall=$(exit-storm vmcall --name)

fail() {
	echo "FAIL: $*"
	exit 1
}

# pair SCOPE WANT-A WANT-B: each guest waits until it sees what it wants.
pair() {
	rmmod kvm_exit_stats
	insmod "$LAB_MODULES/kvm_exit_stats.ko" scope="$1" || fail "scope=$1"
	echo "$A $2" >a
	echo "$B $3" >b
	guest-run --name "a-$1" scope-guest.sh /usr/bin/exit-storm a >"a-$1.log" 2>&1 &
	first=$!
	guest-run --name "b-$1" scope-guest.sh /usr/bin/exit-storm b >"b-$1.log" 2>&1 || failed=b
	wait $first || failed=a
	cat "a-$1.log" "b-$1.log"
	[ -z "$failed" ] || fail "guest $failed, scope=$1"
	# The host's view has both, whatever the guests see.
	got=$(awk -v name="$hypercall" '$2 == name { print $3 }' /sys/kernel/debug/kvm_exit_stats/exits)
	[ "$got" = $((A + B)) ] || fail "the host counts $got of $hypercall, not $((A + B))"
}

failed=''
pair vm $A $B
pair host $((A + B)) $((A + B))
echo 'PASS: scope'
