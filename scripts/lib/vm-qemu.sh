# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Of vm-paging: a VM by a QEMU command line. QMP goes through a pair of FIFOs,
# for which there need be nothing but a shell.
# shellcheck disable=SC2154 # the variables are those of vm-paging

command='' reader=''

# The longest that QEMU itself may take to start, in seconds.
QEMU_START=60

vm_check() {
	[ $# -gt 0 ] || die 'which command boots the VM?'
	for word; do
		case $word in
		-daemonize) die 'without -daemonize: the command is to run in the foreground' ;;
		-blockdev) [ -z "$snapshot" ] || die 'what is behind -blockdev is written to in spite of -snapshot: say -drive, or let it (--no-snapshot)' ;;
		esac
	done
	: "${what:=$*}"
	mkfifo "$tmp/qmp.in" "$tmp/qmp.out" || exit 1
	# Both ways: whether QEMU is there or not, opening and writing do not wait.
	exec 3<>"$tmp/qmp.in"
}

qmp() { echo "{\"execute\": \"$1\"}" >&3; }
qmp_said() { grep -q "$1" "$tmp/qmp.log"; }

# At the end of the VM it is not to be gone, with its counts, but to stand still.
vm_boot() {
	: >"$tmp/qmp.log"
	rm -f "$tmp/pid"
	"$@" ${snapshot:+-snapshot} -S -no-reboot -no-shutdown -pidfile "$tmp/pid" \
		-chardev "pipe,id=vm-paging,path=$tmp/qmp" -mon chardev=vm-paging,mode=control \
		>"$log" 2>&1 </dev/null 3>&- &
	command=$!
	cat "$tmp/qmp.out" >"$tmp/qmp.log" 3>&- &
	reader=$!
	tries=0
	until qmp_said '"QMP"' && [ -s "$tmp/pid" ]; do
		kill -0 "$command" 2>/dev/null || fail_run 'QEMU did not start'
		[ $((tries += 1)) -le $QEMU_START ] || fail_run 'nothing heard of QEMU: does the command hand its arguments on?'
		sleep 1
	done
	vm=$(cat "$tmp/pid")
	# It has been waiting for that (-S): from here on no event goes unheard.
	qmp qmp_capabilities
	qmp cont
}

# Fails while it runs; does not return when it never will.
vm_ended() {
	kill -0 "$command" 2>/dev/null || fail_run 'QEMU itself has ended, and what was counted is gone'
	! qmp_said '"event": "SHUTDOWN"' || return 0
	! qmp_said '"event": "STOP"' || fail_run "the VM has been stopped before its end: $(tail -n 2 "$tmp/qmp.log")"
	return 1
}

vm_freeze() {
	! vm_ended || say "$name: the VM has ended: $(sed -n 's/.*"event": "SHUTDOWN".*"reason": "\([^"]*\)".*/\1/p' "$tmp/qmp.log")"
	qmp stop
	tries=0
	# All of its vCPUs are out of the guest when QEMU says so.
	until qmp_said '"event": "STOP"'; do
		[ $((tries += 1)) -le $QEMU_START ] || fail_run 'QEMU does not stop the VM'
		sleep 1
	done
}

vm_thaw() { qmp cont; }

vm_off() {
	qmp quit
	wait "$command" || fail_run "the command ended with $?"
	end_reader
}

end_reader() {
	kill "$reader" 2>/dev/null
	wait "$reader" 2>/dev/null
	command='' reader='' vm=''
}

vm_kill() {
	[ -n "$command" ] || return 0
	# QEMU by itself, where the command is another that started it.
	vm=${vm:-$(cat "$tmp/pid" 2>/dev/null)}
	kill ${vm:+"$vm"} "$command" 2>/dev/null
	tries=0
	while kill -0 "${vm:-$command}" 2>/dev/null && [ $((tries += 1)) -le 10 ]; do
		sleep 1
	done
	kill -KILL ${vm:+"$vm"} "$command" 2>/dev/null
	wait "$command" 2>/dev/null
	end_reader
}
