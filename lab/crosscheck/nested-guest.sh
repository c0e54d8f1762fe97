#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# In the guest of the crosscheck's nested run: KVM, and a guest of its own.
for module in irqbypass.ko kvm.ko kvm-*.ko; do
	insmod "./$module" || echo "nested: no $module"
done
./l2-guest 1000
echo 'nested: done'
# At rest, with QEMU still there: HLT with interrupts off, for ever.
halt -f
