# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# shellcheck disable=SC2034 # what lib/kernel-tree.sh uses
# The steps of scripts/build-live, which says what they are for.
# Needs lib/common.sh, lib/progress.sh, lib/kernel-tree.sh and
# lib/live-kernel.sh.

# Lines of make's output: for the percentage alone.
PREPARE_STEPS=200
KVM_STEPS=68
KVM=arch/x86/kvm

# The kernel's own kvm-intel.ko, which takes kvm_vcpu for shorter, does not load
# beside our kvm.ko, nor ours beside its kvm.ko: they miss a symbol of each other.
APART=(-Dkvm_init=kvm_init_with_exit_hooks)

# What the lab's emulators make necessary is nothing for a real machine.
LAB_PATCHES=()

# live_key: whatever the modules are made from. Of a KDIR, what it says of the
# kernel; its source is looked at each time that something is built.
live_key() {
	{
		echo "$KVER $VERSION ${LIVE_CONFIG:-}"
		[ -z "${KDIR:-}" ] || cat "$HEADERS/.config" "$HEADERS/Module.symvers"
		cat "${PATCHES[@]}" "$REPO/scripts/build-live" "$REPO"/scripts/lib/live-*.sh
		find "$REPO"/Kbuild "$REPO"/rust/{acct/src,module,vmx_caps,standalone,precheck} -type f -exec sha256sum {} + | sort
		toolchain
	} | hash_of
}

toolchain() {
	"${CC:-gcc}" --version | sed -n 1p
	ld --version | sed -n 1p
	"$RUSTC" --version
	"$BINDGEN" --version
	echo "pahole $(pahole --version)"
}

# live_make TARGET...: in the source, with what the kernel was built with where
# that is here. A layout that depends on the compiler is check_live's to find.
live_make() {
	make -C "$TREE/src" O="$WORK/build" -j"$(nproc)" KERNELRELEASE="$KVER" "${COMPILER[@]}" \
		RUSTC="$RUSTC" HOSTRUSTC="$HOSTRUSTC" RUSTDOC="$RUSTDOC" RUSTFMT="$RUSTFMT" \
		CLIPPY_DRIVER="$CLIPPY_DRIVER" BINDGEN="$BINDGEN" KRUSTFLAGS=-Zfunction-sections=y "$@"
}

choose_compiler() {
	local theirs
	theirs=$(sed -nE 's/^CONFIG_CC_VERSION_TEXT="([^ ]+) .*/\1/p' "$HEADERS/.config")
	COMPILER=()
	if grep -q '^CONFIG_CC_IS_CLANG=y' "$HEADERS/.config"; then
		COMPILER=("$(llvm_option)")
	elif command -v "$theirs" >/dev/null; then
		COMPILER=(CC="$theirs")
	else
		note "kernel $KVER was built by $theirs, which is not here: taking $(gcc --version | sed -n 1p)"
	fi
}

# configure_live: as that kernel is, but for the key that only its builder has,
# and for what olddefconfig knows of other tools.
configure_live() {
	local build=$WORK/build rust=(-e RUST) changed
	read -ra changed <<<"${LIVE_CONFIG:-}"
	mkdir -p "$build"
	if kernel_has MODVERSIONS=y; then
		free_of_crcs
		rust+=(-e GENKSYMS -d GENDWARFKSYMS)
	fi
	choose_compiler
	cp "$HEADERS/.config" "$build/.config.new"
	"$TREE/src/scripts/config" --file "$build/.config.new" "${rust[@]}" -d MODULE_SIG_ALL "${changed[@]}"
	mv "$build/.config.new" "$build/.config"
	live_make -s olddefconfig >"$build/config.log" 2>&1 || { tail "$build/config.log" >&2 && die "olddefconfig failed"; }
	grep -q '^CONFIG_RUST=y' "$build/.config" || explain_no_rust
	changed_options >"$build/config.diff"
	check_changed "$build/config.diff"
}

