#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Guests: exit code, output, files both ways, a guest that hangs.
fail() {
	echo "FAIL: $*"
	exit 1
}
guest-run --cpus 2 --mem 128 guest-in.sh guest.sh >/tmp/output 2>&1
status=$?
cat /tmp/output
[ $status = 3 ] || fail "exit code 3 came back as $status"
grep -q 'hello from the guest' /tmp/output || fail "its output is missing"
cmp guest.out/copy guest.sh || fail "the file came back changed"
[ "$(cat guest.out/cpus)" = 2 ] || fail "it had $(cat guest.out/cpus) CPUs"

touch hang
guest-run --name hang --timeout 20 guest-in.sh hang
status=$?
[ $status = 124 ] || fail "a hanging guest ended with $status"
echo 'PASS: guest'
