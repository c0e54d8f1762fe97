#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the lab host: does every case of the probe cause the exit it is for? Each
# exit is booked by its reason and the guest's instruction pointer, which the
# symbols lead back to the operation.
#
#	scripts/lab run lab/guest/probe/verify.sh lab/vendor.sh probe.elf probe.map
#
# (the last two as make -C lab/guest/probe O=DIR leaves them in DIR).
#
# A line each: case, times, expected reason, exits of that reason in the
# operation itself, and anywhere; what else the operation exited for.

# shellcheck source=lab/vendor.sh
. ./vendor.sh
TIMES=100
# What the machine cannot do: QEMU's emulator reports INVD as WBINVD, and its
# CPU has neither MONITOR (#UD comes instead) nor a filter for PAUSE.
LACKING=
[ "$LAB_MACHINE" != tcg-svm ] || LACKING='invd monitor mwait pause'
EVENT=/sys/kernel/tracing/events/kvm/kvm_exit
TRIGGER='hist:keys=exit_reason,guest_rip:size=16384'

# check NAME: reads what the probe printed and what was booked.
check() {
	awk -v paging="$1" -v lacking=" $LACKING " '
	BEGIN { symbols = 0 }
	# A leading zero would make the number octal to busybox.
	FILENAME ~ /map$/ { sub(/^0+/, ""); address[symbols] = $1 + 0; symbol[symbols++] = $3; next }
	FILENAME ~ /hist$/ {
		if ($1 != "{") next
		gsub(/[,:]/, " ")
		reason = $3; rip = $5 + 0; count = $8
		low = 0; high = symbols
		while (high - low > 1) {
			middle = int((low + high) / 2)
			if (address[middle] <= rip) low = middle; else high = middle
		}
		all[reason] += count
		own[symbol[low], reason] += count
		if (!((symbol[low], reason) in seen)) {
			seen[symbol[low], reason] = 1
			reasons[symbol[low]] = reasons[symbol[low]] " " reason
		}
		next
	}
	$1 == "case" && $3 == "skipped:" { print $0; next }
	$1 == "case" {
		sub(/\r$/, "")
		symbol_of = "op_" $2; gsub(/-/, "_", symbol_of)
		expected = paging == $5 ? $6 : $8
		others = ""
		for (i = split(reasons[symbol_of], list, " "); i > 0; i--)
			if (list[i] != expected)
				others = others " " list[i] ":" own[symbol_of, list[i]]
		verdict = "ok"
		if (expected == "none") {
			if (others != "") verdict = "more"
		} else {
			found = own[symbol_of, expected] + 0
			total = all[expected] + 0
			if (total < ($9 == "some" ? 1 : $4 - 1)) {
				verdict = "lacking"
				if (!index(lacking, " " $2 " ")) { verdict = "MISSING"; bad = 1 }
			}
			# The first access to a page may be of another reason.
			else if (found < $4 - 1) verdict = $9 == "some" ? "some" : "elsewhere"
		}
		printf "%-9s %-17s %4d x %4s: %6d in it, %6d in all;%s\n", verdict, $2, $4, expected, found, total, others
		found = total = 0
	}
	/^probe:/ { print; if ($0 !~ /at rest/) bad = 1 }
	END { exit bad }
	' probe.map "$1.hist" "$1.log"
}

# one_run NAME PARAM=VALUE...
one_run() {
	name=$1
	shift
	echo "== $name: $*"
	reload-kvm "$@"
	echo "$TRIGGER" >$EVENT/trigger
	guest-run --kernel probe.elf --append "mode=all n=$TIMES end=exit" -- \
		-machine kernel-irqchip=on -device isa-debug-exit,iobase=0xf4,iosize=4 >"$name.log"
	tail -n 1 "$name.log"
	cat $EVENT/hist >"$name.hist"
	echo "!$TRIGGER" >$EVENT/trigger
	cp "$name.log" "$name.hist" "$LAB_OUT/"
	check "$name" || status=1
}

status=0
# shellcheck disable=SC2086 # lists of parameters
one_run $NESTED $NESTED_PARAMS
# shellcheck disable=SC2086
one_run shadow $SHADOW_PARAMS
exit $status
