#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of the crosscheck's run about time: something of each state.
busy() {
	n=0
	while [ $n -lt 40000 ]; do
		n=$((n + 1))
	done
}

echo 'time: busy'
busy &
busy &
wait
echo 'time: out to QEMU'
for n in 1 2 3 4 5; do
	echo "time: byte by byte, $n" >/dev/ttyS0
done
dd if=/dev/zero of=/dev/vda bs=4k count=64 conv=fsync 2>/dev/null
echo 'time: idle'
for n in 1 2 3 4 5; do
	sleep 0.3
done
echo 'time: stop'
sleep 3
echo 'time: done'
# At rest, with QEMU still there: HLT with interrupts off, for ever.
halt -f
