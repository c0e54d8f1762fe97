#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In L1, a guest of the lab host: take the lab's CD, which is a disk here, for
# /usr and all that L1 needs to be a host itself; then what nested-paging
# measures, and with that over, what single events of a guest cost.
#
# ./mode has the mode, ./settings how much of it.
set -e
MODE=$(cat mode)
# shellcheck source=lab/nested/settings
. ./settings

# L2, or in one level L1, runs ./workload.sh with what it compiles.
workload='workload.sh settings timed'
[ ! -e compile.tar ] || workload="$workload compile.tar"

find_cd() {
	for disk in /sys/block/vd*; do
		[ "$(cat "$disk/ro")" = 0 ] || echo "/dev/${disk##*/}"
	done
}

if [ "$MODE" = one-level ]; then
	exec ./nested-l1 one-level ./workload.sh
fi
mkdir -p /cd /dev/shm
mount -t iso9660 -o ro "$(find_cd)" /cd
# shellcheck disable=SC2114 # of the initramfs
rm -rf /usr /lib /lib64
for name in usr lib lib64 lab; do
	ln -s "/cd/$name" "/$name"
done
mount -t tmpfs none /dev/shm
mount -t tracefs none /sys/kernel/tracing

for name in irqbypass kvm kvm-intel; do
	insmod /lab/guest/$name.ko
done
insmod /lab/modules/kvm_exit_stats.ko
export KVM_MODULE_DIR=/lab/guest
# shellcheck disable=SC2086 # a list
./nested-l1 "$MODE" guest-run --name l2 --mem 96 --timeout 6000 $workload
l2-events "$EVENTS"
