# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Of vm-paging: a disk image, made a QEMU command line; what cloud-init is to do
# in it comes on a second disk, as its data source NoCloud wants it.
# shellcheck disable=SC2154,SC2034 # the variables are those of vm-paging

# The marks of the seed's script on the console.
WORKLOAD_ENDED='vm-paging: the workload ended with '
WORKLOAD_INSIDE='vm-paging: guest '

# drive FILE FORMAT: QEMU wants commas twice.
drive() { echo "file=$(echo "$1" | sed 's/,/,,/g'),format=$2,if=$bus"; }

make_seed() {
	seed=$tmp/seed
	mkdir "$seed"
	if [ -f "$workload" ]; then cp "$workload" "$seed/workload"; else echo "$workload" >"$seed/workload"; fi
	cp "$(command -v kvm-exits)" "$seed/kvm-exits"
	echo 'instance-id: vm-paging' >"$seed/meta-data"
	# cloud-init runs it as root, when all else is up. What it says goes to the
	# serial port by itself: images differ in where cloud-init writes.
	cat >"$seed/user-data" <<-END
	#!/bin/sh
	exec >/dev/ttyS0 2>&1 </dev/null
	cd /
	mkdir -p /run/vm-paging
	mount -o ro "\$(blkid -L CIDATA 2>/dev/null || findfs LABEL=CIDATA)" /run/vm-paging
	sh /run/vm-paging/workload
	code=\$?
	# In one line, which no other gets into.
	echo "$WORKLOAD_INSIDE\$(/run/vm-paging/kvm-exits guest --json | tr -d ' \n')"
	echo "$WORKLOAD_ENDED\$code"
	sync
	poweroff
	END
	for tool in 'xorriso -as mkisofs' genisoimage mkisofs ''; do
		[ -n "$tool" ] || die 'no program here writes the disk for cloud-init: install xorriso or genisoimage'
		! command -v "${tool%% *}" >/dev/null || break
	done
	$tool -quiet -R -V CIDATA -o "$tmp/seed.iso" "$seed" >"$tmp/seed.log" 2>&1 || {
		cat "$tmp/seed.log" >&2
		die "$tool could not write the disk for cloud-init"
	}
}

# image_command QEMU-OPTION...: runs it. Few devices, and no network, unless
# among the options.
image_command() {
	[ -z "$workload" ] || set -- -drive "$(drive "$tmp/seed.iso" raw)" "$@"
	exec qemu-system-x86_64 -accel kvm -cpu host -m 1024 -nodefaults -no-user-config -display none -serial stdio \
		-drive "$(drive "$image" "$format")" "$@"
}

vm_image() {
	[ -r "$image" ] || die "$image: cannot be read"
	case $(head -c 3 "$image") in
	QFI) format=qcow2 ;;
	*) format=raw ;;
	esac
	what="$image${workload:+ running $workload}"
	[ -z "$workload" ] || make_seed
}

# What the workload came to, and what the VM was told of its exits.
workload_inside() {
	tr -d '\r' <"$log" >"$tmp/console"
	code=$(sed -n "s/.*$WORKLOAD_ENDED//p" "$tmp/console")
	[ -n "$code" ] || fail_run 'the workload did not come to its end: has the image cloud-init?'
	[ "$code" = 0 ] || fail_run "the workload ended with $code"
	sed -n "s/.*$WORKLOAD_INSIDE//p" "$tmp/console" >"$out/$name-guest.json"
	grep -q '^{.*}$' "$out/$name-guest.json"
}
