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
mkdir -p "$tmp/kdir"
touch "$tmp"/kdir/{.config,Module.symvers,vmlinux}
refused 'name it with KSRC=' env KDIR="$tmp/kdir" "$live"

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
refused '^ *sudo apt-get .*install .* rustc.* pahole' "$REPO/scripts/setup" --live
! grep -qx install "$tmp/out" || die 'setup --live calls apt-get'
