#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# On the lab host with a distribution's own kernel: live-kvm takes its KVM out and
# puts ours in, which counts, and puts the kernel's own back; is refused where it
# has to be, and can be killed anywhere.
#
# ./steps: what to do of it, of refusals, swap, carried, kills, restore_kills.

# shellcheck source=lab/crosscheck/counts.sh
. ./counts.sh
# shellcheck source=/dev/null
. ./steps
vendor=$(echo "$KVM_VENDOR" | tr - _)
live=/lab/live
mkdir -p refusals

# identity: what is loaded. Debian's modules have no srcversion, but a build-id.
identity() {
	for name in kvm "$vendor"; do
		if [ -e "/sys/module/$name/srcversion" ]; then
			echo "$name $(cat "/sys/module/$name/srcversion")"
		else
			echo "$name $(od -An -v -tx1 -j16 "/sys/module/$name/notes/.note.gnu.build-id" | tr -d ' \n')"
		fi
	done
}

# untouched: the kernel's own KVM, with its parameters.
untouched() {
	identity >now.ids
	cmp -s stock.ids now.ids || fail "$1: not the kernel's own KVM: $(cat now.ids)"
	same_parameters "$1"
	! grep -q '^kvm_exit_stats' /proc/modules || fail "$1: our module is there"
}

parameters() { grep -s . /sys/module/kvm/parameters/* "/sys/module/$vendor/parameters"/*; }

same_parameters() {
	parameters >now.parameters
	diff stock.parameters now.parameters || fail "$1: other parameters"
}

# refused NAME PATTERN COMMAND...: with words that match; nothing is changed.
refused() {
	name=$1 pattern=$2
	shift 2
	if "$@" >"refusals/$name" 2>&1; then fail "$name: not refused: $*"; fi
	grep -qE -- "$pattern" "refusals/$name" || fail "$name: not '$pattern' but: $(cat "refusals/$name")"
	echo "refused, $name: $(cat "refusals/$name")"
	untouched "$name"
}

# another NAME FILE SED-SCRIPT: the modules, with one file changed.
another() {
	rm -rf "$1" && mkdir "$1"
	cp "$live"/* "$1/"
	sed "$3" "$live/$2" >"$1/$2"
}

refusals() {
	touch sleep
	guest-run --name running guest.sh sleep -- -name guest=web1 >/dev/null 2>&1 &
	until pid=$(pidof qemu-system-x86_64) && kvm_vms; do sleep 0.5; done
	refused vm-running "VMs are running.* $pid \\(qemu-system.*, libvirt domain web1" live-kvm load --modules $live
	kill "$pid"
	wait
	another version manifest 's/^version: /&9/'
	refused other-version 'from the source of 9.* the kernel that runs is of' live-kvm load --modules version
	another kernel manifest 's/^kernel: .*/kernel: 6.12.1/'
	refused other-kernel 'are for kernel 6.12.1, this is' live-kvm load --modules kernel
	another layout layouts.json 's/"name":"kvm_vcpu","layout":{"size":[0-9]*/"name":"kvm_vcpu","layout":{"size":8/'
	refused other-layout 'struct kvm_vcpu: size 8, the kernel.s is' live-kvm load --modules layout
	[ ! -d /lab/data/other ] || refused other-configuration 'struct task_struct: .*, the kernel.s is' live-kvm load --modules /lab/data/other
	refused nothing-built 'no modules in .*make live' live-kvm load --modules /tmp
	mkdir -p /run/kvm-exit-stats
	mount -t tmpfs -o size=1m none /run/kvm-exit-stats
	refused no-space 'kB are free' live-kvm load --modules $live
	umount /run/kvm-exit-stats
	refused nothing-to-restore 'nothing to restore' live-kvm restore
}

# kvm_vms: there is one.
# shellcheck disable=SC2010 # no names of files, and one process
kvm_vms() { ls -l /proc/[0-9]*/fd 2>/dev/null | grep -q anon_inode:kvm-vm; }

# carried: what reload-kvm has changed before is so afterwards, on either KVM, and
# it can take it back; and what somebody has written to one of kvm's own.
carried() {
	poll=/sys/module/kvm/parameters/halt_poll_ns
	poll_before=$(cat $poll)
	echo 12345 >$poll
	# shellcheck disable=SC2086 # a list of parameters
	reload-kvm $SHADOW_PARAMS || fail reload-kvm
	live-kvm load --modules $live || fail load
	parameter_is N 'the KVM that was put in'
	[ "$(cat $poll)" = 12345 ] || fail "halt_poll_ns is $(cat $poll) on the KVM that was put in"
	live-kvm restore || fail restore
	parameter_is N 'the KVM that was restored'
	[ "$(cat $poll)" = 12345 ] || fail "halt_poll_ns is $(cat $poll) on the KVM that was restored"
	echo "$poll_before" >$poll
	reload-kvm --restore || fail 'reload-kvm --restore'
	untouched carried
}

parameter_is() {
	[ "$(cat "/sys/module/$vendor/parameters/$NESTED")" = "$1" ] || fail "$2: $NESTED is not $1"
}

