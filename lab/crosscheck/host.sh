#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the lab host: the cross-check of one guest at a time.
#
# REASONS: how many different ones each run must have at least.

# shellcheck source=lab/crosscheck/counts.sh
. ./counts.sh
# shellcheck source=lab/crosscheck/events.sh
. ./events.sh
REASONS=${REASONS:-15}

# probe NAME PARAM=VALUE...: every case of the probe.
probe() {
	name=$1
	shift
	reload-kvm "$@" || fail "reload-kvm $*"
	begin
	record
	# shellcheck disable=SC2086 # two words
	guest-run --kernel probe.elf --append "mode=all n=50 end=rest" --timeout 1500 -- $QMP \
		-machine kernel-irqchip=on >"$name.log" 2>&1 &
	until_rest "$name.log" 'probe: at rest'
	compare_all "$name" "$REASONS" --room
	end
	forget
}

# shellcheck disable=SC2086 # lists of parameters
probe $NESTED $NESTED_PARAMS
# shellcheck disable=SC2086
probe shadow $SHADOW_PARAMS

# A guest that asks for 100,000 leaves and as many MSRs. Nothing else counts its
# exits, whose rate it is about.
echo 1 >/sys/module/kvm_exit_stats/parameters/detail
reload-kvm --restore
kvm-exits reset
storms=one-leaf:20000,all-leaves:100000,one-msr:20000,all-msrs:100000
guest-run --kernel probe.elf --append "mode=bench case=$storms end=rest" --timeout 1500 -- \
	-machine kernel-irqchip=on >hostile.log 2>&1 &
until_rest hostile.log 'probe: at rest'
kvm-exits show --json --machine "$LAB_MACHINE" >module.json || fail show
tr -d '\r' <hostile.log >bench.log
hostile --module module.json --log bench.log --output "$LAB_OUT/${prefix}hostile.json" || fail hostile
killall -9 qemu-system-x86_64
wait
echo 0 >/sys/module/kvm_exit_stats/parameters/detail

# Two vCPUs on the one CPU, with a VMM that is stopped for a while.
STOP_MS=1000
begin
record
# shellcheck disable=SC2086
guest-run --name time --cpus 2 --timeout 1500 time-guest.sh -- $QMP >time.log 2>&1 &
until_said time.log 'time: stop'
qemu=$(pidof qemu-system-x86_64)
kvm-exits vms --json >before-stop.json || fail vms
kill -STOP "$qemu"
sleep $((STOP_MS / 1000))
kill -CONT "$qemu"
kvm-exits vms --json >after-stop.json || fail vms
until_rest time.log 'time: done'
compare_all time 5 --expect-state preempted --stopped before-stop.json after-stop.json --stopped-ms $STOP_MS
end
forget

# KVM in the guest, with a guest of its own.
begin
record
# shellcheck disable=SC2086
guest-run --name nested --mem 160 --timeout 1500 nested-guest.sh /usr/bin/l2-guest \
	/lab/guest/irqbypass.ko /lab/guest/kvm.ko "/lab/guest/$KVM_VENDOR.ko" -- $QMP >nested.log 2>&1 &
until_rest nested.log 'nested: done'
compare_all nested 5
cat nested.log
grep -q 'l2-guest: .* CPUID' nested.log || fail 'no L2'
kvm-exits show --csv | awk -F, -v cpuid="$REASON_CPUID" '$1 == cpuid { l2 = $5; reflected = $7 }
	END { print "CPUID of L2: " l2 ", handed to L1: " reflected; exit !(l2 >= 1000 && reflected >= 1000) }' ||
	fail 'the exits of L2 are not told apart'
end
forget
echo 'PASS: crosscheck'
