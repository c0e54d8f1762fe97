#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What is latched stays as it is beside a reset of the counts, says of which
# generation it is, and ends with a reset of the machine.
guest-run --cpus 2 --mem 128 latch-ends-guest.sh \
	-- -action reboot=reset -device isa-debug-exit >guest.log 2>&1 &
guest=$!
tries=0
until grep -q '^latched' guest.log; do
	tries=$((tries + 1))
	[ $tries -lt 300 ] || break
	sleep 1
done
kvm-exits reset
wait $guest
status=$?
cat guest.log
[ $status = 0 ] && echo 'PASS: latch-ends'
