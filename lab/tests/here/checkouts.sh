#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Two checkouts share nothing that both write, and what a checkout has built
# goes some time after it.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/../../../scripts/lib/common.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# own CHECKOUT: its directory in a cache of this test's.
own() { XDG_CACHE_HOME=$tmp/cache bash -c '. "$1/scripts/lib/common.sh" && own_cache cli' sh "$1"; }

for name in one two; do
	mkdir "$tmp/$name"
	cp -r "$REPO/scripts" "$tmp/$name/"
done
one=$(own "$tmp/one")
two=$(own "$tmp/two")
[ "$one" != "$two" ] || die "two checkouts have $one"
[ "$(own "$tmp/one")" = "$one" ] || die "one checkout has two"
touch "$one/file" "$two/file"

rm -r "$tmp/one"
own "$tmp/two" >/dev/null
[ -e "$one/file" ] || die "removed within a day"
touch -d '2 days ago' "${one%/*}/checkout" "${two%/*}/checkout"
own "$tmp/two" >/dev/null
[ ! -e "${one%/*}" ] || die "$one is still there"
[ -e "$two/file" ] || die "$two is gone"

# Whoever builds does so there, and says where.
for script in build-cli build-probe; do
	built=$("$REPO/scripts/$script")
	case $built in
	"$(own_cache "${script#build-}")"/*) [ -x "$built" ] || die "$script: no $built" ;;
	*) die "$script built $built" ;;
	esac
done
others=$(grep -nE 'CARGO_TARGET_DIR=' -r "$REPO/scripts" | grep -v 'own_cache' || true)
[ -z "$others" ] || die "not a checkout's own: $others"
