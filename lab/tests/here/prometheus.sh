#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Debian's Prometheus scrapes `kvm-exits export`, and has to say what the
# recording says that is played to it; promtool has nothing against metrics and
# alerts; the dashboard's queries give data. Prints the tables of docs/fleet.md.
#
#	lab/tests/here/prometheus.sh [RECORDING]
#
# Without a recording of a real run, one is made up.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/../../../scripts/lib/common.sh"

if [ $# -gt 0 ]; then
	RECORDING=$(realpath "$1")
	export RECORDING
fi
PROMETHEUS=$("$REPO/scripts/fetch-prometheus")
use_debian_rust
CARGO_TARGET_DIR=$(own_cache test)
export PROMETHEUS CARGO_TARGET_DIR
cd "$REPO"
"$CARGO" test --locked -p kvm-exits --test prometheus -- --ignored --nocapture
