#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The package has what is to be in it, and lintian has nothing against it.
# Installing it in a clean Debian is make test-deb.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/../../../scripts/lib/common.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

deb=$("$REPO/scripts/build-deb" "$tmp")
dpkg-deb -c "$deb" | awk '{ print $6 }' >"$tmp/files"
for file in usr/bin/kvm-exits usr/share/man/man1/kvm-exits{,-show}.1.gz \
	usr/share/bash-completion/completions/kvm-exits usr/share/zsh/vendor-completions/_kvm-exits \
	usr/share/fish/vendor_completions.d/kvm-exits.fish \
	usr/share/doc/kvm-exits/{copyright,changelog.gz,changelog.Debian.gz,crates.gz}; do
	grep -qxF "./$file" "$tmp/files" || die "no $file in: $(cat "$tmp/files")"
done
if [ -e "$REPO/dist/kvm-exits-export.service" ]; then
	for file in systemd/system/kvm-exits-export.service udev/rules.d/60-kvm-exits.rules sysusers.d/kvm-exits.conf; do
		grep -qE "^\./(usr/)?lib/$file$" "$tmp/files" || die "no $file"
	done
	dpkg-deb -I "$deb" conffiles | grep -qx /etc/default/kvm-exits-export || die 'its settings are not kept'
fi
dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/share/doc/kvm-exits/crates.gz | zcat | grep 'MIT License' >/dev/null || die 'crates without their licenses'

lintian --allow-root --fail-on error,warning "$deb"
