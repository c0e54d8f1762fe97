#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# VMX or SVM capabilities: what vmx_caps.ko puts into the kernel log, what it
# puts into debugfs and what kvm-exits makes of the CPU's own CPUID and MSRs
# must agree, bit by bit. On a machine without either: a sentence and an errno,
# nothing else.
#
#	scripts/lab run --no-kvm --out out/caps lab/tests/caps.sh
#	LAB_MACHINE=tcg-svm scripts/lab run --no-kvm --out out/caps-svm lab/tests/caps.sh
#	LAB_MACHINE=tcg scripts/lab run --no-kvm --out out/caps-no-vmx lab/tests/caps.sh
set -u
log=$LAB_OUT/dmesg.txt
msrs=/sys/kernel/debug/vmx_caps/msrs
tmp=$(mktemp -d)

fail() {
	echo "FAIL: $*"
	exit 1
}

# same WHAT FILE FILE
same() {
	diff "$2" "$3" >"$tmp/diff" || {
		head -n 20 "$tmp/diff"
		fail "$1"
	}
	echo "ok: $1"
}

# The module's own lines of the kernel log, without time and module name.
module_log() {
	sed -n 's/^\(\[[^]]*] \)\?vmx_caps: //p' "$log" | grep -v '^loading out-of-tree module'
}

no_splat() {
	! grep -iE 'unchecked MSR|BUG:|WARNING:|Call Trace|general protection' "$log" ||
		fail "the kernel complained"
	echo "ok: no complaint of the kernel"
}

# groups_of_log, groups_of_json: for each group "name msr raw", for each of its
# controls "name set clear".
groups_of_log() {
	module_log | awk '
		/ Controls MSR: 0x/ {
			name = $0; sub(/ Controls MSR:.*/, "", name)
			rest = $0; sub(/.* Controls MSR: /, "", rest)
			split(rest, word, /[ ()]+/)
			print name "|" word[2] "|" word[1]
			inside = 1
			next
		}
		!/^  / { inside = 0 }
		inside {
			name = $0; sub(/^  /, "", name); sub(/: Can set=.*/, "", name)
			set = $0; sub(/.*Can set=/, "", set); sub(/,.*/, "", set)
			clear = $0; sub(/.*Can clear=/, "", clear)
			print name "|" set "|" clear
		}'
}

groups_of_json() {
	awk '
		function value(line) {
			sub(/^ *"[a-z_]*": /, "", line); sub(/,$/, "", line); gsub(/"/, "", line)
			return line
		}
		function yes_no(line) { return value(line) == "true" ? "Yes" : "No" }
		/^  "groups": / { inside = 1 }
		/^  ]/ { inside = 0 }
		!inside { next }
		/^      "name": / { name = value($0) }
		/^      "msr": / { msr = value($0) }
		/^      "raw": / { print name "|" msr "|" value($0) }
		/^          "name": / { control = value($0) }
		/^          "can_set": / { set = yes_no($0) }
		/^          "can_clear": / { print control "|" set "|" yes_no($0) }' "$1"
}

# bits_of_json: for each control in the JSON "msr raw bit set clear".
bits_of_json() {
	awk '
		function value(line) {
			sub(/^ *"[a-z_]*": /, "", line); sub(/,$/, "", line); gsub(/"/, "", line)
			return line
		}
		/^  "groups": / { inside = 1 }
		/^  ]/ { inside = 0 }
		!inside { next }
		/^      "msr": / { msr = value($0) }
		/^      "raw": / { raw = value($0) }
		/^          "bit": / { bit = value($0) }
		/^          "can_set": / { set = value($0) }
		/^          "can_clear": / { print msr, raw, bit, set, value($0) }' "$1"
}

# The same arithmetic once more, by the SDM and in another language.
check_bits() {
	checked=0
	while read -r msr raw bit set clear; do
		case $msr in
		0x492 | 0x493) may=$((raw >> bit & 1)) must=0 ;;
		*) may=$((raw >> (32 + bit) & 1)) must=$((raw >> bit & 1)) ;;
		esac
		case $may$must$set$clear in
		10truetrue | 00falsetrue | 11truefalse) ;;
		*) fail "MSR $msr is $raw: bit $bit can be set $set, cleared $clear" ;;
		esac
		checked=$((checked + 1))
	done <"$1"
	[ $checked -gt 50 ] || fail "only $checked bits in the JSON"
	echo "ok: $checked bits follow from their MSRs"
}

