#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# make rust-analyzer describes the crates of the modules, with all that they
# are made of, and leaves the workspace to Cargo.toml.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/../../../scripts/lib/common.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# Not into rust/: what is there may be for another kernel.
project=$(KVM_EXIT_OUT=$tmp "$REPO/scripts/rust-analyzer")
[ "$project" = "$tmp/rust-project.json" ] || die "it is in $project"
[ ! -e "$REPO/rust-project.json" ] || die 'rust-project.json at the root hides Cargo.toml'
grep -qxF /rust/rust-project.json "$REPO/.gitignore" || die 'git takes rust/rust-project.json for a source'

# of_ours FILTER: of each of our crates.
of_ours() { jq -r --arg repo "$REPO/" ".crates[] | select(.root_module | startswith(\$repo)) | $1" "$project"; }

diff <(of_ours .root_module | sort) <(printf '%s\n' "${KERNEL_CRATES[@]}" | sort) || die 'not the crates of the modules'
jq -r '.sysroot_src, (.crates[] | .root_module, .proc_macro_dylib_path // empty, .source.include_dirs[]?)' "$project" |
	while read -r path; do
		[ -e "$path" ] || die "no $path"
	done

# What is taken away must not shift what another means by a number.
wrong=$(jq -r '.crates as $all | .crates[].deps[] | select($all[.crate].display_name != .name) | .name' "$project")
[ -z "$wrong" ] || die "another crate than $wrong"
lack=$(of_ours 'select([.deps[].name] | index("kernel") | not) | .root_module')
[ -z "$lack" ] || die "without the kernel crate: $lack"
of_ours .env.KVM_EXIT_HOOKS_BINDINGS | while read -r bindings; do
	grep -q 'struct kvm_exit_hooks' "$bindings" || die "no bindings in $bindings"
done
lack=$(of_ours 'select(.cfg | index("MODULE") | not) | .root_module')
[ -z "$lack" ] || die "compiled as no module: $lack"
