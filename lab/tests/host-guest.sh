#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of host.sh: something to see for a while, with halts in between.
i=0
while [ $i -lt 30 ]; do
	sleep 1
	cat /proc/cpuinfo >/dev/null
	i=$((i + 1))
done
