#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# The module comes and goes under guests that storm, time and detail are switched
# on and off meanwhile; KVM's comes and goes under ours; guests are killed.
# Afterwards the counts are exact still, and so are the times. How often: a file
# "rounds" with LOADS and RELOADS, else a few.
# The guests run Linux or, where there is a file probe.elf, that, which starts at
# once: for a lab host that is slow enough by itself.
LOADS=10 RELOADS=3
# shellcheck source=/dev/null
[ ! -e rounds ] || . ./rounds
debugfs=/sys/kernel/debug/kvm_exit_stats
hypercall=$(exit-storm vmcall --name)
# shellcheck source=lab/vendor.sh
. /lab/l0/vendor.sh

fail() {
	echo "FAIL: $*"
	exit 1
}

# guest NAME WHAT [COUNT]: exits for WHAT without end, or COUNT times and leaves.
guest() {
	if [ -e probe.elf ] && [ -n "${3-}" ]; then
		# Its exit code by isa-debug-exit: 1 is well.
		guest-run --name "$1" --kernel probe.elf --append "mode=all case=$2 n=$3 end=exit" -- \
			-device isa-debug-exit,iobase=0xf4,iosize=4
		[ $? = 1 ]
	elif [ -e probe.elf ]; then
		guest-run --name "$1" --timeout 30000 --kernel probe.elf --append "mode=storm case=$2"
	else
		echo "$2 ${3:+$3 --until $3}" >storm
		guest-run --name "$1" --timeout 3000 stress-guest.sh storm /usr/bin/exit-storm
	fi
}

# storm NAME WHAT: in the background, and on when this returns.
storm() {
	guest "$1" "$2" >"$1.log" 2>&1 &
	until grep -q '^storm' "$1.log"; do
		kill -0 $! 2>/dev/null || {
			cat "$1.log"
			fail "guest $1 ended"
		}
		sleep 1
	done
	[ ! -e probe.elf ] || calm
}

# calm: those that storm already leave the time to the next guest's start, and
# to the loading. A nice value is each thread's own.
calm() {
	for pid in $(pidof qemu-system-x86_64); do
		for task in /proc/"$pid"/task/*; do
			renice 19 -p "${task##*/}" >/dev/null
		done
	done
}

# Both guests, gone at once, in whatever they are doing.
kill_guests() {
	killall -9 qemu-system-x86_64
	wait
}

vms() { grep -c '^vm ' $debugfs/vms; }

# switches: time and detail on and off for ever, whenever there is a module.
parameters=/sys/module/kvm_exit_stats/parameters
switches() {
	while :; do
		for word in time=0 detail=1 time=1 detail=0; do
			echo "${word#*=}" >"$parameters/${word%=*}" && echo "$word" >>switched
		done
	done 2>/dev/null
}

# sums: in what the host reads, the states add up to what has elapsed, exits have
# taken what the reasons say, and their keys are as many as they.
sums() {
	kvm-exits show --json >sums.json || fail show
	awk -F'[:,]' '
		/"total": [{]/ { total = 1 }
		/"cycles"/ && total == 1 { cycles = $2; total = 2 }
		/"detail": [[]/ { keys = 1; want = count; have = 0 }
		/"count"/ && keys { have += $2 }
		/"count"/ && !keys { count = $2 }
		/^ *[]]/ && keys { keys = 0; if (have != want) { print "the keys are " have " of " want; bad = 1 }; details++ }
		/"(elapsed|guest|exit|entry|vmm|halted)"/ {
			gsub(/[ "]/, "", $1)
			if (!($1 in seen)) { seen[$1] = 1; value[$1] = $2 }
		}
		END {
			sum = value["guest"] + value["exit"] + value["entry"] + value["vmm"] + value["halted"]
			printf "elapsed %.0f, the states %.0f; exits %.0f, the reasons %.0f; %d reasons with keys\n",
				value["elapsed"], sum, value["exit"], cycles, details
			exit bad || !(value["guest"] > 0) || sum != value["elapsed"] || value["exit"] != cycles || !details
		}' sums.json || fail "the sums: $(cat sums.json)"
}

storm a cpuid
storm b vmcall
switches &
switches=$!
i=0
while [ $i -lt "$LOADS" ]; do
	rmmod kvm_exit_stats || fail "rmmod under guests, round $i"
	insmod "$LAB_MODULES/kvm_exit_stats.ko" || fail "insmod beside guests, round $i"
	[ "$(vms)" = 2 ] || fail "round $i: $(vms) VMs, not 2"
	# Readers and a reset while both storm.
	cat $debugfs/exits >/dev/null
	cat /dev/kvm_exit_stats >/dev/null
	[ $((i % 10)) -ne 0 ] || echo 1 >$debugfs/reset
	i=$((i + 1))
done
echo "loaded and unloaded $LOADS times"
# The other way round there may be no time for a round of it.
until [ "$(wc -l <switched)" -ge 8 ]; do sleep 1; done
kill $switches
wait $switches 2>/dev/null
echo "switched time and detail $(wc -l <switched) times"
kill_guests
# KVM lets go of a killed VM a little later.
i=0
until [ "$(vms)" = 0 ] || [ $i -gt 50 ]; do
	sleep 0.2
	i=$((i + 1))
done
[ "$(vms)" = 0 ] || fail "a killed VM is still listed"

i=0
while [ $i -lt "$RELOADS" ]; do
	generation=$(sed -n 's/^generation //p' $debugfs/exits)
	if [ $((i % 2)) = 0 ]; then params=$SHADOW_PARAMS; else params=$NESTED_PARAMS; fi
	# shellcheck disable=SC2086 # a list
	reload-kvm $params || fail "reload $i"
	now=$(sed -n 's/^generation //p' $debugfs/exits)
	[ "$now" = $((generation + 1)) ] || fail "generation $generation, then $now"
	[ "$(awk '$1 == "total" { print $2 }' $debugfs/exits)" = 0 ] || fail "counts went over the reload"
	i=$((i + 1))
done
echo "reloaded $KVM_VENDOR $RELOADS times"
[ "$RELOADS" = 0 ] || reload-kvm --restore || fail "--restore"

# Killed while the module goes.
storm c cpuid
killall -9 qemu-system-x86_64 &
rmmod kvm_exit_stats || fail "rmmod while a guest dies"
wait
insmod "$LAB_MODULES/kvm_exit_stats.ko" || fail "insmod"

# Nothing was lost on the way: exact, as on the first day.
echo 1 >$parameters/detail || fail detail
kvm-exits reset || fail reset
guest exact vmcall 3000 >exact.log 2>&1 || {
	cat exact.log
	fail "the counts afterwards"
}
cat exact.log
[ "$(awk -v name="$hypercall" '$2 == name { print $3 }' $debugfs/exits)" = 3000 ] || fail "the host counts otherwise"
sums
echo 'PASS: stress'
