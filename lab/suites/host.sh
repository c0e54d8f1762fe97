#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the lab host: others' tests of KVM under stock KVM, under patched KVM and
# with the module loaded. Started with no KVM module there.
#
# ./tests, which scripts/kvm-suites has written, has a line for each test:
#	run SUITE NAME SECONDS COMMAND...
#
# Leaves $LAB_OUT/results, a line "VARIANT SUITE NAME EXIT-CODE" a test, and
# what each said in $LAB_OUT/VARIANT/SUITE/NAME.

# shellcheck source=lab/vendor.sh
. /lab/l0/vendor.sh
VARIANTS='stock patched module'
HOOKS=kvm_exit_hooks_register

fail() {
	echo "FAIL: $*"
	exit 1
}

load() { insmod "$@" || fail "insmod $*"; }

# begin VARIANT: and be sure that it is what it says.
begin() {
	variant=$1
	from=$LAB_MODULES
	[ "$variant" != stock ] || from=$LAB_MODULES/stock
	for name in irqbypass kvm "$KVM_VENDOR"; do
		load "$from/$name.ko"
	done
	hooks=$(grep -c " $HOOKS" /proc/kallsyms)
	case $variant in
	stock) [ "$hooks" = 0 ] || fail "stock KVM has $HOOKS" ;;
	*) [ "$hooks" != 0 ] || fail "patched KVM has no $HOOKS" ;;
	esac
	[ "$variant" != module ] || load "$LAB_MODULES/kvm_exit_stats.ko"
}

# end VARIANT: nothing is left of it.
end() {
	modules="$KVM_VENDOR kvm irqbypass"
	if [ "$variant" = module ]; then
		modules="kvm_exit_stats $modules"
		exits=$(kvm-exits show --csv | awk -F, 'NR > 1 { n += $3 } END { print n + 0 }')
		echo "module: $exits exits counted"
		[ "$exits" -gt 0 ] || fail 'the module has counted nothing'
	fi
	for name in $modules; do
		rmmod "$name" || fail "rmmod $name after $variant"
	done
}

# run SUITE NAME SECONDS COMMAND...
run() {
	suite=$1 name=$2 limit=$3
	shift 3
	log=$LAB_OUT/$variant/$suite/$name
	mkdir -p "${log%/*}"
	start=$(cut -d. -f1 /proc/uptime)
	"$@" >/tmp/log 2>&1 </dev/null
	rc=$?
	tail -c 65536 /tmp/log >"$log"
	echo "$variant $suite $name $rc" >>"$LAB_OUT/results"
	echo "$variant: $suite $name: $rc, $(($(cut -d. -f1 /proc/uptime) - start)) s"
}

# limited PROGRAM...: with what it has started it ends after $limit seconds.
limited() {
	# Off the CD first: while the lab host waits for its disk, the clock of
	# QEMU's emulator runs on to whatever time somebody has set.
	cat "$(command -v "$1")" >/dev/null
	timeout -s KILL "$limit" "$@"
	rc=$?
	killall -9 "${1##*/}" 2>/dev/null
	[ $rc != 137 ] || rc=124
	return $rc
}

# selftest PROGRAM [ARGUMENT...]: 0 passed, 4 skipped (ksft.h), 124 not in time.
selftest() {
	program=$1
	shift
	limited "/lab/data/selftests/$program" "$@"
}

# unit_test CPUS FILE CHECKS [QEMU-ARGUMENT...]: 0 passed, 77 skipped, 124 not in
# time. CHECKS are FILE=VALUE, as in unittests.cfg. QEMU ends with twice what the
# test gave to the debug-exit device, and one.
unit_test() {
	cpus=$1 flat=$2 checks=$3
	shift 3
	for check in $checks; do
		[ "$(cat "${check%%=*}" 2>/dev/null)" = "${check#*=}" ] || {
			echo "SKIP: $check does not hold"
			return 77
		}
	done
	# Some ask for more memory than there is, and use little of it.
	echo 1 >/proc/sys/vm/overcommit_memory
	limited qemu-system-x86_64 -L /usr/share/qemu -nodefaults -display none -no-reboot -accel kvm \
		-device pc-testdev -device isa-debug-exit,iobase=0xf4,iosize=0x4 -device pci-testdev \
		-serial stdio -smp "$cpus" -kernel "/lab/data/unit-tests/$flat" "$@"
	rc=$?
	echo 0 >/proc/sys/vm/overcommit_memory
	[ $rc = 124 ] || [ $((rc & 1)) = 0 ] || return $((rc >> 1))
	[ $rc != 0 ] || return 125
	return $rc
}

for each in $VARIANTS; do
	begin "$each"
	# shellcheck source=/dev/null
	. ./tests
	end
done
echo 'PASS: suites'