# fields_of_log, fields_of_json: for each register of SVM "name raw", for each
# of its fields "name value".
fields_of_log() {
	module_log | awk '
		/^SVM: / { print; next }
		!/^  / {
			sub(/ \(0x[0-9a-f]*\)$/, ""); sub(/ MSR: /, ": ")
		}
		{ sub(/^  /, ""); print }'
}

fields_of_json() {
	awk '
		function value(line) {
			sub(/^ *"[a-z_]*": /, "", line); sub(/,$/, "", line); gsub(/"/, "", line)
			return line == "true" ? "Yes" : line == "false" ? "No" : line
		}
		/^  "status_text": / { print "SVM: " value($0) }
		/^  "registers": / { inside = 1 }
		/^  ]/ { inside = 0 }
		!inside { next }
		/^      "name": / { name = value($0) }
		/^      "raw": / { print name ": " value($0) }
		/^          "name": / { field = value($0) }
		/^          "value": / { print field ": " value($0) }
		/^        [0-9]/ { print "Reserved bit " ($1 + 0) ": Yes" }' "$1"
}

# ranges_of_json: for each field of a register "raw bits value".
ranges_of_json() {
	awk '
		function value(line) {
			sub(/^ *"[a-z_]*": /, "", line); sub(/,$/, "", line); gsub(/"/, "", line)
			return line == "true" ? 1 : line == "false" ? 0 : line
		}
		/^  "registers": / { inside = 1 }
		/^  ]/ { inside = 0 }
		!inside { next }
		/^      "raw": / { raw = value($0) }
		/^          "bits": / { bits = value($0) }
		/^          "value": / { print raw, bits, value($0) }' "$1"
}

