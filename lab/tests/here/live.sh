#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Whoever asks build-live for a kernel that it cannot build for is told why, and
# what to do. Building is make test-live.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/../../../scripts/lib/common.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
unset KVER KDIR KSRC SERIES SUITES
export XDG_CACHE_HOME=$tmp/cache
mkdir "$tmp/bin"
series=$(find "$REPO/patches" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort -V | tail -n 1)
kernel=$series.4+deb13-amd64

# An archive: lines "PACKAGE VERSION".
cat >"$tmp/bin/apt-get" <<'END'
#!/bin/sh
exit 0
END
cat >"$tmp/bin/apt-cache" <<'END'
#!/bin/sh
for package; do :; done
awk -v package="$package" '$1 == package { print $1 " | " $2 " | " }' "${0%/bin/*}/archive"
END
cat >"$tmp/bin/uname" <<'END'
#!/bin/sh
[ "$1" = -v ] && file=version || file=release
cat "${0%/bin/*}/$file"
END
chmod +x "$tmp"/bin/*
export PATH=$tmp/bin:$PATH

# running RELEASE VERSION: the kernel that runs.
running() {
	echo "$1" >"$tmp/release"
	echo "#1 SMP PREEMPT_DYNAMIC $2 (2026-11-15)" >"$tmp/version"
}

# refused PATTERN COMMAND...
refused() {
	local pattern=${1//+/[+]} rc=0
	shift
	"$@" >"$tmp/out" 2>&1 || rc=$?
	[ "$rc" != 0 ] || die "not refused: $*"
	grep -qE "$pattern" "$tmp/out" || die "$*: not \"$pattern\" but: $(cat "$tmp/out")"
}

live=$REPO/scripts/build-live
running "$kernel" "Debian $series.4-1~bpo13+1"
: >"$tmp/archive"
refused "no linux-headers-$kernel $series.4-1~bpo13+1 in: .* KDIR=" "$live"
echo "linux-headers-$kernel $series.4-2" >"$tmp/archive"
refused "in version $series.4-2, and the one that runs here is $series.4-1.*reboot" "$live"
refused 'none for 6.12; docs/porting.md' "$live" 6.12.5+deb13-amd64
refused 'not a kernel.s name' env KVER=newest "$live"
refused 'usage' "$live" --help
refused 'usage' "$live" "$kernel" more
refused "no linux-headers-$series.9+deb13-amd64 in" "$live" "$series.9+deb13-amd64"
running "$kernel" 'custom'
refused 'not one that Debian built: .* KDIR=' "$live"

# The source has to be of the same version.
fetch() {
	bash -c 'for f in common progress mirror apt-private series debian-kernel; do . "$1/scripts/lib/$f.sh"; done
		SUITE=sid VERSION=$2 && fetch_source "$3"' sh "$REPO" "$1" "$series"
}
echo "linux-source-$series $series.4-2" >"$tmp/archive"
refused "the kernel $series.4-1, but no linux-source-$series of that version" fetch "$series.4-1"

# Trees of one's own.
refused 'is not the build tree of a whole kernel' env KDIR="$tmp" "$live"
refused 'name one of them' env KDIR="$tmp" "$live" "$kernel"
refused 'a source has no configuration' env KSRC="$tmp" "$live"
mkdir -p "$tmp"/kdir/include/config "$tmp/ksrc"
touch "$tmp"/kdir/{.config,Module.symvers,vmlinux} "$tmp/ksrc/MAINTAINERS"
refused 'name it with KSRC=' env KDIR="$tmp/kdir" "$live"

# own OPTION...: build-live for a kernel of that configuration, its source beside it.
own() {
	printf 'CONFIG_%s\n' "$@" >"$tmp/kdir/.config"
	KDIR=$tmp/kdir KSRC=$tmp/ksrc "$live"
}
echo "$series.4-own" >"$tmp/kdir/include/config/kernel.release"
# source_is SUBLEVEL
source_is() { printf 'VERSION = %d\nPATCHLEVEL = %d\nSUBLEVEL = %d\nEXTRAVERSION =\n' "${series%.*}" "${series#*.}" "$1" >"$tmp/ksrc/Makefile"; }
source_is 4
whole=(DEBUG_INFO_BTF=y KVM=m KVM_AMD=m)
rm "$tmp/kdir/vmlinux"
refused "has no vmlinux.* boot $series.4-own, or" own "${whole[@]}"
touch "$tmp/kdir/vmlinux"
refused 'does not say what its types are.*CONFIG_DEBUG_INFO_BTF' own KVM=m KVM_AMD=m
refused 'built into kernel .*CONFIG_KVM=m' own DEBUG_INFO_BTF=y KVM=y KVM_AMD=y
refused 'neither kvm-intel nor kvm-amd' own DEBUG_INFO_BTF=y KVM=m
source_is 5
refused "is Linux $series.5, and the kernel in .* is $series.4-own: .*KSRC=" own "${whole[@]}"

# live_step COMMAND...: one step of build-live for the kernel in kdir.
live_step() {
	bash -c 'for f in common progress series kernel-tree debian-kernel live-kernel live-build; do . "$0/scripts/lib/$f.sh"; done
		HEADERS=$1/kdir KDIR=$1/kdir SOURCE=$1/ksrc TREE=$1/tree RUNNING_TYPES=$1/btf KVER=$2 && set_work
		shift 2 && "$@"' "$REPO" "$tmp" "$kver" "$@"
}

# The source of an Ubuntu kernel has the number that its name has not.
printf 'CONFIG_%s\n' "${whole[@]}" >"$tmp/kdir/.config"
kver=$series.0-15-generic live_step check_kdir 2>"$tmp/out" || die "$(cat "$tmp/out")"
grep -q "is Linux $series.5; it has to be" "$tmp/out" || die "no word of the source's version: $(cat "$tmp/out")"
# The running kernel says itself what its types are.
kver=$series.4-own
running "$kver" 'custom'
touch "$tmp/btf"
[ "$(live_step kernel_types)" = "$tmp/btf" ] || die 'the running kernel is not asked for its types'

# What Rust changes in a configuration is taken, but for what a layout does not show.
echo '+CONFIG_RUST=y' >"$tmp/diff"
live_step check_changed "$tmp/diff"
echo '+CONFIG_CFI_ICALL_NORMALIZE_INTEGERS=y' >>"$tmp/diff"
refused 'CONFIG_CFI_ICALL_NORMALIZE_INTEGERS=y' live_step check_changed "$tmp/diff"

# Of CRCs the build's copy of Kconfig no longer speaks, of all else it does.
mkdir -p "$tmp/tree/src/init"
printf 'config RUST\n\tdepends on %s\n\tdepends on %s\n\thelp\n' '!MODVERSIONS || GENDWARFKSYMS' '!RANDSTRUCT' >"$tmp/tree/src/init/Kconfig"
live_step free_of_crcs
[ "$(grep -c depends "$tmp/tree/src/init/Kconfig")" = 1 ] || die "Kconfig: $(cat "$tmp/tree/src/init/Kconfig")"
# What Rust does not go with is named, where it is not Rust that is missing.
mkdir -p "$tmp/tree/$kver/build"
refused '^CONFIG_RUST depends on !RANDSTRUCT$' live_step eval 'live_make() { true; } && explain_no_rust'
refused 'Rust on this machine' live_step eval 'live_make() { false; } && explain_no_rust'
! grep -q RANDSTRUCT "$tmp/out" || die 'a machine without Rust is told of RANDSTRUCT'
rm -r "$tmp/tree"

# Of the source no more is copied than is looked at.
mkdir -p "$tmp/ksrc/drivers/gpu/drm/i915" "$tmp/ksrc/drivers/base"
touch "$tmp"/ksrc/drivers/gpu/drm/{Kconfig,drv.c,i915/drv.h} "$tmp/ksrc/drivers/base/core.c"
live_step sync_ksrc 2>/dev/null
(cd "$tmp/tree/src" && find . -type f | sort) >"$tmp/copied"
diff "$tmp/copied" - <<'END'
./MAINTAINERS
./Makefile
./drivers/base/core.c
./drivers/gpu/drm/Kconfig
END
rm -r "$tmp/tree"

# A disk that is too small. What is there already takes no room again.
cat >"$tmp/bin/df" <<'END'
#!/bin/sh
printf 'Avail\n%sM\n' "$(cat "${0%/bin/*}/free")"
END
chmod +x "$tmp/bin/df"
echo 1000 >"$tmp/free"
refused "takes [0-9]* MB in $tmp/cache/kvm-exit-stats, and 1000 MB are free there: .*XDG_CACHE_HOME=" live_step need_space
mkdir -p "$tmp/tree/src"
touch "$tmp/tree/src/Kbuild"
live_step need_space
echo 100 >"$tmp/free"
refused 'and 100 MB are free' live_step need_space

# Elsewhere than on Debian the names of packages are not known, and not needed.
echo 'ID=arch' >"$tmp/os-release"
mkdir "$tmp/few"
ln -s "$(command -v bash)" "$(command -v dirname)" "$tmp/few/"
refused 'these commands are missing: gcc .* rustc .* bindgen' \
	env OS_RELEASE="$tmp/os-release" PATH="$tmp/few" "$BASH" "$REPO/scripts/setup" --live

# A machine that lacks something is not changed, root or not.
cat >"$tmp/bin/dpkg-query" <<'END'
#!/bin/sh
exit 1
END
chmod +x "$tmp/bin/dpkg-query"
sed -i '2a echo install >&2' "$tmp/bin/apt-get"
refused '^ *sudo apt-get .*install .* pahole.* rustc' "$REPO/scripts/setup" --live
! grep -qx install "$tmp/out" || die 'setup --live calls apt-get'
