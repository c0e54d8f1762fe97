# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # for who sources this
# Which kernel it is that scripts/build-live builds for, and what it says of
# itself. Sets:
#	KVER, VERSION	the kernel's name, and the version of its packages
#	HEADERS		its configuration, exported symbols and types
#	TREE		src/, and a directory for each kernel of that source
#	WORK		that of this kernel
#	SERIES, PATCHES	the series for it
# Needs lib/common.sh, lib/kernel-tree.sh and lib/debian-kernel.sh.

# Megabytes in the cache, with downloads: of a source, and of each kernel of it.
SOURCE_MB=1300
KERNEL_MB=500
RUNNING_TYPES=/sys/kernel/btf/vmlinux

# locate_debian KVER: no network where the cache has it.
locate_debian() {
	KVER=$1
	local files known=$CACHE/live/versions/$KVER
	SERIES=$(series_of_debian "$KVER")
	check_series
	VERSION='' SUITE=''
	if [ "$KVER" = "$(uname -r)" ]; then
		VERSION=$(running_version)
	elif [ -z "${refresh:-}" ] && [ -e "$known" ] && fetched "$(cat "$known")"; then
		VERSION=$(cat "$known")
	else
		find_suite "$KVER"
		mkdir -p "${known%/*}"
		echo "$VERSION" >"$known"
	fi
	TREE=$CACHE/live/$VERSION
	set_work
	HEADERS=$TREE/$KVER/headers
	files=$(patch_files "$SERIES")
	mapfile -t PATCHES <<<"$files"
	fetched "$VERSION" || [ -n "$SUITE" ] || find_suite "$KVER" "$VERSION"
}

# fetched VERSION
fetched() { [ -e "$CACHE/live/$1/$KVER/headers/complete" ] && [ -e "$CACHE/live/$1/src/.unpacked" ]; }

fetch_debian() {
	! fetched "$VERSION" || return 0
	mkdir -p "$TREE/$KVER"
	fetch_headers "$KVER" "$HEADERS"
	fetch_source "$SERIES"
}

# locate_kdir: a kernel of the user's own.
locate_kdir() {
	local files
	[ -e "$KDIR/.config" ] && [ -e "$KDIR/Module.symvers" ] ||
		die "KDIR=$KDIR is not the build tree of a whole kernel, nor its headers: .config or Module.symvers is missing"
	HEADERS=$(cd "$KDIR" && pwd -P)
	if [ -z "${KSRC:-}" ]; then
		KSRC=$HEADERS
		[ ! -e "$HEADERS/source" ] || KSRC=$HEADERS/source
	fi
	[ -e "$KSRC/MAINTAINERS" ] || die "the source of the kernel in $KDIR is not at $KSRC: name it with KSRC="
	SOURCE=$(cd "$KSRC" && pwd -P)
	KVER=$(cat "$HEADERS/include/config/kernel.release")
	VERSION=$KVER
	SERIES=$(series_of_debian "$KVER")
	check_series
	check_kdir
	TREE=$CACHE/live/kdir-$(echo "$HEADERS $SOURCE" | hash_of)
	set_work
	files=$(patch_files "$SERIES")
	mapfile -t PATCHES <<<"$files"
}

# check_kdir: whether its kernel, as it was built, is one to make modules for.
check_kdir() {
	local theirs=${KVER%%[!0-9.]*} ours
	[ -n "$(kernel_types)" ] ||
		die "KDIR=$KDIR has no vmlinux, which says what the kernel's types are, and only the kernel that runs says so itself: boot $KVER, or name the tree that it was built in"
	kernel_has DEBUG_INFO_BTF=y ||
		die "kernel $KVER does not say what its types are, so nothing could be compared: build it with CONFIG_DEBUG_INFO_BTF"
	! kernel_has KVM=y || die "KVM is built into kernel $KVER, where nothing can replace it: build it with KVM as modules (CONFIG_KVM=m)"
	kvm_modules | grep -q kvm- || die "kernel $KVER has neither kvm-intel nor kvm-amd: build it with CONFIG_KVM_INTEL=m or CONFIG_KVM_AMD=m"
	ours=$(tree_version "$SOURCE")
	[ "$ours" != "$theirs" ] || return 0
	# Ubuntu's kernels all have a 0 there, and the source what it really is.
	[ "${ours%.*}.0" = "$theirs" ] ||
		die "the source at $SOURCE is Linux $ours, and the kernel in $KDIR is $KVER: name the source that this was built from with KSRC="
	note "the source at $SOURCE is Linux $ours; it has to be the one that $KVER was built from"
}

# kernel_has OPTION=VALUE
kernel_has() { grep -qx "CONFIG_$1" "$HEADERS/.config"; }

# kvm_modules: that the kernel has. One of the user's own may be for one vendor's
# processors.
kvm_modules() { sed -nE 's/^CONFIG_(KVM|KVM_INTEL|KVM_AMD)=m$/\L\1/p' "$HEADERS/.config" | tr _ -; }

# set_work: LIVE_CONFIG, options of the kernel's scripts/config, is for tests: what
# is built for another configuration has a place of its own.
set_work() {
	VARIANT=$KVER${LIVE_CONFIG:+-changed}
	WORK=$TREE/$VARIANT
}

# kernel_types: what the running kernel says itself, or what its package or tree
# does; nothing if none does.
kernel_types() {
	if [ "$KVER" = "$(uname -r)" ] && [ -r "$RUNNING_TYPES" ]; then
		echo "$RUNNING_TYPES"
	elif [ -e "$HEADERS/vmlinux" ]; then
		echo "$HEADERS/vmlinux"
	fi
}

# need_space: a disk that fills up leaves half of something.
need_space() {
	local need=0 have
	[ -e "$TREE/src/Kbuild" ] || need=$((need + SOURCE_MB))
	[ -e "$WORK/build/Makefile" ] || need=$((need + KERNEL_MB))
	mkdir -p "$CACHE"
	have=$(df -BM --output=avail "$CACHE" | tail -n 1 | tr -dc 0-9)
	[ "$have" -ge "$need" ] ||
		die "building for $KVER takes $need MB in $CACHE, and $have MB are free there: make room, or name another place with XDG_CACHE_HOME="
}