# free_of_crcs: Rust wants gendwarfksyms, for CRCs of symbols that nobody takes
# from it here. Those of the kernel's own are in Module.symvers, and for what
# kvm.ko exports to kvm-intel any do: genksyms', which need no libdw.
free_of_crcs() {
	local rust='/^config RUST$/,/^\thelp$/'
	sed -i "$rust{/^\tdepends on !MODVERSIONS || GENDWARFKSYMS$/d}" "$TREE/src/init/Kconfig"
}

# explain_no_rust: the end.
explain_no_rust() {
	local log=$WORK/build/config.log
	if live_make rustavailable >"$log" 2>&1; then
		sed -nE '/^config RUST$/,/^\thelp$/s/^\tdepends on /CONFIG_RUST depends on /p' "$TREE/src/init/Kconfig" >&2
		die "kernel $KVER is configured with what Rust does not go with; above is what its Kconfig says of that"
	fi
	tail -n 20 "$log" >&2
	die "kernel $KVER cannot be configured with Rust on this machine; what is said above is why"
}

# check_changed CONFIG.DIFF: an option that vmlinux was not compiled with, and
# that no layout shows.
check_changed() {
	local lost
	lost=$(sed -nE 's/^-(CONFIG_DEBUG_INFO_BTF(_MODULES)?=y)$/\1/p' "$1")
	[ -z "$lost" ] || die "the configuration lost $lost: is there a pahole?"
	# The hash of a function's type that each call by a pointer compares.
	! grep -qx '+CONFIG_CFI_ICALL_NORMALIZE_INTEGERS=y' "$1" ||
		die "kernel $KVER was built with CONFIG_CFI and without what Rust needs for that: build it with CONFIG_CFI_ICALL_NORMALIZE_INTEGERS=y"
}

# changed_options: what differs from the kernel's own configuration, but for
# the tools' versions.
changed_options() {
	diff -U0 <(options "$HEADERS/.config") <(options "$WORK/build/.config") | grep -E '^[-+][^-+]' || true
}

options() { grep -E '^CONFIG_' "$1" | grep -vE '_VERSION(_TEXT)?=|_MODULE_SIG_ALL=' | sort; }

# build_kvm: kvm.ko and the vendor modules, beside a kernel that has none.
build_kvm() {
	local dir=$WORK
	run_logged "$dir/prepare.log" "prepare Linux $VERSION" \
		--count '^  [A-Z]+' "$PREPARE_STEPS" live_make skip_gendwarfksyms=1 modules_prepare || die "Linux $VERSION could not be prepared"
	# The stock kvm.ko's are not there while ours is loaded.
	grep -v "	$KVM/" "$HEADERS/Module.symvers" >"$dir/build/Module.symvers.new"
	cmp -s "$dir/build/Module.symvers.new" "$dir/build/Module.symvers" ||
		mv "$dir/build/Module.symvers.new" "$dir/build/Module.symvers"
	# This deep, because its Makefile reaches for virt/kvm by ../../..
	mkdir -p "$dir/kvm/$KVM"
	run_logged "$dir/kvm.log" "build KVM for $KVER" --count '^  [A-Z]+' "$KVM_STEPS" \
		live_make M="$TREE/src/$KVM" MO="$dir/kvm/$KVM" KCFLAGS="${APART[*]}" modules || die "KVM did not build"
}

build_ours() {
	OURS=$(own_cache "live/$VARIANT/build")
	# make compares times, and rust/acct is a source that its dependency files
	# may not name.
	find "$OURS" \( -name '*.o' -o -name '*.ko' \) -delete
	run_logged "$OURS/build.log" "build kvm_exit_stats and vmx_caps for $KVER" \
		live_make M="$REPO" MO="$OURS" STANDALONE=1 \
		KBUILD_EXTRA_SYMBOLS="$WORK/kvm/$KVM/Module.symvers" modules || die "the modules did not build"
}

# live_modules: the five, with all that the compiler says of their types.
live_modules() {
	kvm_modules | sed "s,.*,$WORK/kvm/$KVM/&.ko,"
	printf '%s\n' "$OURS"/rust/{module/kvm_exit_stats,vmx_caps/vmx_caps}.ko
}

