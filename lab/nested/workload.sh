#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What a compile does to page tables, piece by piece, each timed; then a
# compile, where there is something to compile. In L2, or with one level in L1.
set -e
# shellcheck source=lab/nested/settings
. ./settings
chmod +x timed

many() {
	i=0
	while [ $i -lt "$1" ]; do
		"$2" "$i"
		i=$((i + 1))
	done
}
fork_exec() { /bin/busybox true; }
# A buffer of 256 KiB is mapped, touched and given back.
map_touch() { dd if=/dev/zero of=/dev/null bs=262144 count=1 2>/dev/null; }
touch_file() { echo "$1" >"/tmp/touched$1"; }
through_pipe() { echo "$1" | cat >/dev/null; }
compile() {
	for file in /compile/src/*.c; do
		tcc -B/compile/tcc -I/compile/tcc/include -I/compile/include -I/compile/src -c -o "/tmp/$(basename "$file").o" "$file"
	done
}

case ${1-} in
'') ;;
*) "$@"; exit ;;
esac

./timed fork+exec "$0" many "$TIMES" fork_exec
./timed mmap+touch "$0" many "$TIMES" map_touch
./timed files "$0" many "$TIMES" touch_file
./timed pipe "$0" many "$TIMES" through_pipe
[ ! -e compile.tar ] || {
	tar -xf compile.tar -C /
	./timed compile "$0" compile
}
