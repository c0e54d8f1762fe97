#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The demo on the lab host: one guest under each kind of paging.
set -e
# shellcheck source=lab/vendor.sh
. /lab/l0/vendor.sh

# compare has to know whether cycles are instructions.
case $LAB_MACHINE in
bochs | tcg*) echo emulator >machine ;;
*) echo hardware >machine ;;
esac

# one_run NAME PARAM=VALUE...
one_run() {
	name=$1
	shift
	echo "$name: reload $KVM_VENDOR with $*, boot the guest"
	reload-kvm "$@" >/dev/ttyS0
	echo 1 >/sys/module/kvm_exit_stats/parameters/detail
	# What the run really had, for whoever checks the report.
	(cd "/sys/module/$(echo "$KVM_VENDOR" | tr - _)/parameters" && grep . ./* 2>/dev/null | sed 's,^\./,,; s/:/=/') >"$LAB_OUT/$name.parameters"
	# The raw lines are for serial.log; they would bury the report on a terminal.
	guest-run --name "$name" --out "/tmp/$name" guest.sh machine >/dev/ttyS0 2>&1 || {
		echo "the guest failed ($?): see serial.log"
		exit 1
	}
	cp "/tmp/$name/exits.json" "$LAB_OUT/$name.json"
	# All of the guest's life, with what its exits were about, which it is not told.
	kvm-exits show --json --machine "$(cat machine)" >"$LAB_OUT/$name-host.json"
	# Let the port drain: the dump must not cut a line of the guest's in two.
	sleep 1
	echo 1 >/sys/kernel/debug/kvm_exit_stats/dump
}

case $ISA in
vmx)
	one_run ept ept=1 vpid=1
	one_run shadow ept=0 vpid=1
	one_run shadow-novpid ept=0 vpid=0
	;;
svm)
	one_run svm-npt npt=1
	one_run svm-shadow npt=0
	;;
esac
