#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The modules are built and installed as any module is, from the root of the
# repository, and git does not take what that leaves for a source.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/../../../scripts/lib/common.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

kdir=${KDIR:-$("$REPO/scripts/build-kernel")/build}
use_debian_rust
repo=$tmp/repo
mkdir "$repo"
cd "$REPO"
cp -r --parents Kbuild Makefile .gitignore rust/acct rust/module rust/vmx_caps "$repo"
cd "$repo"
git init -q
git add .

hold_sources "$kdir"
kmake() { make -C "$kdir" M="$PWD" RUSTC="$RUSTC" HOSTRUSTC="$HOSTRUSTC" BINDGEN="$BINDGEN" "$@"; }
kmake modules
[ -e rust/module/kvm_exit_stats.ko ] || die 'no kvm_exit_stats.ko'
[ -e rust/vmx_caps/vmx_caps.ko ] || die 'no vmx_caps.ko'
left=$(git ls-files --others --exclude-standard)
[ -z "$left" ] || die "not in .gitignore: $left"

# rust/acct is a source of both, from outside of their directories.
touch -d '1 minute' rust/acct/src/cell.rs rust/acct/src/caps/mod.rs
kmake modules | tee "$tmp/log"
for name in kvm_exit_stats vmx_caps; do
	grep -qE "LD \[M\].* rust/[a-z_]+/$name.ko" "$tmp/log" || die "rust/acct is newer, and $name.ko was left"
done

kmake modules_install INSTALL_MOD_PATH="$tmp/dest"
for name in kvm_exit_stats vmx_caps; do
	find "$tmp/dest" -name "$name.ko" | grep -q . || die "$name.ko was not installed"
done
kmake clean
left=$(git ls-files --others)
[ -z "$left" ] || die "make clean leaves $left"