swap() {
	live-kvm load --modules $live leaves=v2 || fail load
	live-kvm status || fail status
	same_parameters load
	refused_in_place
	begin
	# shellcheck disable=SC2086 # two words
	guest-run --kernel probe.elf --append 'mode=all n=50 end=rest' --timeout 1500 -- $QMP \
		-machine kernel-irqchip=on >probe.log 2>&1 &
	until_rest probe.log 'probe: at rest'
	compare live 15
	readable
	end
	# With other paging ours comes back, and counts; modprobe alone brings nothing.
	# shellcheck disable=SC2086 # a list of parameters
	reload-kvm $SHADOW_PARAMS || fail 'reload-kvm'
	live-kvm status || fail 'status after reload-kvm'
	kvm-exits check || fail 'check after reload-kvm'
	rmmod "$vendor"
	if modprobe "$vendor" 2>error; then fail "the kernel's own $vendor loads beside our kvm"; fi
	dmesg | grep 'kvm_init' | tail -n 1
	live-kvm status
	[ $? = 2 ] || fail 'status does not see that it is half'
	live-kvm restore || fail restore
	identity >restored.ids
	untouched restore
	live-kvm status
	[ $? = 1 ] || fail 'status after restore'
	guest-run --name second guest.sh || fail 'a guest on the KVM that was restored'
}

# readable: what the module formats itself, with what it has of Rust in it.
readable() {
	row=$(kvm-exits show --csv | awk -F, -v reason="$REASON_CPUID" '$1 == reason { print $3 }')
	grep -qE "[[:space:]]$row([[:space:]]|\$)" /sys/kernel/debug/kvm_exit_stats/exits ||
		fail "no CPUID row with $row in debugfs: $(cat /sys/kernel/debug/kvm_exit_stats/exits)"
	kvm-exits dump || fail dump
	dmesg | grep 'kvm_exit_stats: ' | tail -n 40 >dump
	grep -i 'cpuid' dump | grep -qE "[^0-9]$row([^0-9]|\$)" || fail "no CPUID row with $row in the dump: $(cat dump)"
}

refused_in_place() {
	if live-kvm load --modules $live >error 2>&1; then fail 'loaded twice'; fi
	grep -q 'already' error || fail "loaded twice: $(cat error)"
}

# kills: each command that changes something is once the last that load comes to;
# then restore does what there is to do.
kills() {
	mkdir shims
	for name in cp insmod kvm-exits mv modprobe rm rmmod; do
		ln -s ../shim "shims/$name"
	done
	killed_everywhere : load --modules $live
	live-kvm restore || fail restore
	untouched 'not killed'
	[ $at -ge 10 ] || fail "killed at $at places only"
	echo $((at - 1)) >kills
	# Of what can be caught it puts back by itself.
	until_command $((at - 2)) TERM load --modules $live
	[ $rc = 1 ] || fail "ended by SIGTERM: exit code $rc"
	untouched 'ended by SIGTERM'
}

# restore_kills: and each of those of restore, which is then done again.
restore_kills() {
	echo 12345 >/sys/module/kvm/parameters/halt_poll_ns
	parameters >stock.parameters
	killed_everywhere put_in restore
	[ $at -ge 6 ] || fail "restore was killed at $at places only"
	at=$(($(cat kills) + at))
	echo $((at - 1)) >kills
}

put_in() { live-kvm load --modules $live >/dev/null || fail load; }

# killed_everywhere FIRST WORD...: live-kvm WORD..., each time after FIRST, killed
# before each of its commands in turn; sets at, one more than there are.
killed_everywhere() {
	first=$1
	shift
	at=0
	while :; do
		at=$((at + 1))
		$first
		until_command $at KILL "$@"
		if [ $rc = 0 ]; then return; fi
		[ $rc = 137 ] || fail "$1, killed at $at: exit code $rc: $(cat kill.log)"
		live-kvm restore >restore.log 2>&1 || grep -q 'nothing to restore' restore.log || fail "$1, killed at $at: $(cat restore.log)"
		echo "$1, killed before command $at, $(cat last-command): $(tail -n 1 restore.log)"
		untouched "$1, killed at $at"
	done
}

# until_command N SIGNAL WORD...: live-kvm, ended by that before its Nth command;
# sets rc.
until_command() {
	echo "$1" >end-at
	echo "$2" >end-by
	echo 0 >commands
	shift 2
	PATH=$PWD/shims:$PATH setsid live-kvm "$@" >kill.log 2>&1
	rc=$?
}

identity >stock.ids
parameters >stock.parameters
for step in $STEPS; do $step; done
[ ! -e restored.ids ] || live-report --crosscheck "$LAB_OUT/${prefix}live.json" --release "$(uname -r)" --version "$(sed -n 's/^version: //p' $live/manifest)" \
	--stock stock.ids --restored restored.ids --refusals refusals ${at:+--kills} ${at:+$(cat kills)} --output "$LAB_OUT/$ISA.json" || exit 1
echo 'PASS: live'
