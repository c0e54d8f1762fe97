#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm-paging: a VM by a QEMU command line under each kind of paging, and, where the
# files for it are there, by a disk image and by (a test driver for) libvirt; and
# that it leaves nothing behind, whatever happens.
# shellcheck source=lab/vendor.sh
. /lab/l0/vendor.sh
params=/sys/module/$(echo "$KVM_VENDOR" | tr - _)/parameters
case $ISA in
vmx) shadow=shadow-novpid nested=ept reason_nested=48 ;;
svm) shadow=svm-shadow nested=svm-npt reason_nested=1024 ;;
esac
case $LAB_MACHINE in
bochs | tcg*) machine=emulator ;;
*) machine=hardware ;;
esac

fail() {
	echo "FAIL: $*"
	exit 1
}

# Where QEMU keeps what a VM has written, with -snapshot.
mkdir -p /var/tmp

# The VM: a QEMU command line in a file, "stay" or not before more of it.
cat >qemu <<'END'
append='console=ttyS0 loglevel=4 panic=-1 reboot=t tsc=reliable'
[ "$1" != stay ] || { append="$append stay"; shift; }
exec qemu-system-x86_64 -M microvm,x-option-roms=on,acpi=off -bios qboot.rom -accel kvm -cpu host -m 96 \
	-L /usr/share/qemu -nodefaults -no-user-config -display none -serial stdio \
	-kernel /lab/boot/bzImage -initrd initrd -append "$append" \
	-drive id=disk,file=disk,format=raw,if=none -device virtio-blk-device,drive=disk "$@"
END
truncate -s 1M disk
mkdir -p root/bin root/proc root/sys root/dev root/run root/tmp
cp /bin/busybox root/bin/
cp vm-paging-init root/init
(cd root && find . | cpio -o -H newc 2>/dev/null) >initrd

# count FILE REASON
count() { tr -d ' \n' <"$1" | sed "s/.*{\"reason\":$2,\"name\":\"[^\"]*\",\"count\":\([0-9]*\).*/\1/; t; s/.*/0/"; }

# Nothing is left: no VM, no parameter, no change on the disk.
all_as_before() {
	! pidof qemu-system-x86_64 >/dev/null || fail "$1: a VM is left"
	[ "$(cat "$params/$NESTED")" = Y ] || fail "$1: $NESTED is not as it was"
	! reload-kvm --restore >/dev/null 2>&1 || fail "$1: there was something to restore"
	[ "$(tr -d '\0' <disk)" = '' ] || fail "$1: the disk was written to"
}

