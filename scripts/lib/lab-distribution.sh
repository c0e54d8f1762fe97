# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A lab host that runs a distribution's own kernel (scripts/fetch-image): what is
# on its CD, and in its initramfs, instead of a kernel of ours.
# Needs lib/lab-image.sh.

# What such a kernel needs before it comes to its CD and its disk.
BOOT_MODULES=(ata_piix sr_mod sd_mod isofs)

# image_release IMAGE: the kernel's name.
image_release() { basename "$1"/root/lib/modules/*; }

# boot_modules IMAGE DIRECTORY: numbered in the order in which they load.
boot_modules() {
	local file n=10
	mkdir -p "$2"
	/sbin/modprobe -d "$1/root" -S "$(image_release "$1")" --show-depends -a "${BOOT_MODULES[@]}" |
		awk '$1 == "insmod" && !seen[$2]++ { print $2 }' | while read -r file; do
		xz -dc "$file" >"$2/$n-$(basename "$file" .xz)"
		n=$((n + 1))
	done
}

# distribution ROOT IMAGE LIVE: the kernel and all of its modules, the kmod that
# loads them, Debian's shell, and in /lab/live what make live has built for it.
distribution() {
	local root=$1 name
	cp "$2/vmlinuz" "$root/isolinux/bzImage"
	copy_program "$root" "$(readlink -f /sbin/modprobe)"
	copy_program "$root" /bin/dash
	mkdir -p "$root"/{usr/sbin,usr/lib/modules,lab/live}
	for name in depmod insmod lsmod modinfo modprobe rmmod; do
		ln -s ../bin/kmod "$root/usr/sbin/$name"
	done
	cp -a "$2"/root/lib/modules/. "$root/usr/lib/modules/"
	cp "$3"/* "$root/lab/live/"
}
