#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guests of tool.sh: counts its own hypercalls by `guest stat`, then does
# something until the host has seen enough.
hypercall=$(./exit-storm vmcall --name)

fail() {
	echo "FAIL: $*"
	exit 1
}

# storm N: that many hypercalls, of which nothing else in here makes any.
storm() {
	kvm-exits guest stat --csv -o stat.csv -- ./exit-storm vmcall "$1" || fail "guest stat: $?"
	found=$(awk -F, -v name="$hypercall" '$2 == name { print $3 }' stat.csv)
	[ "$found" = "$1" ] || fail "guest stat has $found of $1 hypercalls: $(cat stat.csv)"
}

storm 1000
storm 5
kvm-exits guest stat --json -o stat.json -- sh -c 'exit 7'
[ $? = 7 ] || fail "guest stat -- sh -c 'exit 7' ended with another code"
# What it executes itself is the most of what there was.
own=$(sed -n 's/^ *"own_cpuid_exits": \([0-9]*\).*/\1/p' stat.json)
all=$(grep -A 2 '"name": "\(CPUID\|cpuid\)"' stat.json | sed -n 's/^ *"count": \([0-9]*\),$/\1/p')
if [ "$own" -lt 50 ] || [ "$all" -lt "$own" ] || [ "$all" -gt $((2 * own)) ]; then
	fail "$own of $all CPUIDs are its own"
fi
kvm-exits guest stat -- true 2>stat.txt || fail 'guest stat'
cat stat.txt
echo "READY: $own of $all CPUIDs are its own"
i=0
while [ $i -lt 600 ]; do
	sleep 0.2
	cat /proc/cpuinfo >/dev/null
	i=$((i + 1))
done
