#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The man pages are clean, and each shell completes commands, options and the
# values of options.
set -euo pipefail
# shellcheck source=scripts/lib/common.sh
. "$(dirname "$0")/../../../scripts/lib/common.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

"$REPO/scripts/build-cli" --into "$tmp" >/dev/null
"$tmp/kvm-exits" --help | sed -nE 's/^  ([a-z]+) +[A-Z].*/\1/p' | grep -vx help >"$tmp/commands"
[ -s "$tmp/commands" ] || die 'kvm-exits --help lists no command'

# A paragraph is a line: only STYLE has anything against that.
mandoc -T lint -W warning "$tmp"/man/*.1
for page in "$tmp"/man/*.1; do
	said=$(LC_ALL=C.UTF-8 MANWIDTH=80 man --warnings -E UTF-8 -l "$page" 2>&1 >"$tmp/page")
	[ -z "$said" ] || die "$page: $said"
	grep -q '^EXAMPLES' "$tmp/page" || die "$page: no examples in $(cat "$tmp/page")"
done
while read -r command; do
	[ -e "$tmp/man/kvm-exits-$command.1" ] || die "no page of $command"
done <"$tmp/commands"

# in_bash WORD...: what bash offers for the last word, a line each.
in_bash() {
	# shellcheck disable=SC2016 # for that bash
	bash --norc -c '. "$1/completions/kvm-exits.bash" && shift
		compopt() { :; }
		function=$(complete -p "$1" | sed -E "s/.* -F ([^ ]+) .*/\1/")
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		"$function" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		printf "%s\n" "${COMPREPLY[@]}"' bash "$tmp" "$@"
}
# in_fish LINE
in_fish() { fish --no-config -c "source $tmp/completions/kvm-exits.fish; complete -C '$1'" | cut -f1; }
# in_zsh LINE: what zsh makes of it, which completes in its line editor alone:
# typed on a pty, with a key that writes down what the line has become.
in_zsh() {
	rm -f "$tmp/line"
	# shellcheck disable=SC2016 # for zsh
	timeout 30 zsh -f -c '
		zmodload zsh/zpty
		zpty z TERM=dumb zsh -f -i
		zpty -w z "cd $1; fpath=($1/completions \$fpath); autoload -U compinit; compinit -u -D"
		zpty -w z "note() { print -r -- \$BUFFER >$1/line.new; mv $1/line.new $1/line }; zle -N note; bindkey ^X note"
		zpty -n -w z "$2"$'"'\\t\\x18'"'
		until [[ -e $1/line ]]; do sleep 0.1; done
		zpty -d z' zsh "$tmp" "$1"
	cat "$tmp/line"
}

has() {
	local what=$1
	shift
	"$@" | sed 's/ *$//' >"$tmp/offered"
	grep -qxF -- "$what" "$tmp/offered" || die "$*: no '$what' in: $(paste -sd' ' "$tmp/offered")"
}

while read -r command; do
	has "$command" in_bash kvm-exits ''
	has "$command" in_fish 'kvm-exits '
done <"$tmp/commands"
touch "$tmp/host.snap"
cd "$tmp"
has --by in_bash kvm-exits show --b
has --by in_fish 'kvm-exits show --b'
has 'kvm-exits show --by=' in_zsh 'kvm-exits show --b'
has cycles in_bash kvm-exits top --sort ''
has cycles in_fish 'kvm-exits top --sort '
has 'kvm-exits top --sort cycles' in_zsh 'kvm-exits top --sort cy'
has host.snap in_bash kvm-exits show --from ho
has host.snap in_fish 'kvm-exits show --from ho'
has 'kvm-exits show --from host.snap' in_zsh 'kvm-exits show --from ho'
has 'kvm-exits check' in_zsh 'kvm-exits che'