# The same arithmetic once more, in another language.
check_ranges() {
	checked=0
	while read -r raw bits value; do
		high=${bits%:*} low=${bits#*:}
		[ $((raw >> low & ((1 << (high - low + 1)) - 1))) = "$value" ] ||
			fail "bits $bits of $raw are not $value"
		checked=$((checked + 1))
	done <"$1"
	[ $checked -gt 30 ] || fail "only $checked fields in the JSON"
	echo "ok: $checked fields follow from their registers"
}

# The leaf once more, as the kernel has read it.
check_flags() {
	for flag in npt:0 lbrv:1 nrip_save:3 tsc_scale:4 vmcb_clean:5 flushbyasid:6 decodeassists:7 \
		pausefilter:10 pfthreshold:12 avic:13 v_vmsave_vmload:15 vgif:16 x2avic:18 vnmi:25; do
		in_kernel=0
		! grep -qE "^flags.* ${flag%:*}( |$)" /proc/cpuinfo || in_kernel=1
		[ $((0x$1 >> ${flag#*:} & 1)) = $in_kernel ] || fail "the kernel has $flag as $in_kernel"
	done
	echo "ok: /proc/cpuinfo has the same features"
}

# The module is loaded, then not; CPUID needs neither it nor the msr driver.
check_without_msr_driver() {
	mv /dev/cpu /dev/cpu.away || fail "/dev/cpu stays"
	kvm-exits caps --json >"$tmp/module.json" || fail "kvm-exits caps --json without the msr driver"
	grep -q "\"source\": \"$msrs\"" "$tmp/module.json" || fail "caps did not read the module's file"
	rmmod vmx_caps || fail "rmmod"
	kvm-exits caps >"$tmp/cpuid" || fail "kvm-exits caps without the msr driver and the module"
	mv /dev/cpu.away /dev/cpu
	insmod "$LAB_MODULES/vmx_caps.ko" || fail "insmod"
	sed -i 's/^SVM: .*/SVM: not known whether firmware allows it: VM_CR was not read/; /^VM_CR MSR/,$d' "$tmp/text"
	echo 'VM_CR (0xc0010114) cannot be read: cannot open /dev/cpu/0/msr (No such file or' \
		'directory (os error 2)): it takes root and the msr driver (modprobe msr)' >>"$tmp/text"
	same "without the msr driver nothing but VM_CR is lost" "$tmp/text" "$tmp/cpuid"
}

without_either() {
	[ "$status" != 0 ] || fail "vmx_caps.ko loaded on a CPU without VMX and SVM"
	grep -q 'No such device' "$tmp/insmod" || fail "insmod gave no ENODEV: $(cat "$tmp/insmod")"
	module_log | grep -q '^this CPU has neither VMX nor SVM' || fail "the kernel log does not say what is missing"
	no_splat
	! kvm-exits caps >"$tmp/text" 2>"$tmp/error" || fail "kvm-exits caps found VMX or SVM"
	grep -q 'this CPU has neither VMX nor SVM' "$tmp/error" || fail "kvm-exits does not say why: $(cat "$tmp/error")"
	cat "$tmp/insmod" "$log" "$tmp/error"
	echo "PASS: without VMX or SVM, a sentence and ENODEV"
	exit 0
}

check_vmx() {
	for group in Pin-Based 'Primary Processor-Based' 'Secondary Processor-Based' \
		'Primary VM-Exit' VM-Entry; do
		module_log | grep -qE "^$group Controls MSR: 0x[0-9a-f]+ \(0x4[89][0-9a-f] IA32_VMX_" ||
			fail "no line for the $group controls"
	done
	groups_of_log >"$tmp/log.groups"
	groups_of_json "$LAB_OUT/caps.json" >"$tmp/json.groups"
	same "the kernel log and kvm-exits caps --json agree on every control" \
		"$tmp/log.groups" "$tmp/json.groups"
	bits_of_json "$LAB_OUT/caps.json" >"$tmp/bits"
	check_bits "$tmp/bits"
}

check_svm() {
	module_log | grep -qxF 'SVM: allowed (VM_CR.SVMDIS is 0)' || fail "no word on whether SVM is allowed"
	fields_of_log >"$tmp/log.fields"
	fields_of_json "$LAB_OUT/caps.json" >"$tmp/json.fields"
	same "the kernel log and kvm-exits caps --json agree on every field" \
		"$tmp/log.fields" "$tmp/json.fields"
	ranges_of_json "$LAB_OUT/caps.json" >"$tmp/ranges"
	check_ranges "$tmp/ranges"
	check_flags "$(sed -n 's/^cpuid 0x8000000a 0x.* 0x.* 0x.* 0x//p' "$msrs")"
	check_without_msr_driver
}

mount -t debugfs debugfs /sys/kernel/debug 2>/dev/null
dmesg -c >/dev/null
insmod "$LAB_MODULES/vmx_caps.ko" 2>"$tmp/insmod"
status=$?
dmesg >"$log"
isa=$(grep -m 1 '^flags' /proc/cpuinfo | tr ' ' '\n' | grep -xE 'vmx|svm') || without_either
[ $status = 0 ] || fail "insmod: $(cat "$tmp/insmod" "$log")"
no_splat
echo "ok: $(module_log | wc -l) lines in the kernel log"

# The CPU's own values, read past the module; then the module's file.
kvm-exits caps >"$tmp/text" || fail "kvm-exits caps"
kvm-exits caps --json >"$LAB_OUT/caps.json" || fail "kvm-exits caps --json"
kvm-exits caps --json --from "$msrs" >"$tmp/from.json" || fail "kvm-exits caps --json --from $msrs"
cp "$msrs" "$LAB_OUT/msrs.txt"
grep -q '"source": ".*/dev/cpu/0/msr"' "$LAB_OUT/caps.json" || fail "caps did not read /dev/cpu/0/msr"
grep -q "\"isa\": \"$isa\"" "$LAB_OUT/caps.json" || fail "caps found something else than $isa"

module_log >"$tmp/log"
same "the kernel log and kvm-exits caps say the same" "$tmp/log" "$tmp/text"
grep -v '"source":' "$LAB_OUT/caps.json" >"$tmp/a"
grep -v '"source":' "$tmp/from.json" >"$tmp/b"
same "the module's file and the CPU's own values say the same" "$tmp/a" "$tmp/b"
"check_$isa"

exec 3<"$msrs"
! rmmod vmx_caps 2>"$tmp/rmmod" || fail "rmmod beside an open file"
grep -q "$(head -n 1 <&3)" "$msrs" || fail "the open file has another text"
exec 3<&-
echo "ok: an open file holds the module"

rmmod vmx_caps || fail "rmmod"
[ ! -e "$msrs" ] || fail "$msrs outlived the module"
insmod "$LAB_MODULES/vmx_caps.ko" || fail "a second insmod"
rmmod vmx_caps || fail "a second rmmod"
echo "ok: unloads and loads again"
echo "PASS: $(echo "$isa" | tr '[:lower:]' '[:upper:]') capabilities"
