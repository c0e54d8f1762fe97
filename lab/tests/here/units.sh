#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The systemd unit is one, and has as few rights as it says.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/../../../scripts/lib/common.sh"

# Out of 100; one that says nothing has 96. What is left is the network and a
# device, which it is for.
EXPOSURE=20

command -v systemd-analyze >/dev/null || { note "no systemd-analyze here" && exit 0; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

unit=$tmp/kvm-exits-export.service
# It is not installed here, and its manual may not be.
sed "s,^ExecStart=kvm-exits ,ExecStart=$(type -P true) ," "$REPO/dist/kvm-exits-export.service" >"$unit"
grep -q '^ExecStart=/' "$unit" || die 'no ExecStart=kvm-exits'
said=$(systemd-analyze verify --man=no "$unit" 2>&1)
[ -z "$said" ] || die "systemd-analyze verify: $said"
systemd-analyze security --offline=true --threshold="$EXPOSURE" --no-pager "$unit" || die "more rights than exposure $EXPOSURE"
for option in 'IPAddressAllow=localhost' 'DevicePolicy=closed' 'DeviceAllow=/dev/kvm_exit_stats r'; do
	grep -qx "$option" "$unit" || die "no $option"
done
