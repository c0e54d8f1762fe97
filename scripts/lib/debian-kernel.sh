# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # VERSION, HEADERS and SOURCE are for who sources this
# A kernel as Debian built it: which version of its packages, and its headers,
# source and image of exactly that one. They are unpacked in the cache and not
# installed.
# Needs lib/common.sh, lib/progress.sh, lib/mirror.sh, lib/apt-private.sh and
# lib/series.sh.

# Where recent kernels are; they are in no suite of Debian 12.
read -ra KERNEL_SUITES <<<"${SUITES:-trixie-backports forky sid}"

# series_of_debian KVER: of which we must have patches. A newer one's KVM is
# nothing to try on a machine that is in use.
series_of_debian() {
	local own
	own=$(sed -nE 's/^([0-9]+\.[0-9]+)[.~+-].*/\1/p' <<<"$1")
	[ -n "$own" ] || die "$1 is not a kernel's name, such as uname -r gives: 7.3.4+deb13-amd64"
	if [ -z "${SERIES:-}" ] && ! patched_series | grep -qxF "$own"; then
		die "kernel $1: patches/ has a series for Linux $(patched_series | paste -sd' '), none for $own; docs/porting.md says how to make one"
	fi
	echo "${SERIES:-$own}"
}

# running_version: of the packages that the running kernel is from, by its own
# word: those that are installed may be newer, under the same name.
running_version() {
	local version
	version=$(uname -v | sed -nE 's/.* Debian ([^ ]+) .*/\1/p')
	[ -n "$version" ] || die "the running kernel, $(uname -r), is not one that Debian built: name its build tree with KDIR=, or another kernel with KVER="
	echo "$version"
}

# has_version SUITE PACKAGE [VERSION]: the version to take, nothing if none.
has_version() {
	apt_private "$1" apt-cache madison "$2" | awk -F'|' '{ gsub(/ /, "", $2); print $2 }' |
		{ if [ -n "${3:-}" ]; then grep -xF "$3" || true; else cat; fi; } | sort -V | tail -n 1
}

# find_suite KVER [VERSION]: sets SUITE and VERSION.
find_suite() {
	local url suite found others=''
	url=$(apt_mirror "name the kernel's build tree with KDIR=")
	for suite in "${KERNEL_SUITES[@]}"; do
		read_lists "$url" "$suite" || continue
		found=$(has_version "$suite" "linux-headers-$1" "${2:-}")
		if [ -n "$found" ]; then
			SUITE=$suite VERSION=$found
			return
		fi
		others+=" $(has_version "$suite" "linux-headers-$1")"
	done
	others=$(xargs -n 1 <<<"$others" | sort -uV | paste -sd' ')
	[ -z "$others" ] ||
		die "Debian has kernel $1 in version $others, and the one that runs here is $2: reboot into that, or name the build tree of this with KDIR="
	die "no linux-headers-$1${2:+ $2} in: ${KERNEL_SUITES[*]}. Debian drops kernels that have a successor: boot the newest, name another with KVER=, or a build tree with KDIR="
}

# newest_kernel SUITE SERIES FLAVOUR: its name, nothing if there is none. Of the
# flavour a pattern: amd64 is not cloud-amd64.
newest_kernel() {
	apt_private "$1" apt-cache pkgnames "linux-headers-$2." | sed 's/^linux-headers-//' |
		{ grep -xE "[0-9.]+\+deb[0-9]+-$3" || true; } | sort -V | tail -n 1
}

# fetch_package PACKAGE: of VERSION and from SUITE, into the current directory.
fetch_package() {
	run_logged "$APT/$SUITE/download" "download $1 $VERSION from Debian $SUITE" \
		apt_private "$SUITE" apt-get download "$1=$VERSION" || die "$1 $VERSION could not be downloaded"
}

# source_tarball: of VERSION. Its name is the upstream version's; beside it is
# which of Debian's it is.
source_tarball() { echo "$CACHE/src/linux-${VERSION%%[-+~]*}.tar.xz"; }

# fetch_source SERIES: sets SOURCE, the tarball of VERSION.
fetch_source() {
	local package=linux-source-$1 work=$APT/work lock
	SOURCE=$(source_tarball)
	[ ! -e "$SOURCE" ] || [ "$(cat "$SOURCE.version" 2>/dev/null)" != "$VERSION" ] || return 0
	[ -n "$(has_version "$SUITE" "$package" "$VERSION")" ] ||
		die "Debian $SUITE has the kernel $VERSION, but no $package of that version"
	mkdir -p "$APT" "${SOURCE%/*}"
	exec {lock}>"$work.lock" && flock "$lock"
	rm -rf "$work" && mkdir "$work"
	cd "$work"
	fetch_package "$package"
	dpkg-deb --fsys-tarfile ./*.deb | tar -xf - "./usr/src/$package.tar.xz"
	# Last and by rename: an interrupted fetch leaves nothing that looks whole.
	rm -f "$SOURCE.version"
	mv "usr/src/$package.tar.xz" "$SOURCE"
	echo "$VERSION" >"$SOURCE.version"
	cd / && rm -rf "$work"
	exec {lock}>&-
}

# fetch_headers KVER DIRECTORY: what the headers package has of this one kernel:
# its configuration, its exported symbols, its types (vmlinux, only .BTF).
fetch_headers() {
	local work
	[ ! -e "$2/complete" ] || return 0
	work=$(mktemp -d)
	cd "$work"
	fetch_package "linux-headers-$1"
	dpkg-deb -x ./*.deb .
	rm -rf "$2" && mkdir -p "$2"
	cp -a "usr/src/linux-headers-$1/." "$2/"
	cd / && rm -rf "$work"
	touch "$2/complete"
}

# fetch_image KVER DIRECTORY: what boots: vmlinuz, and its modules under root/ as
# they are installed. Debian has put them in one package and in several.
fetch_image() {
	local work package
	[ ! -e "$2/complete" ] || return 0
	work=$(mktemp -d)
	cd "$work"
	for package in linux-{image,base,binary,modules}-"$1"; do
		[ -z "$(has_version "$SUITE" "$package" "$VERSION")" ] || fetch_package "$package"
	done
	for package in ./*.deb; do dpkg-deb -x "$package" .; done
	rm -rf "$2" && mkdir -p "$2/root/lib/modules"
	mv "$(find . -path "*/modules/$1/vmlinuz" -o -path "*/boot/vmlinuz-$1")" "$2/vmlinuz"
	mv "$(find . -type d -path "*/lib/modules/$1")" "$2/root/lib/modules/"
	cd / && rm -rf "$work"
	depmod -b "$2/root" "$1"
	touch "$2/complete"
}
