# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# On the lab host: a guest's exits counted by the module, by a hist trigger on
# kvm:kvm_exit and by KVM's own statistics, all read while the guest is there and
# at rest. Sourced, beside vendor.sh.

# shellcheck source=lab/vendor.sh
. ./vendor.sh
trace=/sys/kernel/tracing
exits=$trace/events/kvm/kvm_exit
handled=$trace/events/crosscheck/handled
monitor=/tmp/monitor
# What the reports' names begin with.
prefix=
[ "$ISA" = vmx ] || prefix=$ISA-
# SVM's fastpaths need the next instruction's address from the processor.
no_fastpath=
[ "$ISA" = vmx ] || grep -q '^flags.* nrip_save' /proc/cpuinfo || no_fastpath=--no-fastpath

fail() {
	echo "FAIL: $*"
	exit 1
}

# Counting starts, with no VM there. What KVM's handler is not called for, a
# fastpath has dealt with.
begin() {
	echo "p:crosscheck/handled $HANDLE_EXIT" >$trace/kprobe_events || fail "no kprobe on $HANDLE_EXIT"
	echo 'hist:keys=exit_reason' >$exits/trigger || fail 'no hist trigger'
	echo 'hist:keys=common_cpu' >$handled/trigger || fail 'no hist trigger'
	kvm-exits reset || fail reset
}

end() {
	killall -9 qemu-system-x86_64
	wait
	echo '!hist:keys=exit_reason' >$exits/trigger
	echo '!hist:keys=common_cpu' >$handled/trigger
	echo >$trace/kprobe_events
}

total() { kvm-exits show --csv | awk -F, 'NR > 1 { n += $3 } END { print n + 0 }'; }

# until_said LOG WORD: the guest has said WORD.
until_said() {
	tries=0
	until grep -q "$2" "$1"; do
		tries=$((tries + 1))
		[ $tries -lt 600 ] || fail "never '$2': $(tail -n 5 "$1")"
		sleep 1
	done
}

# until_rest LOG WORD: it has, and exits no more.
until_rest() {
	until_said "$1" "$2"
	before=-1
	now=$(total)
	while [ "$before" != "$now" ]; do
		sleep 2
		before=$now
		now=$(total)
	done
}

# For who records the events, too.
stop_recording() { :; }

# compare NAME REASONS OPTION-OF-CROSSCHECK...: all three, at rest.
compare() {
	name=$1 reasons=$2
	shift 2
	# First, as QEMU takes its vCPUs out of KVM_RUN for it.
	kvm-stats --qmp $monitor >stats.json || fail kvm-stats
	stop_recording
	kvm-exits show --json --machine "$MACHINE" >module.json || fail show
	# For the page.
	cp module.json "$LAB_OUT/$prefix$name-counted.json"
	cat $exits/hist >hist
	calls=$(sed -n 's/.*hitcount: *\([0-9]*\).*/\1/p' $handled/hist | awk '{ n += $1 } END { print n + 0 }')
	crosscheck --module module.json --hist hist --stats stats.json --paging "$name" --handled "$calls" \
		$no_fastpath --expect-reasons "$reasons" --output "$LAB_OUT/$prefix$name.json" "$@" ||
		fail "$name: the counts differ"
}

QMP="-chardev pipe,id=qmp,path=$monitor -mon chardev=qmp,mode=control"
mkfifo $monitor.in $monitor.out
