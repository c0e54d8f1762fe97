#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the lab host with a distribution's kernel that takes signed modules only: our
# own are refused, with what to do, and the kernel's KVM goes on.
# ./name: what the refusal is called in the report.
name=$(cat name)
mkdir -p "$LAB_OUT/refusals"
error=$LAB_OUT/refusals/$name
fail() {
	echo "FAIL: $*"
	exit 1
}
if live-kvm load --modules /lab/live >"$error" 2>&1; then fail "$name: not refused"; fi
cat "$error"
grep -q 'mokutil --import' "$error" || fail 'no word of mokutil'
grep -q 'kmodsign' "$error" || fail 'no word of kmodsign'
if live-kvm status; then fail 'ours is in'; fi
guest-run guest.sh || fail 'a guest after the refusal'
echo 'PASS: forbidden'
