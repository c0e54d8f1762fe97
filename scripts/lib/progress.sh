# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Run a long command quietly: its output goes to a log, a line of progress to
# stderr, the end of the log is shown when it fails.

# run_logged LOG TITLE [--count PATTERN TOTAL] COMMAND...
# With --count, lines of the log that match PATTERN are shown as a percentage
# of TOTAL (an estimate: never above 99 before the end).
run_logged() {
	local log=$1 title=$2 pattern='' total=0
	shift 2
	if [ "${1-}" = --count ]; then
		pattern=$2 total=$3
		shift 3
	fi
	local start=$SECONDS rc=0 pid
	: >"$log"
	"$@" >>"$log" 2>&1 </dev/null &
	pid=$!
	_progress "$pid" "$log" "$title" "$pattern" "$total" 9>&- &
	local watcher=$!
	# A watcher that outlives an interrupted build would write on for ever.
	trap 'kill "$pid" "$watcher" 2>/dev/null; exit 130' INT TERM
	wait "$pid" || rc=$?
	kill "$watcher" 2>/dev/null || true
	wait "$watcher" 2>/dev/null || true
	trap - INT TERM
	[ ! -t 2 ] || printf '\r\033[K' >&2
	if [ "$rc" -ne 0 ]; then
		printf '%s: failed after %d s; the end of %s:\n' "$title" $((SECONDS - start)) "$log" >&2
		tail -n 30 "$log" >&2
		return "$rc"
	fi
	printf '%s: done in %d s\n' "$title" $((SECONDS - start)) >&2
}

_progress() {
	local pid=$1 log=$2 title=$3 pattern=$4 total=$5 step=20 start=$SECONDS shown=0 text done_
	[ ! -t 2 ] || step=1
	while kill -0 "$pid" 2>/dev/null; do
		# Short sleeps: one that outlives us holds our caller's pipe open.
		sleep 1
		[ $((SECONDS - start - shown)) -ge "$step" ] || continue
		shown=$((SECONDS - start))
		text="$((SECONDS - start)) s"
		if [ -n "$pattern" ] && [ "$total" -gt 0 ]; then
			done_=$(grep -cE "$pattern" "$log" || true)
			done_=$((done_ * 100 / total))
			text="$((done_ > 99 ? 99 : done_)) %, $text"
		fi
		if [ -t 2 ]; then
			printf '\r\033[K%s: %s' "$title" "$text" >&2
		else
			printf '%s: %s\n' "$title" "$text" >&2
		fi
	done
}
