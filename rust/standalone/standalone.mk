# SPDX-License-Identifier: GPL-2.0-only
# A module that brings along what it uses of Rust's library and of the kernel
# crate, and so needs C symbols only: it loads whichever rustc the running
# kernel was built with. The modules' Kbuilds include this, with their name in
# `standalone`, for
#
#	make -C KDIR M=$PWD STANDALONE=1 KRUSTFLAGS=-Zfunction-sections=y modules
#
# where rust/ in KDIR was compiled with the same flags: by a section a function
# what is not used is found, and left out.

$(standalone)-y += standalone_rust.o standalone_print.o
LDFLAGS_$(standalone).o := --wrap=_printk --wrap=seq_printf

# Without build_error.o: what refers to that must not link.
rust-objs := $(addprefix $(objtree)/rust/,core.o compiler_builtins.o ffi.o pin_init.o zerocopy.o \
		bindings.o uapi.o kernel.o)

# Both modules compile these two files, each with its own name in the flags.
$(obj)/standalone_%.o: $(src)/../standalone/%.c FORCE
	$(call if_changed_rule,cc_o_c)
CFLAGS_standalone_helpers.o := -I$(srctree)/rust -ffunction-sections \
		-Wno-missing-prototypes -Wno-missing-declarations

# What the module's own crate lacks is where the linker starts from. It leaves
# symbols that nothing refers to any more; but by Rust's objtool finds what is
# called. The types stay, for scripts/build-live to compare.
quiet_cmd_standalone = LD [M]  $@
      cmd_standalone = $(LD) $(KBUILD_LDFLAGS) -r --gc-sections -u rust_fmt_argument \
		$$($(NM) -u $(obj)/module.o | sed -nE 's/^ *U (_R|rust_helper_)/-u \1/p') \
		-o $@.tmp $(filter-out %/module.o,$(real-prereqs)) && \
		$(OBJCOPY) --wildcard --strip-unneeded-symbol='*' --keep-symbol='_R*' \
			--keep-symbol='rust_helper_*' --keep-symbol=rust_fmt_argument $@.tmp $@ && rm $@.tmp
$(obj)/standalone_rust.o: $(obj)/standalone_helpers.o $(rust-objs) $(obj)/module.o FORCE
	$(call if_changed,standalone)
targets += standalone_rust.o standalone_print.o standalone_helpers.o
