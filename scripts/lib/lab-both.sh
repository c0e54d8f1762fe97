# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Runs side by side: an emulator takes one core and no more.

beside_pids=() beside_writers=()

# beside NAME COMMAND...: starts it, with NAME before every line it says.
beside() {
	local name=$1 lines
	shift
	exec {lines}> >(exec sed -u "s/^/$name: /" >&2)
	beside_writers+=($!)
	"$@" >&"$lines" 2>&1 </dev/null &
	beside_pids+=($!)
	exec {lines}>&-
}

# all_beside: waits for all of them and their last words; fails when one did.
# Ctrl-C ends them: in the background they do not hear it themselves.
all_beside() {
	local pid rc=0
	trap 'kill "${beside_pids[@]}" 2>/dev/null; wait "${beside_pids[@]}"; exit 130' INT TERM
	for pid in "${beside_pids[@]}"; do
		wait "$pid" || rc=1
	done
	trap - INT TERM
	wait "${beside_writers[@]}" || true
	beside_pids=() beside_writers=()
	return "$rc"
}
