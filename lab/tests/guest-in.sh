#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of guest.sh; a file named hang beside it: do not end.
[ ! -e hang ] || sleep 100000
echo 'hello from the guest'
nproc >"$GUEST_OUT/cpus"
cp guest.sh "$GUEST_OUT/copy"
exit 3
