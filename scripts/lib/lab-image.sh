# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# The lab host's disk: one CD with boot loader, kernel, a small initramfs and,
# uncompressed beside it, what the lab host reads only when it needs it. A big
# initramfs would be read through the BIOS and unpacked instruction by
# instruction before anything runs.
# Needs lib/common.sh and lib/lab-machine.sh.

ISOLINUX=/usr/lib/ISOLINUX/isolinux.bin
LDLINUX=/usr/lib/syslinux/modules/bios/ldlinux.c32
BUSYBOX=/bin/busybox

# Debian's own binaries that the lab host has, with their libraries.
LAB_PROGRAMS=(/usr/bin/qemu-system-x86_64 /usr/bin/cpuid /usr/bin/flock)
# Directories that it reads on the CD, where it needs them: not copied to memory.
LAB_DATA=()
# Those that every guest has, in its initramfs.
GUEST_PROGRAMS=(/usr/bin/cpuid)
# Ours, built beside kvm-exits; a test hands them to its guest where it needs one.
TEST_PROGRAMS=(leaf-poison exit-storm l2-guest l2-events timed kvm-stats crosscheck hostile
	nested-report live-report)
# What QEMU's microvm (and, in a test's hands, pc) machine loads; the rest of
# the folder is for other architectures and network cards.
QEMU_FIRMWARE=(qboot.rom bios-256k.bin linuxboot_dma.bin kvmvapic.bin
	multiboot_dma.bin pvh.bin)

# copy_program ROOT FILE: FILE and the shared libraries it needs.
copy_program() {
	local root=$1 file=$2 lib
	install -D "$file" "$root/usr/bin/${file##*/}"
	{ ldd "$file" 2>/dev/null || true; } | sed -nE 's,^[^/]*(/[^ ]+\.so[^ ]*).*,\1,p' | sort -u | while read -r lib; do
		case $lib in
		*/ld-linux*) install -D "$lib" "$root/lib64/${lib##*/}" ;;
		*) [ -e "$root/usr/lib/x86_64-linux-gnu/${lib##*/}" ] ||
			install -m 644 -D "$lib" "$root/usr/lib/x86_64-linux-gnu/${lib##*/}" ;;
		esac
	done
	[ -e "$root/lib" ] || ln -s usr/lib "$root/lib"
}

# copy_firmware NAME DIRECTORY: from where Debian's packages have it, and from
# nowhere else: other firmware of a like name starts another machine.
copy_firmware() {
	local dir
	for dir in /usr/share/qemu /usr/share/seabios; do
		if [ -e "$dir/$1" ]; then
			cp -L "$dir/$1" "$2"
			return
		fi
	done
	die "there is no $1 in /usr/share/qemu or /usr/share/seabios: apt-get install --reinstall qemu-system-data seabios"
}

pack_cpio() { (cd "$1" && find . | LC_ALL=C sort | cpio -o -H newc --quiet --reproducible -R 0:0); }

# The mount points and the shell that both kinds of initramfs start from.
base_root() {
	local root=$1
	mkdir -p "$root"/{bin,dev,proc,sys,tmp,root,etc,usr/bin}
	install "$BUSYBOX" "$root/bin/busybox"
	echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
}

# guest_initramfs TMP OUT CLI
guest_initramfs() {
	local root=$1 program
	base_root "$root"
	mkdir "$root/work"
	for program in "${GUEST_PROGRAMS[@]}" "$3"; do
		copy_program "$root" "$program"
	done
	install "$REPO/lab/guest/init" "$root/init"
	pack_cpio "$root" >"$2"
}

# host_initramfs TMP OUT: with what its kernel needs to come to CD and disk, if
# TMP/modules has that.
host_initramfs() {
	local root=$1
	base_root "$root"
	rmdir "$root/usr/bin" "$root/usr"
	mkdir -p "$root"/{cd,work}
	install "$REPO/lab/l0/init" "$root/init"
	pack_cpio "$root" | lz4 -l -9 -q >"$2"
}

# own_kernel ROOT ARTIFACTS [MODULES]: a kernel of ours, KVM and our modules for it,
# if they are not among the artifacts.
own_kernel() {
	local root=$1
	cp "$2/bzImage" "$root/isolinux/bzImage"
	mkdir -p "$root/lab/modules/stock"
	cp "$2"/*.ko "$root/lab/modules/"
	[ ! -d "$2/stock" ] || cp "$2"/stock/*.ko "$root/lab/modules/stock/"
	[ -z "$3" ] || find "$3" -name '*.ko' -exec cp {} "$root/lab/modules/" \;
}

# lab_iso WORKDIR KERNEL ARTIFACTS GUEST-ARTIFACTS MODULES CLI ENVFILE SCRIPT FILE...:
# writes WORKDIR/lab.iso. Of kernel "stock" ARTIFACTS are an image's.
lab_iso() {
	local work=$1 kernel=$2 artifacts=$3 guest=$4 modules=$5 cli=$6 env=$7 root program name
	shift 7
	root=$work/iso
	mkdir -p "$root"/{isolinux,lab/{boot,l0,guest,work,data},usr/bin,usr/share/qemu}

	if [ "$kernel" = stock ]; then
		distribution "$root" "$artifacts" "$modules"
		boot_modules "$artifacts" "$work/host-root/modules"
	else
		own_kernel "$root" "$artifacts" "$modules"
	fi
	# The guests' kernel, and KVM for one that has guests of its own.
	cp "$guest/bzImage" "$root/lab/boot/"
	cp "$guest"/{irqbypass,kvm,kvm-intel,kvm-amd}.ko "$root/lab/guest/"
	cp "$ISOLINUX" "$LDLINUX" "$root/isolinux/"
	sed "s|@APPEND@|$(machine_append "$kernel")|" "$REPO/lab/emulator/isolinux.cfg" >"$root/isolinux/isolinux.cfg"
	host_initramfs "$work/host-root" "$root/isolinux/initrd"
	guest_initramfs "$work/guest-root" "$root/lab/guest/base.cpio" "$cli"

	for program in "${LAB_PROGRAMS[@]}" "$cli" "${TEST_PROGRAMS[@]/#/${cli%/*}/}"; do
		copy_program "$root" "$program"
	done
	for name in "${QEMU_FIRMWARE[@]}"; do
		copy_firmware "$name" "$root/usr/share/qemu/"
	done
	install "$REPO/lab/l0/guest-run" "$root/usr/bin/"
	install "$REPO"/scripts/{reload-kvm,live-kvm} "$root/usr/bin/"
	install -m 644 -D -t "$root/usr/lib/kvm-exit-stats" "$REPO"/scripts/lib/{kvm-modules,live-checks}.sh

	install "$REPO/lab/l0/main" "$root/lab/l0/"
	install -m 644 "$REPO/lab/vendor.sh" "$root/lab/l0/"
	cp "$env" "$root/lab/env"
	[ $# -eq 0 ] || cp -rL "$@" "$root/lab/work/"
	[ ${#LAB_DATA[@]} -eq 0 ] || cp -rL "${LAB_DATA[@]}" "$root/lab/data/"

	xorriso -as mkisofs -quiet -R -o "$work/lab.iso" -b isolinux/isolinux.bin -c isolinux/boot.cat \
		-no-emul-boot -boot-load-size 4 -boot-info-table "$root" >"$work/xorriso.log" 2>&1 || {
		tail "$work/xorriso.log" >&2
		die "could not write the lab's CD"
	}
	rm -rf "$root" "$work/host-root" "$work/guest-root"
}
