#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The CPUID leaves, asked by a guest with poison in all registers: by the rules
# of each layout with the module (or of those that a file "layouts" names). Started
# with stock KVM loaded: without the module, or with leaves=off, exactly what that
# answers.
LAYOUTS='v1 v2 v3'
# shellcheck source=/dev/null
[ ! -e layouts ] || . ./layouts
# shellcheck source=lab/vendor.sh
. /lab/l0/vendor.sh

fail() {
	echo "FAIL: $*"
	exit 1
}

# ask WORDS...: leaf-poison in a guest; its output in $GUEST_OUT/answer.
ask() {
	echo "$*" >arguments
	guest-run --name "$name" --out "/tmp/$name" leaves-guest.sh "$(command -v leaf-poison)" arguments ||
		{ head -n 20 "/tmp/$name/answer"; fail "$name: leaf-poison $*"; }
}

# dump NAME
dump() {
	name=$1
	ask dump
	[ "$(wc -l <"/tmp/$name/answer")" -gt 1000 ] || fail "$name: hardly any answers"
	cp "/tmp/$name/answer" "$LAB_OUT/$name"
}

same() {
	cmp "/tmp/$1/answer" "/tmp/$2/answer" || {
		diff "/tmp/$1/answer" "/tmp/$2/answer" | head -n 20
		fail "$1 and $2 differ"
	}
	echo "ok: $1 and $2 answer alike"
}

# As stock answers, with patched KVM in its place and leaves off.
without_leaves() {
	dump stock
	for name in "$KVM_VENDOR" kvm; do
		rmmod $name || fail "stock $name does not unload"
	done
	for name in kvm "$KVM_VENDOR"; do
		insmod "$LAB_MODULES/$name.ko" || fail "patched $name.ko"
	done
	dump no-module
	same stock no-module

	insmod "$LAB_MODULES/kvm_exit_stats.ko" leaves=off || fail "leaves=off"
	dump off
	same stock off
}

[ "$LAB_MODE" != stock ] || without_leaves
rmmod kvm_exit_stats || fail "rmmod"

for layout in $LAYOUTS; do
	insmod "$LAB_MODULES/kvm_exit_stats.ko" leaves="$layout" || fail "leaves=$layout"
	name=check-$layout
	ask check --layout "$layout"
	cat "/tmp/$name/answer"
	rmmod kvm_exit_stats || fail "rmmod"
done
[ "$LAB_MODE" != stock ] || {
	dump unloaded
	same stock unloaded
}
echo 'PASS: leaves'
