#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A CPU without VMX: each says what is missing, none loads halfway.
fail() {
	echo "FAIL: $*"
	exit 1
}
for name in irqbypass kvm; do
	insmod "$LAB_MODULES/$name.ko" || fail "$name.ko"
done
insmod "$LAB_MODULES/kvm-intel.ko" 2>/tmp/error && fail "kvm-intel.ko loaded"
dmesg | grep -i 'kvm_intel: VMX not supported' || fail "kvm-intel does not say why"
insmod "$LAB_MODULES/kvm_exit_stats.ko" 2>/tmp/error
status=$?
cat /tmp/error
dmesg | tail -n 2
if [ $status = 0 ]; then
	# It waits for kvm-intel or kvm-amd, and says so.
	dmesg | grep -qiE 'kvm_exit_stats: .*(VT-x|VMX|kvm-intel|vendor)' || fail "kvm_exit_stats loaded without a word"
	rmmod kvm_exit_stats || fail "rmmod"
fi
KVM_MODULE_DIR=$LAB_MODULES reload-kvm ept=0 2>/tmp/error && fail "reload-kvm found VMX"
cat /tmp/error
grep -q 'no VT-x' /tmp/error || fail "reload-kvm does not say why"
echo 'PASS: no-vmx'
