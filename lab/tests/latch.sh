#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The latch: read one by one, the reasons add up to the total while the other
# vCPU causes exits without end.
guest-run --cpus 2 --mem 128 latch-guest.sh /usr/bin/exit-storm /usr/bin/leaf-poison || exit 1
echo 'PASS: latch'
