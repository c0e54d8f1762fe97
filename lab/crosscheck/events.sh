# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# On the lab host: every event that tells where a vCPU's time went and what an
# exit was about, with the TSC as its stamp. Sourced, behind counts.sh.

# shellcheck disable=SC2154 # of counts.sh
events=$trace/events/kvm
RECORDED='kvm_entry kvm_exit kvm_userspace_exit kvm_fpu kvm_msr kvm_cpuid kvm_hypercall kvm_mmio kvm_fast_mmio'
# For some 200,000 exits. What does not fit is noticed.
BUFFER_KB=${BUFFER_KB:-49152}

# record: from now on, with detail.
record() {
	echo 1 >/sys/module/kvm_exit_stats/parameters/detail || fail 'no detail'
	echo 0 >"$trace/tracing_on"
	echo x86-tsc >"$trace/trace_clock" || fail 'no TSC to trace with'
	echo "$BUFFER_KB" >"$trace/buffer_size_kb" || fail 'no memory for the events'
	# What comes when it is full is dropped, and told as that.
	echo 0 >"$trace/options/overwrite"
	echo >"$trace/trace"
	for event in $RECORDED; do
		echo 1 >"$events/$event/enable" || fail "no event $event"
	done
	echo 1 >"$trace/tracing_on"
}

# stop_recording: with all vCPUs at rest again.
stop_recording() {
	sleep 1
	echo 0 >"$trace/tracing_on"
	for event in $RECORDED; do
		echo 0 >"$events/$event/enable"
	done
	kvm-exits vms --json >vms.json || fail vms
}

# compare_all NAME REASONS OPTION-OF-CROSSCHECK...: what was counted, and what
# was recorded.
compare_all() {
	compare "$@" --trace "$trace" --vms vms.json --expect-state guest --expect-state exit \
		--expect-state entry --expect-state vmm --expect-state halted
}

# forget: the memory, too.
forget() {
	echo >"$trace/trace"
	echo 1 >"$trace/buffer_size_kb"
	echo 0 >/sys/module/kvm_exit_stats/parameters/detail
}
