# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Of vm-paging: how long a VM is counted, and what is asked of it from inside.
# Needs vm_ended, vm_thaw, of vm-qemu.sh or vm-domain.sh.
# shellcheck disable=SC2154 # the variables are those of vm-paging

now() { cut -d. -f1 /proc/uptime; }

# An end that comes too early, or never, is told with the last that was seen.
fail_run() { die "$name: $*; the end of $log: $(tail -n 5 "$log" | tr -d '\r' | cut -c 1-200)"; }

# wait_until WHAT COMMAND...: until COMMAND succeeds, with the VM there meanwhile.
wait_until() {
	for_what=$1
	shift
	until "$@"; do
		! vm_ended || "$@" || fail_run "the VM ended before $for_what"
		[ "$(now)" -lt "$deadline" ] || fail_run "not $for_what in $limit s"
		sleep 1
	done
}

console_said() { tr -d '\r' <"$log" | grep -qaE -- "$until"; }

# A VM that starts from the same disk each time can still have new keys each time.
in_vm_by_ssh() {
	left=$((deadline - $(now)))
	# 0 would be for ever.
	[ $left -gt 0 ] || return 1
	timeout $left ssh -o BatchMode=yes -o ConnectTimeout=5 -o LogLevel=ERROR \
		-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "$ssh" "$1"
}

in_vm() {
	if [ -n "$ssh" ]; then in_vm_by_ssh "$1"; else in_vm_by_agent "$1"; fi
}

ssh_answers() { in_vm_by_ssh true </dev/null 2>/dev/null; }
time_is_over() { [ "$(now)" -ge "$until_time" ]; }

# What is to be counted has happened when this returns.
wait_for_vm() {
	[ -z "$until" ] || wait_until "its console said '$until'" console_said
	[ -z "$ssh" ] || wait_until "ssh got into $ssh" ssh_answers
	[ -z "$agent" ] || wait_until 'its guest agent answered' agent_answers
	[ -z "$skip_boot" ] || kvm-exits reset >/dev/null || die 'reset failed'
	[ -z "$run" ] || in_vm "$run" >"$out/$name-run.log" 2>&1 </dev/null ||
		fail_run "'$run' failed in the VM; see $out/$name-run.log"
	if [ -n "$pause" ]; then
		until_time=$(($(now) + pause))
		wait_until "$pause s were over" time_is_over
	elif [ -z "$until$ssh$agent" ]; then
		wait_until 'it had ended' vm_ended
	fi
}

# Behind the host's own reading, which is to have nothing of this in it.
ask_inside() {
	if [ -n "$ssh" ]; then
		vm_thaw
		# The host's own, which is linked statically: one more program in the VM.
		# shellcheck disable=SC2016 # for the VM's shell
		in_vm_by_ssh 'f=$(mktemp) && cat >"$f" && chmod +x "$f" && "$f" guest --json; rm -f "$f"' \
			<"$(command -v kvm-exits)" >"$out/$name-guest.json"
		[ -s "$out/$name-guest.json" ] || no_inside
	elif [ -n "$agent" ]; then
		vm_thaw
		in_vm_by_agent 'kvm-exits guest --json' >"$out/$name-guest.json" || no_inside
	elif [ -n "$workload" ] && [ -z "$until$pause" ]; then
		workload_inside || no_inside
	fi
}

no_inside() {
	rm -f "$out/$name-guest.json"
	say "$name: nothing read from inside: kvm-exits is not in the VM, or does not run there"
}
