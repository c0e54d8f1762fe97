# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# Packages of other suites of Debian than this machine's: a private apt
# configuration reads them. apt checks the archive's signature down to the
# .deb's hash, and the system's own apt is left alone.
# Needs lib/common.sh, lib/progress.sh and lib/mirror.sh.

APT=$CACHE/apt
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg

# apt_private SUITE COMMAND...: each suite has lists of its own, so that one
# that is gone or has expired takes no other along. The machine's settings
# hold, but not what it runs after an update: in a container that removes the
# packages which apt is about to install.
apt_private() {
	local dir=$APT/$1 cmd=$2 hook
	shift 2
	mkdir -p "$dir"
	for hook in Pre-Invoke Post-Invoke Post-Invoke-Success; do
		echo "#clear APT::Update::$hook;"
	done >"$dir/apt.conf"
	"$cmd" -c "$dir/apt.conf" -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=/dev/null \
		-o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null \
		-o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir/cache" \
		-o Acquire::Languages=none -o APT::Sandbox::User=root -o Acquire::Retries=3 \
		-o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false \
		-o APT::Update::Error-Mode=any -o APT::Default-Release= "$@"
}

# apt_mirror WHAT-ELSE: the mirror's URL; the end, with that advice, without one.
apt_mirror() {
	local url
	url=$(mirror)
	[ -n "$url" ] || die "found no Debian mirror in /etc/apt: $1"
	[ -r "$KEYRING" ] || die "$KEYRING is missing: apt-get install debian-archive-keyring"
	echo "$url"
}

# read_lists URL SUITE: fails, with a word of why, when they cannot be had.
read_lists() {
	local dir=$APT/$2
	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	printf 'deb [signed-by=%s] %s %s main\n' "$KEYRING" "$1" "$2" >"$dir/sources.list"
	apt_private "$2" apt-get update -q >"$dir/log" 2>&1 </dev/null && return
	note "Debian $2: its package lists cannot be read: $(grep -m 1 '^E:' "$dir/log" || echo "see $dir/log")"
	return 1
}

# debian_root SUITE PACKAGE...: a directory under which these packages are
# unpacked, none of their scripts run; named after the first of them.
debian_root() {
	local suite=$1 root=$CACHE/$2/$1
	shift
	mkdir -p "$(dirname "$root")"
	(
		flock 9
		[ -e "$root/complete" ] || unpack_packages "$root" "$suite" "$@"
	) 9>"$root.lock" || return 1
	echo "$root"
}

# unpack_packages ROOT SUITE PACKAGE...
unpack_packages() {
	local root=$1 suite=$2 url work deb
	shift 2
	url=$(apt_mirror "$1 of Debian $suite is needed")
	read_lists "$url" "$suite" || return 1
	work=$(mktemp -d)
	cd "$work"
	run_logged "$APT/$suite/download" "download $1 from Debian $suite" \
		apt_private "$suite" apt-get download "${@/%//$suite}" || return 1
	rm -rf "$root" && mkdir -p "$root"
	for deb in ./*.deb; do dpkg-deb -x "$deb" "$root"; done
	cd / && rm -rf "$work"
	touch "$root/complete"
}
