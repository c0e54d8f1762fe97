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

# ask CPU LEAF SUBLEAF: sets eax, ebx, ecx, edx. Of cpuid's words by the shell:
# each program more is dear here.
ask() {
	# shellcheck disable=SC2046 # CPU: LEAF SUBLEAF: eax=... ebx=... ecx=... edx=...
	set -- $(taskset -c "$1" cpuid -1 -r -l "$2" -s "$3")
	eax=${4#eax=} ebx=${5#ebx=} ecx=${6#ecx=} edx=${7#edx=}
}

# CPU: its generation is $ecx, its total in all four.
generation() { ask "$1" 0x4fffff01 0; }
total() { ask "$1" 0x4fffff02 0xffffffff; }
is_latched() {
	ask "$1" 0x4fffff04 2
	[ "$eax" = 0x00000001 ]
}

if [ "$(dd if=/dev/vda bs=512 skip=$AT count=1 2>/dev/null | head -c ${#MARK})" = "$MARK" ]; then
	is_latched 0 && fail 'CPU 0 is latched after a reset'
	is_latched 1 && fail 'CPU 1 is latched after a reset'
	end 0
fi

for cpu in 0 1; do
	ask $cpu 0x4fffff04 1
	is_latched $cpu || fail "CPU $cpu is not latched"
done
generation 1
before=$ecx
total 1
counts="$eax $ebx $ecx $edx"
ask 0 0x4fffff04 0
is_latched 0 && fail 'CPU 0 is latched after its release'
generation 0
[ "$ecx" = "$before" ] || fail 'the generation moved by itself'
echo latched
# Until the host has reset.
while generation 0 && [ "$ecx" = "$before" ]; do sleep 1; done
generation 1
[ "$ecx" = "$before" ] || fail "generation $ecx under the latch, not $before"
total 1
[ "$eax $ebx $ecx $edx" = "$counts" ] || fail "$eax $ebx $ecx $edx under the latch, not $counts"
ask 0 0x4fffff04 1
echo "$MARK" | dd of=/dev/vda bs=512 seek=$AT conv=sync 2>/dev/null
sync
reboot -f
