# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The machine the lab host runs on: Bochs, an emulator that implements VMX,
# QEMU's emulator, which implements SVM, or QEMU/KVM where this machine hands
# the one that it has on to its guests.
# Needs lib/common.sh.

# Instructions that make a second of the lab host's clock, which is also its
# TSC frequency: about what Bochs does in a second of a 2020s core.
LAB_IPS=50000000
LAB_MEM=512
LAB_APPEND=
LAB_CPUS=1
# Bochs wants a disk of whole cylinders: 16 heads, 63 sectors of 512 bytes.
LAB_CYLINDER=$((16 * 63 * 512))

# choose_machine: bochs (VMX), tcg-svm (QEMU's emulator with SVM), tcg (with
# neither), tcg-no-tsc (SVM and a TSC of no use) or qemu (KVM).
choose_machine() {
	case ${LAB_MACHINE:-} in
	bochs | qemu | tcg | tcg-svm | tcg-no-tsc) echo "$LAB_MACHINE" ;;
	'') if [ -n "$(nested_vendor)" ]; then echo qemu; else echo bochs; fi ;;
	*) die "LAB_MACHINE=$LAB_MACHINE: only bochs, qemu, tcg, tcg-svm and tcg-no-tsc are known" ;;
	esac
}

# cpu_vendor: vmx or svm, what this machine's processor has; nothing if neither.
cpu_vendor() { grep -m 1 '^flags' /proc/cpuinfo | grep -owE 'vmx|svm' || true; }

# nested_vendor: vmx or svm, where this machine hands it on to its guests.
# /dev/kvm alone says little: it may be a hypervisor's without VMX behind it.
nested_vendor() {
	local vendor module
	vendor=$(cpu_vendor)
	case $vendor in
	vmx) module=kvm_intel ;;
	svm) module=kvm_amd ;;
	*) return 0 ;;
	esac
	{ : <>/dev/kvm; } 2>/dev/null || return 0
	! grep -q '[Y1]' /sys/module/$module/parameters/nested 2>/dev/null || echo "$vendor"
}

# vendor_of MACHINE: whose virtualization it has: vmx, svm or nothing.
vendor_of() {
	case $1 in
	bochs) echo vmx ;;
	tcg-svm) echo svm ;;
	qemu) cpu_vendor ;;
	esac
}

# machine_of VENDOR: the machine that has vmx or svm: this one's own, where it
# can be had, else an emulator. Nothing where LAB_MACHINE is another vendor's.
machine_of() {
	local machine
	machine=$(choose_machine)
	if [ "$(vendor_of "$machine")" = "$1" ]; then
		echo "$machine"
	elif [ -z "${LAB_MACHINE:-}" ]; then
		case $1 in
		vmx) echo bochs ;;
		svm) echo tcg-svm ;;
		esac
	fi
}

# all_machines: those that have VMX or SVM, one of each, or LAB_MACHINE alone.
all_machines() {
	choose_machine >/dev/null # or nothing of this
	{ machine_of vmx && machine_of svm; } | grep . || die "LAB_MACHINE=$LAB_MACHINE has neither VMX nor SVM"
}

# machine_append KERNEL: words for the lab host's kernel command line.
machine_append() {
	local words=()
	case $(choose_machine)-$1 in
	# Bochs' Haswell says HT and eight cores in leaf 4 while it has one CPU and
	# no leaf 0xb; the kernel warns of such topology unless HT is hidden.
	bochs-*) words+=(clearcpuid=ht) ;;
	# Under PREEMPT_RT KVM wants the flag, and this emulator has none, though a
	# TSC that counts instructions is as steady as it could be.
	tcg-svm-debug) words+=(setcpuid=constant_tsc) ;;
	esac
	# Every allocation takes the way that has locks in it: the fast one goes
	# unseen where PREEMPT_RT allows none.
	[ "$1" != debug ] || words+=('slab_debug=F,kmalloc-*')
	echo "${words[*]} $LAB_APPEND"
}

