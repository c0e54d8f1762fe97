#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A splat fails the run, even when the script itself is content.
echo 'BUG: made up by lab/tests/splat.sh' >/dev/kmsg
exit 0
