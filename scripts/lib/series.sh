# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Which Linux series there are patches for, and which a kernel takes. SERIES=
# of the environment names one; else it is the newest that can be had.
# Needs lib/common.sh.

# patched_series: those that patches/ has, the newest first.
patched_series() {
	find "$REPO/patches" -mindepth 2 -maxdepth 2 -name series -printf '%P\n' |
		sed -nE 's,^([0-9]+\.[0-9]+)/series$,\1,p' | sort -rV
}

newest_series() { patched_series | sed -n 1p; }

# check_series: an explicit SERIES has to be one of ours.
check_series() {
	[ -z "${SERIES:-}" ] || patched_series | grep -qxF "$SERIES" ||
		die "SERIES=$SERIES: patches/ has $(patched_series | paste -sd' ')"
}

# series_of VERSION: whose patches a kernel of this version takes. One that is
# newer than all of ours gets the newest, for a try.
series_of() {
	local own
	own=$(cut -d. -f1,2 <<<"$1")
	if [ -n "${SERIES:-}" ]; then
		echo "$SERIES"
	elif patched_series | grep -qxF "$own"; then
		echo "$own"
	elif newer_than_all "$own"; then
		note "patches/ has none for Linux $own: trying those for $(newest_series)"
		newest_series
	else
		die "Linux $1: patches/ has $(patched_series | paste -sd' '), and nothing for one that is older"
	fi
}

newer_than_all() {
	[ "$(printf '%s\n' "$1" "$(newest_series)" | sort -V | tail -n 1)" = "$1" ]
}

# patch_files SERIES: its patches in order.
patch_files() {
	local dir=$REPO/patches/$1
	sed -E 's/#.*//; /^\s*$/d' "$dir/series" | sed "s,^,$dir/,"
}
