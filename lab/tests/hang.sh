#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A lab host that never ends is stopped.
echo 'waiting for nothing'
while :; do
	sleep 1000
done
