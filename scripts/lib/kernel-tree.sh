# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # TREE, SOURCE, VERSION, PATCHES are for who sources this
# One unpacked kernel source a version, with our patches put on and taken off.
# Files are touched only when their text changes, so that make rebuilds what a
# new patch concerns and no more.
# Needs lib/common.sh, lib/progress.sh and lib/series.sh.

# What the lab's emulators make necessary; under our patches, and under none.
LAB_PATCHES=("$REPO"/lab/emulator/*.patch)

# Half of the kernel's source in bytes, which no configuration of ours compiles.
# Kconfig and make look for what stays.
UNUSED=(drivers/{gpu,infiniband,media,net,staging} sound)

# unpack_options: patterns for tar that leave it out.
unpack_options() {
	local dir
	for dir in "${UNUSED[@]}"; do
		printf -- '--exclude=%s\n' "linux-source-[0-9].[0-9]/$dir/*.[ch]" "linux-source-[0-9].[0-9][0-9]/$dir/*.[ch]"
	done
	printf -- '--exclude=%s\n' '*.dts' '*.dtsi'
}

# tree_version DIRECTORY: as its Makefile has it.
tree_version() { sed -nE 's/^(VERSION|PATCHLEVEL|SUBLEVEL) = ([0-9]+)$/\2/p' "$1/Makefile" | paste -sd.; }

# locate_source: which source, and where it is built.
#	SOURCE	tarball, or the user's tree (KSRC)
#	TREE	our directory for it: src/, orig/, one directory a variant
#	PATCHES	our patches for it, in order
locate_source() {
	local files
	check_series
	if [ -n "${KSRC:-}" ]; then
		[ -e "$KSRC/Kbuild" ] && [ -e "$KSRC/MAINTAINERS" ] || die "KSRC=$KSRC is not a Linux source tree"
		SOURCE=$(cd "$KSRC" && pwd)
		VERSION=$(tree_version "$SOURCE")
		TREE=$CACHE/kernel/ksrc-$(echo "$SOURCE" | hash_of)
	else
		SOURCE=$("$REPO/scripts/fetch-kernel")
		[ -e "$SOURCE" ] || die "fetch-kernel found no source"
		VERSION=$(basename "$SOURCE" .tar.xz)
		VERSION=${VERSION#linux-}
		TREE=$CACHE/kernel/$VERSION
	fi
	# Not from a process substitution: its failure would go unseen.
	files=$(patch_files "$(series_of "$VERSION")")
	mapfile -t PATCHES <<<"$files"
}

unpack_source() {
	mkdir -p "$TREE/orig"
	if [ -n "${KSRC:-}" ]; then
		sync_ksrc
	elif [ ! -e "$TREE/src/.unpacked" ]; then
		local options
		mapfile -t options < <(unpack_options)
		rm -rf "$TREE/src" "$TREE/orig" && mkdir -p "$TREE/src" "$TREE/orig"
		run_logged "$TREE/unpack.log" "unpack $(basename "$SOURCE")" \
			tar -xf "$SOURCE" -C "$TREE/src" --strip-components=1 --anchored "${options[@]}"
		touch "$TREE/src/.unpacked"
	fi
}

# The user's tree, without what was built in it and what is unused. Files that our patches touch
# go to orig/ only: apply_patches makes src/ of them.
sync_ksrc() {
	local touched unused
	touched=$(touched_files)
	mapfile -t unused < <(printf -- '--exclude=/%s/**.[ch]\n' "${UNUSED[@]}")
	mkdir -p "$TREE/src"
	run_logged "$TREE/unpack.log" "copy $SOURCE" rsync -a --delete \
		--exclude='/.git' --exclude='*.o' --exclude='*.ko' --exclude='*.cmd' --exclude='*.a' \
		--exclude='/.config*' --exclude='/include/config' --exclude='/include/generated' \
		--exclude='/arch/x86/include/generated' --exclude='/vmlinux*' --exclude='/Module.symvers' \
		--exclude='/.unpacked' --exclude='*.dts' --exclude='*.dtsi' "${unused[@]}" --exclude-from=<(sed 's,^,/,' <<<"$touched") "$SOURCE/" "$TREE/src/"
	local file
	for file in $touched; do
		if [ -e "$SOURCE/$file" ]; then
			install -D -p -m 644 "$SOURCE/$file" "$TREE/orig/$file"
			rm -f "$TREE/orig/$file.absent"
		fi
	done
}

# Every file that any of our patches, now or last time, changes or adds.
touched_files() {
	{
		[ ! -e "$TREE/touched" ] || cat "$TREE/touched"
		sed -nE 's,^(---|\+\+\+) [ab]/([^[:space:]]+).*,\2,p' "${LAB_PATCHES[@]}" "${PATCHES[@]}"
	} | sort -u
}

# put_on DIRECTORY PATCH...: all of them, and a word on each hunk that does not
# fit or fits only with some of its context ignored.
put_on() {
	local dir=$1 patch log rc=0
	shift
	for patch in "$@"; do
		log=$(patch -d "$dir" -p1 -f --no-backup-if-mismatch -r - <"$patch") || rc=1
		awk -v patch="$(basename "$patch")" '
			/^patching file / { file = $3 }
			/FAILED at|with fuzz|No file to patch/ { print patch ": " file ": " $0 }' <<<"$log" >&2
	done
	return $rc
}

# apply_patches PATCH...: src/ becomes the original plus the lab's and exactly these.
apply_patches() {
	local touched file new
	touched=$(touched_files)
	new=$(mktemp -d)
	for file in $touched; do
		if [ ! -e "$TREE/orig/$file" ] && [ ! -e "$TREE/orig/$file.absent" ]; then
			mkdir -p "$TREE/orig/$(dirname "$file")"
			if [ -e "$TREE/src/$file" ]; then
				cp -p "$TREE/src/$file" "$TREE/orig/$file"
			else
				touch "$TREE/orig/$file.absent"
			fi
		fi
		[ ! -e "$TREE/orig/$file" ] || install -D -p -m 644 "$TREE/orig/$file" "$new/$file"
	done
	put_on "$new" "${LAB_PATCHES[@]}" "$@" || {
		rm -rf "$new"
		die "the patches do not apply to Linux $VERSION: docs/porting.md says how to bring them there (a tree that has them already needs none: use one without)"
	}
	for file in $touched; do
		if [ ! -e "$new/$file" ]; then
			rm -f "$TREE/src/$file"
		elif ! cmp -s "$new/$file" "$TREE/src/$file"; then
			install -D -m 644 "$new/$file" "$TREE/src/$file"
		fi
	done
	printf '%s\n' "$touched" >"$TREE/touched"
	rm -rf "$new"
}

# The times of the patched files, so that taking the patches off and on again
# can go unseen.
save_patched_times() {
	local file
	rm -rf "$TREE/times"
	for file in $(touched_files); do
		[ ! -e "$TREE/src/$file" ] || (mkdir -p "$TREE/times/$(dirname "$file")" && touch -r "$TREE/src/$file" "$TREE/times/$file")
	done
}

restore_patched_times() {
	local file
	for file in $(touched_files); do
		[ ! -e "$TREE/times/$file" ] || touch -r "$TREE/times/$file" "$TREE/src/$file"
	done
	rm -rf "$TREE/times"
}
