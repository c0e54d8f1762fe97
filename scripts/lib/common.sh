# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What every script here uses: where things are, how to speak, how to fail.
# Sourced, never run. (SC2034: shellcheck sees no use of a variable here.)
# shellcheck disable=SC2034

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/kvm-exit-stats
# The crates that a kernel's build makes modules of.
KERNEL_CRATES=("$REPO"/{rust/module,rust/vmx_caps,lab/bench/naive}/module.rs)

# Everything for people goes to stderr: stdout carries results (paths).
note() { printf '%s\n' "$*" >&2; }
die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit 1
}

# set -e alone ends a script without a word.
trap 'note "${0##*/}: line $LINENO: $BASH_COMMAND: exit code $?"' ERR

# is_debian: and no derivative, whose packages and kernels are others.
is_debian() {
	# shellcheck source=/dev/null
	(ID='' && . "${OS_RELEASE:-/etc/os-release}" && [ "$ID" = debian ])
}

# A rustup toolchain may come first in PATH, and without rust-src it cannot
# build a kernel: name Debian's tools one by one.
use_debian_rust() {
	# Elsewhere they are where the user has them.
	if ! is_debian; then
		export RUSTC=rustc HOSTRUSTC=rustc RUSTDOC=rustdoc RUSTFMT=rustfmt
		export CLIPPY_DRIVER=clippy-driver CARGO=cargo BINDGEN=bindgen
		return
	fi
	export RUSTC=/usr/bin/rustc HOSTRUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc
	export RUSTFMT=/usr/bin/rustfmt CLIPPY_DRIVER=/usr/bin/clippy-driver
	export CARGO=/usr/bin/cargo
	unset RUSTUP_TOOLCHAIN
	if [ -x "$CACHE/bin/bindgen" ]; then
		export BINDGEN=$CACHE/bin/bindgen
	else
		export BINDGEN=bindgen
	fi
	# Debian 12 has several libclangs; bindgen would take the first it sees.
	local d
	for d in /usr/lib/llvm-{21,20,19,18,17}/lib; do
		if [ -e "$d/libclang.so" ] || [ -e "$d/libclang.so.1" ]; then
			export LIBCLANG_PATH=$d
			break
		fi
	done
}

# llvm_option: what makes a kernel build take clang, in the newest version
# that is here with its linker.
llvm_option() {
	local v
	for v in -{22,21,20,19,18,17}; do
		if [ -x "/usr/bin/clang$v" ] && [ -x "/usr/bin/ld.lld$v" ]; then
			echo "LLVM=$v"
			return
		fi
	done
	echo LLVM=1
}

# debian_release: 12, 13, or "sid" for testing and unstable.
debian_release() {
	local ID='' VERSION_ID=''
	# shellcheck disable=SC1091
	. /etc/os-release
	[ "$ID" = debian ] || die "this is '$ID', not Debian: see README.md for what to install by hand"
	case $VERSION_ID in
	12 | 13) echo "$VERSION_ID" ;;
	'') echo sid ;;
	*) if [ "$VERSION_ID" -gt 13 ]; then echo sid; else die "Debian $VERSION_ID is too old: 12 or later is needed"; fi ;;
	esac
}

# hold_sources KDIR: until we end, the sources of a kernel of ours stay as they
# are. While stock KVM is built they are without our patches.
hold_sources() {
	local lock=$1/../../lock fd
	[ ! -e "$lock" ] || { exec {fd}<"$lock" && flock -s "$fd"; }
}

# table_rows FILE...: the rows, columns parted by | alone, without what is for
# people.
table_rows() { sed -E '/^\s*(#|$)/d; s/\s*\|\s*/|/g; s/\s+$//' "$@"; }

# hash_of: the key of a cache entry, from what is read on stdin.
hash_of() { sha256sum | cut -c1-16; }

# own_cache NAME: a directory in the cache that is this checkout's alone. What
# is built from a checkout's files goes there: of two that build at once, in
# one directory, each would take what the other has just written for its own.
own_cache() {
	local own
	own=$CACHE/checkouts/$(echo "$REPO" | hash_of)
	mkdir -p "$own/$1"
	echo "$REPO" >"$own/checkout"
	remove_stale
	echo "$own/$1"
}

# What checkouts have left that are there no more. Not what was in use within
# a day: a container may know the same checkout by another name.
remove_stale() {
	local file
	find "$CACHE/checkouts" -mindepth 2 -maxdepth 2 -name checkout -mmin +1440 | while read -r file; do
		[ -d "$(cat "$file")" ] || rm -rf "${file%/checkout}"
	done
}
