# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# On the lab host: what has one name with VMX and another with SVM, and what the
# machine is for --machine. Sourced.
# shellcheck disable=SC2034 # used by those who source it

if grep -q '^flags.* vmx' /proc/cpuinfo; then
	ISA=vmx
	KVM_VENDOR=kvm-intel
	NESTED=ept
	NESTED_PARAMS='ept=1 vpid=1'
	SHADOW_PARAMS='ept=0 vpid=0'
	HANDLE_EXIT=vmx_handle_exit
	REASON_CPUID=10
	REASON_PAGE_FAULT=0
else
	ISA=svm
	KVM_VENDOR=kvm-amd
	NESTED=npt
	NESTED_PARAMS=npt=1
	SHADOW_PARAMS=npt=0
	HANDLE_EXIT=svm_handle_exit
	REASON_CPUID=114
	REASON_PAGE_FAULT=78
fi

# Reports have to know whether cycles are instructions.
case $LAB_MACHINE in
bochs | tcg*) MACHINE=emulator ;;
*) MACHINE=hardware ;;
esac
