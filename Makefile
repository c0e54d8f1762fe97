# SPDX-License-Identifier: GPL-2.0-only
# Every target does its own set-up; what it builds is kept in
# $XDG_CACHE_HOME/kvm-exit-stats (~/.cache/kvm-exit-stats).

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20
	@echo
	@echo "SERIES=7.2 takes that Linux instead of the newest that patches/ has, KSRC=DIR a"
	@echo "source tree of your own, KDIR=DIR (make module) the build tree of a kernel that"
	@echo "has the patches."

demo: ## one guest under EPT and under shadow paging, and its exits side by side
	@scripts/ept-vs-shadow

test: ## every check and test there is
	@scripts/test

check-patches: ## that the series builds: each patch, and in the corners of KVM's configuration
	@scripts/check-patches

test-debug: ## the long tests on the debugging kernel: a nightly's work
	@scripts/test-debug

test-live: ## that make live builds for what Debian has now and for kernels of one's own: five minutes each
	@scripts/test-live

live-check: ## that the modules of make live go into Debian's own kernel, count, and come out again: in the lab
	@scripts/live-check

libvirt-check: ## a domain of Debian's own libvirt under each kind of paging, on its own kernel: in the lab
	@scripts/libvirt-check

test-releases: ## make demo and the tests in fresh chroots of Debian 13 and sid: an hour
	@scripts/test-releases

caps: ## what the emulated processor's VMX can do, into out/caps
	@scripts/lab run --no-kvm --out out/caps lab/tests/caps.sh

crosscheck: ## the module's counts against KVM's tracepoint and KVM's own statistics
	@scripts/crosscheck

nested: ## a guest's guest: nested EPT against shadow paging in the guest, and in both
	@scripts/nested

kvm-suites: ## the kernel's tests of KVM (and KUT=DIR, kvm-unit-tests): the same without us, and with
	@scripts/kvm-suites

bench: ## what an exit costs, with the module and with other tools
	@scripts/bench

bench-scale: ## how the tables of many CPUs and vCPUs scale, measured on this machine
	@scripts/bench-scale

module: setup ## the kernel modules, for the lab kernel or for KDIR, into out/modules
	@KVM_EXIT_OUT=out/modules scripts/build-modules $(KDIR)

live: ## the modules for the kernel that runs here (or KVER=), as Debian built it: no new kernel, no reboot
	@KVM_EXIT_OUT=out/live scripts/build-live

cli: setup ## kvm-exits, statically linked, its man pages and completions, into out/
	@scripts/build-cli --into out

deb: ## a Debian package of kvm-exits, into out/
	@scripts/setup --deb && scripts/build-deb

test-deb: ## that it installs, runs and leaves nothing behind, in a chroot of Debian 13
	@scripts/test-deb

rust-analyzer: setup ## what rust-analyzer has to know of the modules, into rust/
	@scripts/rust-analyzer $(KDIR)

install: ## what make module and make cli left in out/, with DESTDIR and PREFIX as usual
	@scripts/install

uninstall: ## remove it again
	@scripts/install --uninstall

kernel: setup ## the lab kernel, with the patched and the stock KVM modules
	@scripts/build-kernel --stock-kvm

lab-shell: setup ## a console on the lab host
	@scripts/lab shell

setup: ## what building needs: installed as root, else named
	@scripts/setup

clean: ## remove out/
	rm -rf out

clean-cache: ## remove everything that was fetched and built
	rm -rf "$${XDG_CACHE_HOME:-$$HOME/.cache}/kvm-exit-stats"

.PHONY: help demo test check-patches test-debug test-live live-check libvirt-check test-releases caps crosscheck nested kvm-suites bench bench-scale module live cli deb test-deb rust-analyzer install uninstall kernel lab-shell setup clean clean-cache
