#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A guest of the lab host with a distribution's kernel. A file named sleep beside
# it: it does not end.
[ ! -e sleep ] || sleep 100000
echo "a guest, by $(uname -r)"
