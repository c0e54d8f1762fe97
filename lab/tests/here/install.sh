#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make install and make uninstall, into a directory; what was installed runs.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/../../../scripts/lib/common.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# A checkout of its own: this one's out/ is the user's.
repo=$tmp/repo dest=$tmp/dest
mkdir "$repo"
cp -r "$REPO"/{Makefile,docs,scripts} "$repo/"
! make -C "$repo" install DESTDIR="$dest" 2>"$tmp/error" || die 'installed from nothing'
grep -q 'make cli' "$tmp/error" || die "nothing said of make cli: $(cat "$tmp/error")"
[ ! -e "$dest" ] || die 'installed something, from nothing'

"$REPO/scripts/build-cli" --into "$repo/out"
make -C "$repo" install DESTDIR="$dest" PREFIX=/usr
"$dest/usr/bin/kvm-exits" --version
[ ! -e "$dest/lib/modules" ] || die 'a directory for modules that there are not'
make -C "$repo" uninstall DESTDIR="$dest" PREFIX=/usr

KVM_EXIT_OUT=$repo/out/modules "$REPO/scripts/build-modules"
make -C "$repo" install DESTDIR="$dest"
cd / # nothing of the checkout is needed
mv "$repo" "$tmp/away"
"$dest/usr/local/bin/kvm-exits" --version
"$dest/usr/local/sbin/reload-kvm" --help | grep -q -- --restore || die 'reload-kvm --help'
"$dest/usr/local/sbin/live-kvm" --help | grep -q -- --modules || die 'live-kvm --help'
"$dest/usr/local/sbin/nested-paging" --help | grep -q nested-l1 || die 'nested-paging --help'
# It has come past what it sources.
! "$dest/usr/local/sbin/vm-paging" --out "$tmp/vm" -- true 2>"$tmp/error" || die 'vm-paging counts, here?'
grep -qE 'neither VT-x nor SVM|nothing counts|which command' "$tmp/error" || die "vm-paging: $(cat "$tmp/error")"
[ -x "$dest/usr/local/sbin/nested-l1" ] || die 'no nested-l1'
share=$dest/usr/local/share
for file in man/man1/kvm-exits{,-show}.1 bash-completion/completions/kvm-exits \
	zsh/site-functions/_kvm-exits fish/vendor_completions.d/kvm-exits.fish; do
	[ -s "$share/$file" ] || die "no $file"
done
release=$(modinfo -F vermagic "$tmp/away/out/modules/kvm_exit_stats.ko" | cut -d' ' -f1)
for name in kvm_exit_stats vmx_caps; do
	modinfo "$dest/lib/modules/$release/updates/$name.ko" >/dev/null || die "no $name.ko"
done
[ ! -e "$dest/lib/modules/$release/modules.dep" ] || die 'depmod in a DESTDIR'

mv "$tmp/away" "$repo"
make -C "$repo" uninstall DESTDIR="$dest"
left=$(find "$dest" ! -type d)
[ -z "$left" ] || die "left behind: $left"
