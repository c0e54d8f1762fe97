#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the lab host: the same guests measure what an exit costs them, under one
# variant of counting after the other. Leaves in $LAB_OUT/results
#	isa vmx|svm			what runs the guests
#	variant NAME, paging ept|npt|shadow	what the lines below are about
#	bench CASE n N ...		as the probe prints them (lab/guest/probe/bench.c)
#	trace BYTES EXITS		what perf wrote, and for how many exits
#	unavailable NAME WHY
#
# TIMES: how often each operation is measured.

# shellcheck source=lab/vendor.sh
. ./vendor.sh
TIMES=${TIMES:-20000}
MEM=96
# With one exit of the reason in question, and no other, in each operation.
# In a fastpath the host takes no interrupts, so that perf cannot empty its
# buffer: not for long. NOPs exit never: they tell what the TSC counts.
case $ISA in
vmx) WRMSR=wrmsr-fast:4000 ;;
svm) WRMSR=wrmsr ;;
esac
NESTED_CASES=cpuid,$WRMSR,in-kernel,touch-fresh,nops:1000
SHADOW_CASES=touch-fresh,page-fault

results=$LAB_OUT/results
exits=/sys/kernel/tracing/events/kvm/kvm_exit
trace=/tmp/perf.data

fail() {
	echo "FAIL: $*"
	exit 1
}

# Between a kvm.ko and the next there must be none.
unload_kvm() {
	for module in kvm_exit_stats kvm_exit_naive kvm_intel kvm_amd kvm irqbypass; do
		[ ! -d /sys/module/$module ] || rmmod $module || fail "rmmod $module"
	done
}

# load_kvm DIRECTORY PARAM=VALUE...
load_kvm() {
	directory=$1
	shift
	[ -e "$directory/kvm.ko" ] || fail "there is no $directory/kvm.ko"
	unload_kvm
	insmod "$directory/irqbypass.ko" || fail 'no irqbypass'
	insmod "$directory/kvm.ko" || fail 'no kvm'
	insmod "$directory/$KVM_VENDOR.ko" "$@" || fail "no $KVM_VENDOR with $*"
}

# start VARIANT PARAM=VALUE...: these are for the vendor's module.
start() {
	variant=$1
	shift
	case $variant in
	patched | module | module-* | naive) load_kvm "$LAB_MODULES" "$@" ;;
	*) load_kvm "$LAB_MODULES/stock" "$@" ;;
	esac
	case $variant in
	module) count time=0 ;;
	module-time) count ;;
	module-detail) count detail=1 ;;
	naive) insmod ./kvm_exit_naive.ko || fail 'no kvm_exit_naive' ;;
	hist-trigger) echo 'hist:keys=exit_reason' >$exits/trigger || fail 'no hist trigger' ;;
	perf-kvm-stat)
		rm -f $trace
		start_tool $trace perf kvm stat record -a -o $trace
		;;
	bpf) start_tool tool.log bpf-exits ;;
	esac
}

# count PARAM=VALUE...
count() { insmod "$LAB_MODULES/kvm_exit_stats.ko" "$@" || fail "no kvm_exit_stats with $*"; }

# start_tool FILE COMMAND...: FILE has something in it once the tool is at work.
start_tool() {
	file=$1
	shift
	"$@" >tool.log 2>&1 &
	tool=$!
	while sleep 1; do
		kill -0 "$tool" 2>/dev/null || {
			why="$1: $(tail -n 1 tool.log)"
			return 1
		}
		[ ! -s "$file" ] || return 0
	done
}

# stop REASON: with the guest still there, so that what was counted can be held
# against its exits: they were TIMES and more for REASON.
stop() {
	counted=$TIMES
	case $variant in
	module | module-*) counted=$(kvm-exits show --csv | awk -F, -v r="$1" '$1 == r { print $3 }') ;;
	hist-trigger)
		counted=$(sed -n "s/^{ exit_reason: *$1 } hitcount: *\([0-9]*\).*/\1/p" $exits/hist)
		echo '!hist:keys=exit_reason' >$exits/trigger
		;;
	perf-kvm-stat)
		kill -INT "$tool"
		wait "$tool"
		all=$(cat /sys/kernel/debug/kvm/*-*/exits)
		echo "trace $(stat -c %s $trace) $all" >>"$results"
		;;
	bpf)
		kill "$tool"
		wait "$tool"
		counted=$(awk -v r="$1" '$1 == r { print $2 }' tool.log)
		;;
	esac
	[ "${counted:-0}" -ge "$TIMES" ] ||
		fail "$variant counted ${counted:-no} exits for reason $1, there were $TIMES at least"
}

# The guest's lines, until it is at rest. By a pipe and not by looking again
# and again: nothing else may run on this CPU. Its memory is the host's already,
# so that a page's first exit is KVM's work alone.
# measure PAGING CASES REASON
measure() {
	rm -f pipe && mkfifo pipe
	guest-run --kernel probe.elf --mem $MEM --append "mode=bench case=$2 n=$TIMES" --timeout 1200 -- \
		-machine kernel-irqchip=on,memory-backend=ram \
		-object memory-backend-ram,id=ram,size=${MEM}M,prealloc=on >pipe 2>&1 &
	guest=$!
	echo "paging $1" >>"$results"
	rest=
	while read -r line; do
		case $line in
		'bench '*) echo "$line" | tr -d '\r' | tee -a "$results" ;;
		'probe: at rest'*)
			rest=1
			break
			;;
		*) echo "$line" ;;
		esac
	done <pipe
	[ -n "$rest" ] || fail "the guest did not come to rest"
	stop "$3"
	killall -9 qemu-system-x86_64
	wait "$guest"
}

# With huge pages only the first access to each would exit.
echo never >/sys/kernel/mm/transparent_hugepage/enabled
echo "isa $ISA" >"$results"
echo 'unavailable module-no-histogram kvm_exit_stats has no option to leave the histograms out' >>"$results"
for variant in ${VARIANTS:-stock patched module module-time module-detail naive hist-trigger bpf perf-kvm-stat}; do
	echo "variant $variant" >>"$results"
	echo "bench: $variant, $NESTED"
	# shellcheck disable=SC2086 # a list of parameters
	start "$variant" $NESTED_PARAMS || {
		echo "unavailable $variant $why" | tee -a "$results"
		continue
	}
	measure "$NESTED" "$NESTED_CASES" "$REASON_CPUID"
	echo "bench: $variant, shadow paging"
	# shellcheck disable=SC2086
	start "$variant" $SHADOW_PARAMS
	measure shadow "$SHADOW_CASES" "$REASON_PAGE_FAULT"
done
unload_kvm
echo 'PASS: bench'
