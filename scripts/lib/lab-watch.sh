# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Watch a running lab host: its end, its splats, its hanging.

# What no run may have in its log, of the lab host or of any guest.
SPLATS='BUG: |WARNING: |Oops: |general protection fault|KASAN: |UBSAN: |refcount_t: '
SPLATS+='|Kernel panic|kernel BUG|unable to handle|Call Trace:|possible (circular|recursive|irq|deadlock)'
SPLATS+='|(inconsistent|invalid) (lock|wait) |suspicious RCU usage|rcu.*(detected|self-detected).*stall'
SPLATS+='|soft lockup|hard LOCKUP|blocked for more than|ODEBUG: |list_(add|del) corruption|scheduling while atomic|sleeping function called'

# Exit codes of a lab run that are not the script's.
LAB_SPLAT=120
LAB_NO_TSC=123
LAB_HANG=124
LAB_DIED=125

# A mark that the kernel's last lines have been written when it crashes.
SPLAT_GRACE=5

# watch_machine PID SERIAL TIMEOUT: sets LAB_STATUS.
watch_machine() {
	local pid=$1 serial=$2 limit=$3 start=$SECONDS splat_at=''
	LAB_STATUS=''
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.3
		if grep -qaE '^@LAB-END [0-9]+@' "$serial" 2>/dev/null; then
			# It switches itself off now; see that it does.
			for _ in 1 2 3 4 5 6 7 8 9 10; do
				kill -0 "$pid" 2>/dev/null || break
				sleep 0.3
			done
			break
		fi
		if [ -z "$splat_at" ] && grep -qaE "$SPLATS" "$serial" 2>/dev/null; then
			splat_at=$SECONDS
		fi
		if [ -n "$splat_at" ] && [ $((SECONDS - splat_at)) -ge "$SPLAT_GRACE" ]; then
			break
		fi
		if [ $((SECONDS - start)) -ge "$limit" ]; then
			LAB_STATUS=$LAB_HANG
			break
		fi
	done
	stop_machine "$pid"
	[ -n "$LAB_STATUS" ] ||
		LAB_STATUS=$(grep -aoE '^@LAB-END [0-9]+@' "$serial" 2>/dev/null | grep -oE '[0-9]+' || echo "$LAB_DIED")
	! grep -qaE "$SPLATS" "$serial" 2>/dev/null || LAB_STATUS=$LAB_SPLAT
}

# The machine's process group, and with Bochs what runs under script(1), in a
# session of its own: Bochs hears no gentler signal, and has nothing to save.
stop_machine() {
	local inside
	inside=$(pgrep -P "$1" || true)
	# shellcheck disable=SC2086 # a list of pids
	[ -z "$inside" ] || kill -KILL $inside 2>/dev/null || true
	kill -KILL -- "-$1" 2>/dev/null || true
}

# explain_status STATUS SERIAL LIMIT
explain_status() {
	case $1 in
	"$LAB_SPLAT") note "lab: the kernel complained:" && grep -anE -m 5 "$SPLATS" "$2" >&2 ;;
	"$LAB_NO_TSC") note "lab: the lab host could not calibrate its TSC, without which KVM never enters a guest: this machine was too busy; try again" ;;
	"$LAB_HANG") note "lab: no end after $3 s: stopped" ;;
	"$LAB_DIED") note "lab: the machine went off before the script ended" ;;
	*) return 0 ;;
	esac
	note "lab: the end of $2:"
	tail -n 40 "$2" | tr -d '\r' >&2
}
