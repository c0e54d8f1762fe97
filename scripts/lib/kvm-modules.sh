# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# KVM's modules on the host that runs: which there are, who uses them, with what
# parameters; loading them so that they look as they did. For reload-kvm and
# live-kvm. Plain sh: the lab has nothing but busybox.

STATE=/run/kvm-exit-stats
# What live-kvm has put in: the modules, and how to take them out again.
LIVE=$STATE/live

say() { echo "${0##*/}: $*"; }
warn() { echo "${0##*/}: $*" >&2; }
die() {
	warn "$*"
	exit 1
}

# Which vendor module this CPU takes.
find_vendor() {
	if grep -q '^flags.* vmx' /proc/cpuinfo; then
		vendor=kvm_intel config=CONFIG_KVM_INTEL
	elif grep -q '^flags.* svm' /proc/cpuinfo; then
		vendor=kvm_amd config=CONFIG_KVM_AMD
	else
		die "this CPU has no VT-x (and no SVM): it is switched off in the firmware, or this is a virtual machine without nested virtualization"
	fi
}

# One at a time: the second would take what the first has half done for what
# was there before. The kernel gives the lock back, however the holder ends.
# (A busybox without flock is left to itself.)
lock() {
	mkdir -p "$STATE"
	command -v flock >/dev/null || return 0
	exec 9>>"$STATE/lock"
	flock -n 9 || die "another one is at work: $(cat "$STATE/lock")"
	echo "process $$, ${0##*/} $*" >"$STATE/lock"
}

loaded() { [ -d "/sys/module/$1" ]; }

# file_of MODULE: as the kernel's build calls it.
file_of() {
	case $1 in
	kvm_intel) echo kvm-intel.ko ;;
	kvm_amd) echo kvm-amd.ko ;;
	*) echo "$1.ko" ;;
	esac
}

# build_id MODULE: of the one that is loaded. Debian's have no srcversion.
build_id() {
	[ -r "/sys/module/$1/notes/.note.gnu.build-id" ] || return 0
	# Behind the note's header and name, four times four bytes.
	od -An -v -tx1 "/sys/module/$1/notes/.note.gnu.build-id" | tr -d ' \n' | cut -c33-
}

# is_live MODULE: it is loaded, and the one that live-kvm has put in.
is_live() {
	loaded "$1" && [ -e "$LIVE/manifest" ] && grep -qx "build-id: $1 $(build_id "$1")" "$LIVE/manifest"
}

# load MODULE PARAM=VALUE...: from KVM_MODULE_DIR, if that is said; a vendor
# module beside the kvm.ko of live-kvm from where that came; else by modprobe.
load() {
	what=$1
	shift
	if [ -n "${KVM_MODULE_DIR:-}" ]; then
		insmod "$KVM_MODULE_DIR/$(file_of "$what")" "$@"
	elif [ "$what" != kvm ] && is_live kvm; then
		insmod "$LIVE/$(file_of "$what")" "$@"
	else
		modprobe "$what" "$@"
	fi
}

# unload MODULE
unload() {
	loaded "$1" || return 0
	# rmmod, not modprobe -r: what it depends on stays.
	rmmod "$1" || die "$1 does not unload"
}

# fd_holders PATTERN: pids with an open file of that name.
fd_holders() {
	# shellcheck disable=SC2012 # one process for all of /proc: forks are dear in the lab
	ls -l /proc/[0-9]*/fd 2>/dev/null |
		awk -v what="$1" '/^\/proc\// { split($0, part, "/"); pid = part[3] }
			index($0, "-> " what) { print pid }' | sort -un
}

# describe PID...: with the name that libvirt gave the domain.
describe() {
	for pid; do
		domain=$(tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | sed -n 's/^guest=\([^,]*\).*/\1/p' | head -n 1)
		printf ' %s (%s%s)' "$pid" "$(cat "/proc/$pid/comm" 2>/dev/null)" "${domain:+, libvirt domain $domain}"
	done
}

# refuse_in_use MODULE
refuse_in_use() {
	loaded "$1" || return 0
	pids=$(fd_holders anon_inode:kvm-vm)
	# shellcheck disable=SC2086 # a list of pids
	[ -z "$pids" ] || die "VMs are running; end these processes first:$(describe $pids)"
	users=$(cat "/sys/module/$1/refcnt")
	[ "$users" = 0 ] && return
	pids=$(fd_holders /dev/kvm)
	# shellcheck disable=SC2086
	die "$1 is in use ($users times)${pids:+; /dev/kvm is open in:$(describe $pids)}"
}

# What a word is to the kernel's kstrtobool(), as it prints it.
bool() {
	case $1 in
	[eEyYtT1]* | [oO][nN]*) echo Y ;;
	[dDnNfF0]* | [oO][fF]*) echo N ;;
	esac
}

# same HAVE WANT: what the kernel shows is what was asked. It shows a bool as Y
# or N and a number in decimal, and takes either in more than one way.
same() {
	[ "$1" != "$2" ] || return 0
	case $1 in
	Y | N) [ "$1" = "$(bool "$2")" ] ;;
	*)
		# Of any base, and fails for what is none.
		have=$(printf %d "$1" 2>/dev/null) && want=$(printf %d "$2" 2>/dev/null) && [ "$have" = "$want" ]
		;;
	esac
}

# check_values MODULE PARAM=VALUE...: what was asked is what there is.
check_values() {
	asked=$1
	shift
	for word; do
		path=/sys/module/$asked/parameters/${word%%=*}
		[ -r "$path" ] || continue
		shown=$(cat "$path")
		same "$shown" "${word#*=}" || {
			warn "asked for $word, $asked has ${word%%=*}=$shown"
			return 1
		}
	done
}

# snapshot MODULE FILE: its parameters as they are; an empty file: not loaded.
snapshot() {
	: >"$2"
	loaded "$1" || return 0
	for path in "/sys/module/$1/parameters"/*; do
		[ ! -r "$path" ] || echo "${path##*/}=$(cat "$path")" >>"$2"
	done
}

# differing MODULE FILE: what the loaded one has otherwise than the snapshot. Not
# those that are more than a word, with which KVM says what others came to
# (vmentry_l1d_flush: "EPT disabled") and which cannot be written as they read.
differing() {
	while read -r word; do
		case $word in
		*' '*) ;;
		*) check_values "$1" "$word" 2>/dev/null || printf ' %s' "$word" ;;
		esac
	done <"$2"
}

# bring_back MODULE FILE: load it so that it looks like the snapshot. First
# without parameters; those that then differ are named. Not all of them: some
# cannot be written as they read.
bring_back() {
	unload "$1"
	[ -s "$2" ] || return 0
	load "$1" || return 1
	differ=$(differing "$1" "$2")
	[ -n "$differ" ] || return 0
	unload "$1"
	# shellcheck disable=SC2086 # a list of parameters
	load "$1" $differ && check_values "$1" $differ
}

# this_load MODULE: which load of it this is, by the inode of its directory in
# sysfs: each new directory gets the next number, and none has one that was
# another's (kernfs_new_node()). Its times are of no use, sysfs makes them up when
# asked; its parameters neither, since who loads it by hand may name those that we
# did.
this_load() { if loaded "$1"; then stat -c %i "/sys/module/$1"; else echo none; fi; }