# make_disk FILE: the raw disk on which the lab host leaves its results.
make_disk() { truncate -s $((LAB_CYLINDER * 500)) "$1"; }

# start_machine MACHINE WORKDIR CONSOLE: runs in the foreground until the machine
# is off. CONSOLE is a file for COM1, or "tty" for the terminal we run on.
start_machine() {
	case $1 in
	bochs) start_bochs "$2" "$3" ;;
	*) start_qemu "$1" "$2" "$3" ;;
	esac
}

start_bochs() {
	local work=$1 com1="mode=file, dev=$2" root
	root=$("$REPO/scripts/fetch-bochs") || exit 1
	root=${root%/}
	[ "$2" != tty ] || com1="mode=term, dev=$(tty)"
	sed -e "s|@ROOT@|$root|; s|@IPS@|$LAB_IPS|; s|@MEM@|$LAB_MEM|g; s|@CPUS@|$LAB_CPUS|; s|@DISK@|$work/disk|; s|@ISO@|$work/lab.iso|
		s|@COM1@|$com1|; s|@COM2@|$work/output|; s|@LOG@|$work/bochs.log|" \
		"$REPO/lab/emulator/bochsrc.in" >"$work/bochsrc"
	if [ -n "$root" ]; then
		# Its own parts, from where they are.
		export PATH=$root/usr/bin:$PATH BXSHARE=$root/usr/share/bochs
		export LTDL_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu/bochs/plugins
		export LD_LIBRARY_PATH=$root/usr/lib/x86_64-linux-gnu
	fi
	# Debian's Bochs is built with its debugger, which waits to be told.
	echo c >"$work/bochs.cmd"
	drain_screen "$work/display" &
	# Its text display wants a terminal, which script(1) makes up.
	TERM=linux exec script -qfec "exec bochs -q -f '$work/bochsrc' -rc '$work/bochs.cmd'" \
		/dev/null >"$work/display" 2>&1 </dev/null
}

# drain_screen DISPLAY: Bochs draws the screen on yet another terminal, which it
# names in DISPLAY. It stops, some minutes on, when nobody reads there.
drain_screen() {
	local screen='' tries=0
	until [ -n "$screen" ] || [ $((tries += 1)) -gt 100 ]; do
		sleep 0.1
		screen=$(sed -nE 's/^Bochs connected to screen "([^"]*)".*/\1/p' "$1" 2>/dev/null)
	done
	[ -z "$screen" ] || exec cat "$screen" >/dev/null 2>&1 </dev/null
}

start_qemu() {
	local machine=$1 work=$2 com1="file:$3" cpu accel clock=()
	[ "$3" != tty ] || com1=stdio
	case $machine in
	qemu) accel=kvm cpu=host ;;
	tcg) accel=tcg cpu=qemu64,-svm ;;
	# Without XSAVE: this SVM does not intercept XSETBV, so KVM's idea of XCR0
	# would stay behind the guest's, and guests die of it. Time is counted in
	# instructions, one TSC cycle each, as in Bochs.
	tcg-svm) accel=tcg cpu=qemu64,+svm,+npt clock=(-icount shift=0,sleep=off) ;;
	# An instruction takes a microsecond: too long to see the PIT tick by tick.
	tcg-no-tsc) accel=tcg cpu=qemu64,+svm,+npt clock=(-icount shift=10,sleep=off) ;;
	esac
	exec qemu-system-x86_64 -M pc -accel "$accel" -cpu "$cpu" "${clock[@]}" -m "$LAB_MEM" -smp "$LAB_CPUS" \
		-nodefaults -no-user-config -display none -no-reboot \
		-serial "$com1" -serial "file:$work/output" -boot d \
		-drive "file=$work/lab.iso,media=cdrom,if=ide,index=2,readonly=on" \
		-drive "file=$work/disk,format=raw,if=ide,index=0,cache=unsafe" >"$work/display" 2>&1
}
