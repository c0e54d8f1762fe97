#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The demo on the lab host: one guest under each kind of paging.
set -e
# shellcheck source=lab/vendor.sh
. /lab/l0/vendor.sh

echo "$MACHINE" >machine
# Of the recording, in seconds of this host's clock, which in each emulator goes by
# instructions: some ten to thirty moments in a run, which take a hundredth of it.
case $LAB_MACHINE in
tcg*) interval=0.1 ;;
*) interval=1 ;;
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
	# On the one CPU that there is, the guest comes first: else it would lose it in the
	# middle of an exit, and that exit would be the longest of all.
	nice -n 19 kvm-exits record -i "$interval" -o "$LAB_OUT/$name.recording" --machine "$(cat machine)" >/dev/ttyS0 2>&1 &
	recorder=$!
	guest-run --name "$name" --out "/tmp/$name" guest.sh machine >/dev/ttyS0 2>&1 || {
		echo "the guest failed ($?): see serial.log"
		exit 1
	}
	if ! kill "$recorder" || ! wait "$recorder"; then
		echo "the recorder failed: see serial.log"
		exit 1
	fi
	cp "/tmp/$name/exits.json" "$LAB_OUT/$name.json"
	cp "/tmp/$name/boot.json" "$LAB_OUT/$name-boot.json"
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
