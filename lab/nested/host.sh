#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the lab host: the modes of ./settings, one after the other, by nested-paging
# with a guest of guest-run as its L1, which has the lab's CD as a disk; and
# whether what they have left is as it has to be.
set -e
# shellcheck source=lab/tests/nested/settings
. ./settings

boot_l1() {
	echo "$NESTED_MODE" >mode
	files='mode settings nested-l1 workload.sh timed'
	[ ! -e compile.tar ] || files="$files compile.tar"
	mem=400
	# As much as L2 has in the other modes.
	[ "$NESTED_MODE" != one-level ] || mem=96
	# shellcheck disable=SC2086 # a list
	exec guest-run --name l1 --mem $mem --timeout 6000 l1.sh $files -- \
		-drive file=/dev/sr0,format=raw,readonly=on,if=none,id=cd -device virtio-blk-device,drive=cd
}
[ "${1-}" != boot-l1 ] || boot_l1

# compare has to know whether cycles are instructions.
case $LAB_MACHINE in
bochs | tcg*) machine=emulator ;;
*) machine=hardware ;;
esac
cp /usr/bin/timed .
for mode in $MODES; do
	rc=0
	./nested-paging --out "$LAB_OUT" --machine $machine --timeout 6000 "$mode" -- "$0" boot-l1 || rc=$?
	# Serial.log has all levels' consoles, where whoever looks for splats looks.
	cat "$LAB_OUT/$mode.log" >/dev/ttyS0
	[ $rc = 0 ] || exit $rc
	# The same events with one level: a guest of this host.
	[ "$mode" != one-level ] || l2-events "$EVENTS" >>"$LAB_OUT/$mode.log"
done
nested-report "$LAB_OUT" >"$LAB_OUT/report.txt" || {
	cat "$LAB_OUT/report.txt"
	exit 1
}
echo 'PASS: nested'
