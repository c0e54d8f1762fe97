# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Checks by name, counted. Whoever sources this says where their logs go
# (logs), may say which are wanted (only, skip: patterns), and ends with
# `summary`.
# Needs lib/common.sh.

only=. skip='^$'
passed=0 failed=0 skipped=0

wanted() { grep -qE "$only" <<<"$1" && ! grep -qE "$skip" <<<"$1"; }

# count OK NAME SECONDS LOG
count() {
	if [ "$1" = 0 ]; then
		passed=$((passed + 1))
		printf 'ok    %s (%d s)\n' "$2" "$3"
	else
		failed=$((failed + 1))
		printf 'FAIL  %s (%d s)\n' "$2" "$3"
		tail -n 25 "$4" | sed 's/^/      /'
	fi
}

# count_skipped NAME WHY
count_skipped() {
	skipped=$((skipped + 1))
	printf 'skip  %s: %s\n' "$1" "$2"
}

# check NAME COMMAND...: one test, its output shown when it fails.
check() {
	local name=$1 start=$SECONDS rc=0
	shift
	wanted "$name" || return 0
	note "$name ..."
	"$@" >"$logs/$name.log" 2>&1 </dev/null || rc=$?
	count "$rc" "$name" $((SECONDS - start)) "$logs/$name.log"
}

# lab_tests TABLE...: each of them that is wanted counts for itself.
lab_tests() {
	local rc seconds name tables=("${@/#/--table=}")
	# One emulator a core: each takes one and no more.
	while read -r rc seconds name; do
		count "$rc" "lab: $name" "$seconds" "$logs/lab-$name.log"
	done < <("$REPO/scripts/test-lab" "${tables[@]}" "$logs" "$only")
}

# summary: the last line; fails when a check did.
summary() {
	printf '%d passed, %d failed' "$passed" "$failed"
	[ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
	echo
	[ "$failed" = 0 ]
}
