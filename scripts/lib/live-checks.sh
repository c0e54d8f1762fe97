# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# What live-kvm asks before it takes out anything. Each check ends with why not,
# and what to do. Plain sh.
# Needs lib/kvm-modules.sh.

# of_manifest FILE NAME
of_manifest() { sed -n "s/^$2: //p" "$1"; }

# check_build DIR: it is of this very kernel.
check_build() {
	[ -e "$1/manifest" ] || die "no modules in $1: make live builds them, as any user"
	[ -e "$1/$(file_of "$vendor")" ] || die "no $(file_of "$vendor") in $1: the kernel that these modules are for has none"
	built=$(of_manifest "$1/manifest" kernel)
	[ "$built" = "$(uname -r)" ] || die "the modules in $1 are for kernel $built, this is $(uname -r): make live"
	built=$(of_manifest "$1/manifest" version)
	runs=$(uname -v | sed -nE 's/.* Debian ([^ ]+) .*/\1/p')
	# A kernel of one's own has no version; its build tree is checked by layouts.
	case $built in
	/*) [ -z "$runs" ] || die "the modules in $1 are for the kernel of $built, this one is Debian's: make live" ;;
	*) [ "$built" = "$runs" ] || die "the modules in $1 are from the source of $built, the kernel that runs is of ${runs:-no version of Debian}: make live (after a reboot, if its package was updated)" ;;
	esac
}

# check_kvm: the kernel's own can be taken out.
check_kvm() {
	for name in kvm "$vendor"; do
		! loaded "$name" || grep -q "^$name " /proc/modules ||
			die "$name is built into this kernel: there is nothing to replace; build the kernel with the patches, or with CONFIG_KVM=m and $config=m"
	done
	! loaded kvm_exit_stats || die "kvm_exit_stats is loaded already: rmmod kvm_exit_stats, or leave it if the kernel has the patches"
	refuse_in_use "$vendor"
	for holder in "/sys/module/kvm/holders"/* "/sys/module/$vendor/holders"/*; do
		[ -e "$holder" ] || continue
		[ "${holder##*/}" = "$vendor" ] ||
			die "module ${holder##*/} holds KVM: take it out first (modprobe -r ${holder##*/})"
	done
}

# find_tool DIR: kvm-exits.
find_tool() {
	if [ -x "$1/kvm-exits" ]; then echo "$1/kvm-exits"; else command -v kvm-exits; fi
}

# check_layouts DIR: what the modules take structures for is what they are in the
# kernel that runs. Its BTF says so, and it was perhaps not there when they were
# built.
check_layouts() {
	btf=/sys/kernel/btf/vmlinux
	[ -r "$btf" ] || die "no $btf: this kernel does not say how its structures are laid out (CONFIG_DEBUG_INFO_BTF), so nothing can be loaded safely"
	"$1/precheck" layouts --btf "$btf" "$1/layouts.json" ||
		die "the modules in $1 are not for the kernel that runs; above is each difference: make live"
}

# check_permission DIR: the kernel takes these modules at all. Asked by loading one
# that is there already: it looks at signature and version before it looks at the
# name. Nothing is loaded.
check_permission() {
	loaded kvm || return 0
	! insmod "$LIVE.new/kvm.ko" 2>"$STATE/error" || die "kvm.ko was loaded beside kvm: that cannot be"
	case $(cat "$STATE/error") in
	*'File exists'*) return ;;
	*'Invalid module format'*) why="this kernel does not take them for its own: $(dmesg 2>/dev/null | grep 'kvm: ' | tail -n 1)" ;;
	*) why=$(explain_refusal "$1") ;;
	esac
	rm -rf "$LIVE.new"
	die "$(sed 's/.*: //' "$STATE/error"): $why"
}

# explain_refusal DIR: what forbids modules that nobody has signed.
explain_refusal() {
	lockdown=$(sed -n 's/.*\[\(.*\)\].*/\1/p' /sys/kernel/security/lockdown 2>/dev/null)
	enforced=$(cat /sys/module/module/parameters/sig_enforce 2>/dev/null)
	cat <<-END
	this kernel takes only modules that are signed with a key it knows (lockdown: ${lockdown:-unknown}, module.sig_enforce: ${enforced:-unknown}).
	With Secure Boot the kernel is locked down. Sign them with a key of your own, which it knows after a reboot:
	  openssl req -new -x509 -newkey rsa:2048 -nodes -days 3650 -subj /CN=kvm-exit-stats/ -outform DER -keyout MOK.priv -out MOK.der
	  sudo mokutil --import MOK.der && sudo reboot
	  for module in $1/*.ko; do kmodsign sha256 MOK.priv MOK.der \$module; done
	Without Secure Boot, boot without lockdown= and module.sig_enforce on the kernel's command line.
	Nothing has been changed.
	END
}
