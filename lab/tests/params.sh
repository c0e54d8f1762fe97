#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The module's parameters: what it does not know is refused, with the valid
# ones; cpl0=1 answers the guest's kernel and nobody else in it; time and detail
# go on and off.
fail() {
	echo "FAIL: $*"
	exit 1
}
# refused PARAMETER WHAT-IT-SAYS
refused() {
	dmesg -c >/dev/null
	insmod "$LAB_MODULES/kvm_exit_stats.ko" "$1" 2>/dev/null && fail "$1 was taken"
	dmesg | grep -q "kvm_exit_stats: $2" || fail "$1: no '$2' in $(dmesg | tail -n 2)"
}

rmmod kvm_exit_stats
refused leaves=v9 'leaves=v9: no such value; valid are: v1, v2, v3, off'
refused leaves=V2 'leaves=V2: no such value'
refused scope=all 'scope=all: no such value; valid are: vm, host'
refused cpl0=2 'cpl0: valid are: 0, 1'
refused time=maybe 'time: valid are: 0, 1'
refused detail=2 'detail: valid are: 0, 1'
[ ! -e /dev/kvm_exit_stats ] || fail 'a refused module left its device'

insmod "$LAB_MODULES/kvm_exit_stats.ko" cpl0=1 || fail cpl0=1
guest-run params-guest.sh || fail 'the guest'

parameters=/sys/module/kvm_exit_stats/parameters
[ "$(cat $parameters/time $parameters/detail | tr -d '\n')" = 10 ] || fail 'the defaults'
kvm-exits time >/dev/null || fail 'no time'
kvm-exits show --by all 2>error && fail 'detail without detail=1'
grep -q 'parameters/detail' error || fail "not how to have detail: $(cat error)"
echo maybe >$parameters/time 2>/dev/null && fail "time=maybe was taken"
echo 0 >$parameters/time || fail time=0
echo 1 >$parameters/detail || fail detail=1
[ "$(cat $parameters/time $parameters/detail | tr -d '\n')" = 01 ] || fail 'switched'
kvm-exits time 2>error && fail 'time with time=0'
grep -q 'parameters/time' error || fail "not how to have time: $(cat error)"
guest-run params-guest.sh || fail 'the guest, with detail'
kvm-exits show --by all || fail 'no detail'
echo 'PASS: params'