# compared OUT: the two kinds of paging are what they should be, and so is the report.
compared() {
	[ "$(count "$1/$nested.json" "$reason_nested")" -gt 100 ] || fail "$1: $nested has no violations"
	[ "$(count "$1/$nested.json" "$REASON_PAGE_FAULT")" = 0 ] || fail "$1: $nested has #PF"
	[ "$(count "$1/$shadow.json" "$reason_nested")" = 0 ] || fail "$1: $shadow has violations"
	[ "$(count "$1/$shadow.json" "$REASON_PAGE_FAULT")" -gt 1000 ] || fail "$1: $shadow has no #PF"
	grep -q '"scope": "vm"' "$1/$shadow.json" || fail "$1: not the VM's own exits"
	grep -q "^$NESTED=N" "$1/$shadow.parameters" || fail "$1: not the parameters of $shadow"
	grep -q "^ *total  *[0-9,]*  *[0-9,]*  *[0-9.]*x" "$1/report.txt" || fail "$1: no ratio in the report"
	! grep -q 'not as it was' "$1"/*.log || fail "$1: the second run had another disk"
}

# Under another hypervisor, as this one is to look, ept=0 goes with vpid=0.
sed 's/^flags.*/& hypervisor/' /proc/cpuinfo >/tmp/cpuinfo
mount --bind /tmp/cpuinfo /proc/cpuinfo || fail mount
[ $ISA = svm ] || {
	./vm-paging --runs shadow --out "$LAB_OUT/asked" -- sh ./qemu -no-such-option >/tmp/error 2>&1 && fail 'shadow without a VM'
	cat /tmp/error
	grep -q 'may hang in its firmware' /tmp/error || fail 'nothing said of ept=0 alone'
	all_as_before asked
}

echo '--- a QEMU command line'
./vm-paging --machine $machine --out "$LAB_OUT/qemu" -- sh ./qemu || fail qemu
compared "$LAB_OUT/qemu"
[ ! -e "$LAB_OUT/qemu/shadow.json" ] || fail 'ept=0 alone, and nobody asked for it'
all_as_before qemu
[ -e vm-paging-virsh ] || {
	echo 'PASS: vm-paging'
	exit 0
}

echo '--- an image'
mkdir -p cd/isolinux
cp /lab/data/ISOLINUX/isolinux.bin /lab/data/bios/ldlinux.c32 /lab/boot/bzImage initrd cd/isolinux/
cat >cd/isolinux/isolinux.cfg <<'END'
DEFAULT lab
LABEL lab
KERNEL bzImage
INITRD initrd
APPEND console=ttyS0 loglevel=4 panic=-1 reboot=t tsc=reliable cloud-init
END
xorriso -as mkisofs -quiet -R -o image -b isolinux/isolinux.bin -c isolinux/boot.cat -no-emul-boot -boot-load-size 4 \
	-boot-info-table -isohybrid-mbr /lab/data/ISOLINUX/isohdpfx.bin cd 2>&1 || fail 'no image'
rm -rf cd
# image WORKLOAD MORE...
image() {
	workload=$1
	shift
	./vm-paging --machine $machine --out "$LAB_OUT/image" --image image --bus ide --workload "$workload" "$@" -- -m 128
}
image 'for i in 1 2 3 4 5; do cat /proc/cpuinfo >/dev/null; done' || fail image
compared "$LAB_OUT/image"
all_as_before image
for each in $nested $shadow; do
	inside=$(count "$LAB_OUT/image/$each-guest.json" "$REASON_PAGE_FAULT")
	outside=$(count "$LAB_OUT/image/$each.json" "$REASON_PAGE_FAULT")
	grep -q '"source": *"cpuid"' "$LAB_OUT/image/$each-guest.json" || fail "$each: nothing from inside"
	[ "$inside" -le "$outside" ] || fail "$each: $inside of #PF inside, $outside outside"
done

echo '--- a domain'
mkdir bin
mv vm-paging-virsh bin/virsh
PATH=$PWD/bin:$PATH
# domain OUT MORE...
domain() {
	to=$1
	shift
	./vm-paging --machine $machine --out "$LAB_OUT/$to" --domain one "$@"
}
domain domain --until '^guest: done$' --agent --run 'echo "run" in it' --sleep 1 || fail domain
compared "$LAB_OUT/domain"
all_as_before domain
[ "$(cat "$LAB_OUT/domain/$shadow-run.log")" = 'run in it' ] || fail '--run'
# The first serial port's, in place of what was there; the one disk that is written to.
[ "$(grep -c '<log ' /tmp/virsh/created.xml)" = 1 ] || fail 'more than one log'

# refused WHY COMMAND...: fails, says WHY, and leaves nothing.
refused() {
	why=$1
	shift
	"$@" >/tmp/error 2>&1 && fail "$* was not refused"
	cat /tmp/error
	grep -q -- "$why" /tmp/error || fail "$*: the error does not say '$why'"
	all_as_before "$why"
}

echo '--- runs that fail'
refused 'the workload ended with 3' image 'exit 3' --runs shadow
refused "failed in the VM" domain domain --agent --runs shadow --run false
refused 'until when to count' domain domain
refused "no domain 'two'" ./vm-paging --out "$LAB_OUT/none" --domain two --sleep 1
refused "the VM ended before its console said 'never'" ./vm-paging --runs shadow --until never --out "$LAB_OUT/until" -- sh ./qemu
refused "not its console said 'never' in 20 s" ./vm-paging --runs shadow --timeout 20 --until never --out "$LAB_OUT/until" -- sh ./qemu stay
refused 'QEMU did not start' ./vm-paging --runs shadow --out "$LAB_OUT/qemu-fails" -- sh ./qemu -no-such-option
refused 'in spite of -snapshot' ./vm-paging --runs shadow --out "$LAB_OUT/qemu-fails" -- sh ./qemu -blockdev x
refused "'both' is no run" ./vm-paging --runs both --out "$LAB_OUT/qemu-fails" -- sh ./qemu

# meanwhile COMMAND...: once a VM is there; keeps under which paging.
meanwhile() {
	until [ "$(kvm-exits vms --json | grep -c '"pid"')" = 1 ]; do
		sleep 1
	done
	cat "$params/$NESTED" >/tmp/meanwhile
	"$@"
}
was_shadow() { [ "$(cat /tmp/meanwhile)" = N ] || fail "$NESTED was Y, so that nothing had to be restored"; }
stay="./vm-paging --runs shadow --until never --out $LAB_OUT/meanwhile -- sh ./qemu stay"
meanwhile killall -9 qemu-system-x86_64 &
# shellcheck disable=SC2086 # a list
refused 'QEMU itself has ended' $stay
was_shadow
# Ctrl-C: for all of a terminal's foreground.
interrupt() { kill -INT -"$(cat /tmp/group)"; }
meanwhile interrupt &
# shellcheck disable=SC2016,SC2086
refused "kvm_.* $NESTED=Y" setsid sh -c 'echo $$ >/tmp/group; exec "$@"' sh $stay
was_shadow

echo '--- beside another VM'
sh ./qemu stay -snapshot >/dev/null 2>&1 </dev/null &
meanwhile true
./vm-paging --out "$LAB_OUT/beside" -- sh ./qemu >/tmp/error 2>&1 && fail 'not refused beside a VM'
cat /tmp/error
grep -q 'VMs are running' /tmp/error || fail 'it does not say whose VM runs'
kill $! || fail 'the other VM is gone'
wait
all_as_before beside
echo 'PASS: vm-paging'