# kernel_vermagic: that of its own kvm.ko where it is installed, or what its
# headers make of it.
kernel_vermagic() {
	modinfo -k "$KVER" -F vermagic kvm 2>/dev/null | grep . ||
		printf '#define INCLUDE_VERMAGIC\n#include <linux/vermagic.h>\nVERMAGIC_STRING\n' |
		gcc -E -P -include "$HEADERS/include/generated/autoconf.h" -I"$HEADERS/include" \
			-I"$TREE/src/include" -I"$TREE/src/arch/x86/include" - |
		tr -d '\n' | sed 's/" *"//g; s/^ *"//; s/"$//'
}

# opaque_to_rust: options of precheck. bindgen loses 7.2's ns_common's member
# without a name, whose type has one, and so gets wrong all that have an
# ns_common. The modules' Rust has at most pointers to them.
opaque_to_rust() {
	local space
	case $KVER in
	7.2.*) for space in ns_common net {cgroup,ipc,mnt,pid,time,user,uts}_namespace; do echo "--opaque-to-rust=$space"; done ;;
	esac
}

# check_live: that they fit the kernel. The series extends kvm_vcpu, at its end;
# modules of the kernel's own that know it keep working.
check_live() {
	local modules vermagic opaque
	mapfile -t modules < <(live_modules)
	mapfile -t opaque < <(opaque_to_rust)
	vermagic=$(kernel_vermagic)
	PRECHECK=$(dirname "$("$REPO/scripts/build-cli")")/precheck
	run_logged "$OURS/check.log" "check that the modules fit $KVER" \
		"$PRECHECK" modules --save "$OURS/layouts.json" --btf "$(kernel_types)" --vermagic "$vermagic" \
		--symvers "$WORK/build/Module.symvers" --extended kvm_vcpu "${opaque[@]}" "${modules[@]}" ||
		die "these modules are not for kernel $KVER: above is each difference, and $WORK/build/config.diff has what this machine's tools changed in its configuration"
	note "$(cat "$OURS/check.log")"
}

# save_live DIRECTORY: the modules without what only check_live needs, and what
# live-kvm asks before and after it loads them; last, and by rename.
save_live() {
	local module modules
	modules=$(live_modules)
	rm -rf "$1.new" && mkdir -p "$1.new"
	for module in $modules; do strip -g -o "$1.new/${module##*/}" "$module"; done
	cp "$OURS/layouts.json" "$PRECHECK" "$1.new/"
	manifest "$1.new" >"$1.manifest"
	mv "$1.manifest" "$1.new/manifest"
	find "${1%/*}" -maxdepth 1 -name 'out-*' ! -name "${1##*/}.new" -exec rm -rf {} +
	mv "$1.new" "$1"
}

# hand_over DIRECTORY: says where they are; KVM_EXIT_OUT=DIR has a copy of them in
# DIR/KVER, with the tool.
hand_over() {
	local copy
	if [ -z "${KVM_EXIT_OUT:-}" ]; then
		echo "$1"
		return
	fi
	copy=$KVM_EXIT_OUT/$KVER
	rm -rf "$copy" && mkdir -p "$copy"
	cp "$1"/* "$("$REPO/scripts/build-cli")" "$copy/"
	echo "$copy"
}

# manifest DIRECTORY: what is in it and what it was made from.
manifest() {
	local module name
	echo "kernel: $KVER"
	# A tree of the user's own has no other.
	echo "version: $(if [ -n "${KDIR:-}" ]; then echo "$HEADERS"; else echo "$VERSION"; fi)"
	echo "series: $SERIES, $(cat "${PATCHES[@]}" | hash_of)"
	echo "source: $(git -C "$REPO" describe --always --dirty 2>/dev/null || echo unknown)"
	toolchain | sed 's/^/tool: /'
	sed 's/^/check: /' "$OURS/check.log"
	sed 's/^/option: /' "$WORK/build/config.diff"
	for module in "$1"/*.ko; do
		name=$(basename "$module" .ko)
		echo "build-id: ${name//-/_} $(readelf -n "$module" | sed -n 's/^ *Build ID: //p')"
	done
	(cd "$1" && sha256sum -- *.ko) | sed 's/^/sha256: /'
}
