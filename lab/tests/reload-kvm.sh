#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# reload-kvm: takes, refuses, checks, puts back, restores.
params=/sys/module/kvm_intel/parameters

fail() {
	echo "FAIL: $*"
	exit 1
}
# has NAME=VALUE...
has() {
	for word; do
		[ "$(cat "$params/${word%%=*}")" = "${word#*=}" ] || fail "${word%%=*} is $(cat "$params/${word%%=*}"), not ${word#*=}"
	done
}
# refused WHY COMMAND...
refused() {
	why=$1
	shift
	"$@" >/tmp/error 2>&1 && fail "$* was not refused"
	cat /tmp/error
	grep -q -- "$why" /tmp/error || fail "$*: the error does not say '$why'"
}

has ept=Y vpid=Y
refused 'nothing to restore' reload-kvm --restore
reload-kvm ept=0 vpid=0 || fail "ept=0 vpid=0"
has ept=N vpid=N unrestricted_guest=N
grep -q '^kvm_exit_stats' /proc/modules || [ ! -e "$LAB_MODULES/kvm_exit_stats.ko" ] || fail "our module is gone"
reload-kvm ept=Y || fail "ept=Y"
has ept=Y vpid=Y
reload-kvm vpid=0 || fail "vpid=0"

refused "no parameter 'eptt'" reload-kvm ept=0 eptt=1
refused 'not PARAM=VALUE' reload-kvm ept
has ept=Y vpid=N
# Unrestricted guest needs EPT: kvm-intel loads, and has it off all the same.
refused 'unrestricted_guest=N' reload-kvm ept=0 unrestricted_guest=1
has ept=Y vpid=N
refused 'did not load' reload-kvm ple_gap=many
has ept=Y vpid=N

guest-run --name running --timeout 60 reload-kvm-guest.sh >/dev/null 2>&1 &
# shellcheck disable=SC2010 # no names of files, and one process
until ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q anon_inode:kvm-vm; do
	sleep 0.2
done
pid=$(pidof qemu-system-x86_64)
refused "VMs are running.* $pid (qemu-system" reload-kvm ept=0
kill "$pid"
wait
has ept=Y vpid=N

reload-kvm --restore || fail "--restore"
has ept=Y vpid=Y unrestricted_guest=Y
refused 'nothing to restore' reload-kvm --restore
echo 'PASS: reload-kvm'
