#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of latch-ends.sh, which boots twice: a mark on its disk tells.
MARK='booted before' AT=100000 # of 512 bytes

# end STATUS: as init ends a guest, but for the reset, which starts it again.
end() {
	echo "$1" >/tmp/status
	(cd /tmp && tar -cf /dev/vda status out)
	sync
	# QEMU's isa-debug-exit.
	printf '\0' | dd of=/dev/port bs=1 seek=$((0x501)) 2>/dev/null
}

fail() {
	echo "FAIL: $*"
	end 1
}

# ask CPU LEAF SUBLEAF: eax ebx ecx edx.
ask() {
	taskset -c "$1" cpuid -1 -r -l "$2" -s "$3" | sed -n 's/.*: eax=\(.*\) ebx=\(.*\) ecx=\(.*\) edx=\(.*\)/\1 \2 \3 \4/p'
}

# generation CPU
generation() { ask "$1" 0x4fffff01 0 | cut -d' ' -f3; }
is_latched() { [ "$(ask "$1" 0x4fffff04 2 | cut -d' ' -f1)" = 0x00000001 ]; }
total() { ask "$1" 0x4fffff02 0xffffffff; }

if [ "$(dd if=/dev/vda bs=512 skip=$AT count=1 2>/dev/null | head -c ${#MARK})" = "$MARK" ]; then
	is_latched 0 && fail 'CPU 0 is latched after a reset'
	is_latched 1 && fail 'CPU 1 is latched after a reset'
	end 0
fi

for cpu in 0 1; do
	ask $cpu 0x4fffff04 1 >/dev/null
	is_latched $cpu || fail "CPU $cpu is not latched"
done
before=$(generation 1)
counts=$(total 1)
ask 0 0x4fffff04 0 >/dev/null
is_latched 0 && fail 'CPU 0 is latched after its release'
[ "$(generation 0)" = "$before" ] || fail 'the generation moved by itself'
echo latched
# Until the host has reset.
while [ "$(generation 0)" = "$before" ]; do sleep 1; done
[ "$(generation 1)" = "$before" ] || fail "generation $(generation 1) under the latch, not $before"
[ "$(total 1)" = "$counts" ] || fail "$(total 1) under the latch, not $counts"
ask 0 0x4fffff04 1 >/dev/null
echo "$MARK" | dd of=/dev/vda bs=512 seek=$AT conv=sync 2>/dev/null
sync
reboot -f
