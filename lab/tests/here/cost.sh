#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# What `top` and `record` take beside a host of 1,024 vCPUs: one read a look, and
# at one look a second `top` less than 1 % of a CPU, `record` less than 2 %.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/../../../scripts/lib/common.sh"

use_debian_rust
KVM_EXITS=$("$REPO/scripts/build-cli")
CARGO_TARGET_DIR=$(own_cache test)
export KVM_EXITS CARGO_TARGET_DIR
cd "$REPO"
"$CARGO" test --locked --package kvm-exits --test cost -- --nocapture
