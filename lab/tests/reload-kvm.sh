#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# reload-kvm: takes, refuses, checks, puts back, restores, one at a time.
# shellcheck source=lab/vendor.sh
. /lab/l0/vendor.sh
params=/sys/module/$(echo "$KVM_VENDOR" | tr - _)/parameters
# tdp, other: parameters that are Y unless one says otherwise.
# needy: one that is N without tdp, so that asking for it is asking too much.
# number: one that takes no word. hex, octal: two ways to write what one is as
# the kernel shows it.
tdp=$NESTED
case $ISA in
vmx) other=vpid needy=unrestricted_guest number=ple_gap hex=ple_gap=0x40 octal=ple_gap=0100 shown=ple_gap=64 ;;
svm) other=intercept_smi needy=gmet number=pause_filter_count hex=nested=0x1 octal=nested=01 shown=nested=1 ;;
esac

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

has "$tdp=Y" "$other=Y"
original=$(cat "$params/$needy")
refused 'nothing to restore' reload-kvm --restore
reload-kvm "$tdp=0" "$other=0" || fail "$tdp=0 $other=0"
has "$tdp=N" "$other=N" "$needy=N"
grep -q '^kvm_exit_stats' /proc/modules || [ ! -e "$LAB_MODULES/kvm_exit_stats.ko" ] || fail "our module is gone"
reload-kvm "$tdp=Y" || fail "$tdp=Y"
has "$tdp=Y" "$other=Y"
reload-kvm "$other=0" || fail "$other=0"

refused "no parameter '${tdp}t'" reload-kvm "$tdp=0" "${tdp}t=1"
refused 'not PARAM=VALUE' reload-kvm "$tdp"
has "$tdp=Y" "$other=N"
# KVM's module loads, and has it off all the same.
refused "$needy=N" reload-kvm "$tdp=0" "$needy=1"
has "$tdp=Y" "$other=N"
refused 'did not load' reload-kvm "$number=many"
has "$tdp=Y" "$other=N"

guest-run --name running --timeout 60 reload-kvm-guest.sh >/dev/null 2>&1 &
# shellcheck disable=SC2010 # no names of files, and one process
until ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q anon_inode:kvm-vm; do
	sleep 0.2
done
pid=$(pidof qemu-system-x86_64)
refused "VMs are running.* $pid (qemu-system" reload-kvm "$tdp=0"
kill "$pid"
wait
has "$tdp=Y" "$other=N"

reload-kvm --restore || fail "--restore"
has "$tdp=Y" "$other=Y" "$needy=$original"
refused 'nothing to restore' reload-kvm --restore

# A value in the kernel's other ways to write it.
reload-kvm "$tdp=off" "$other=true" "$hex" || fail "$hex"
has "$tdp=N" "$other=Y" "$shown"
reload-kvm "$octal" || fail "$octal"
has "$tdp=Y" "$shown"

# by_hand [PARAM=VALUE...]: what reload-kvm knows nothing of.
by_hand() {
	rmmod "$KVM_VENDOR"
	insmod "$KVM_MODULE_DIR/$KVM_VENDOR.ko" "$@" || fail "insmod $KVM_VENDOR.ko $*"
}
# What was before a load by hand is not brought back, the same parameters or not.
by_hand "$tdp=0"
refused 'nothing to restore: .* has loaded' reload-kvm --restore
has "$tdp=N" "$other=Y"
refused 'nothing to restore: there was no reload' reload-kvm --restore
# What was loaded by hand is; with what KVM says of ept=0 on a CPU with L1TF,
# and nobody can ask for.
reload-kvm "$other=0" || fail "$other=0"
echo 'vmentry_l1d_flush=EPT disabled' >>/run/kvm-exit-stats/original
reload-kvm --restore || fail 'what was by hand'
has "$tdp=N" "$other=Y"
# Nor is it brought back after the next reload.
reload-kvm "$other=0" || fail "$other=0"
by_hand
reload-kvm "$tdp=0" || fail "$tdp=0"
reload-kvm --restore || fail 'the second by hand'
has "$tdp=Y" "$other=Y"
reload-kvm "$tdp=0" || fail "$tdp=0"
rmmod "$KVM_VENDOR"
refused 'nothing to restore: .* has unloaded' reload-kvm --restore
[ ! -d "$params" ] || fail 'it was loaded'

# Two at once: the first waits for a file to say which parameters there are.
mkdir /tmp/slow
mkfifo "/tmp/slow/$KVM_VENDOR.ko"
KVM_MODULE_DIR=/tmp/slow reload-kvm "$tdp=0" >/dev/null 2>&1 &
until grep -q "$tdp=0" /run/kvm-exit-stats/lock; do
	sleep 0.2
done
refused "at work: process $!, reload-kvm $tdp=0" reload-kvm --restore
: >"/tmp/slow/$KVM_VENDOR.ko"
wait
reload-kvm "$other=0" || fail 'the lock is still taken'
has "$other=N"

# Built in, as far as one can tell from outside.
grep -v "^$(echo "$KVM_VENDOR" | tr - _) " /proc/modules >/tmp/modules
mount --bind /tmp/modules /proc/modules || fail mount
refused "built into this kernel .*: boot with .*\.$tdp=0 .*\.$other=0 on the kernel's" reload-kvm "$tdp=0" "$other=0"
refused 'built into this kernel' reload-kvm --restore
umount /proc/modules
echo 'PASS: reload-kvm'
