#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What kvm-exits reads from the device, while a guest runs and after it.
fail() {
	echo "FAIL: $*"
	exit 1
}

# said FILE WHAT: kvm-exits has said that.
said() {
	grep -q "$2" "$1" || fail "no '$2' in: $(cat "$1")"
}

case $LAB_MACHINE in
bochs | tcg*) machine=emulator ;;
*) machine=hardware ;;
esac

echo '--- while a guest runs'
# It calls itself what would clear the screen.
guest-run --name guest --cpus 2 host-guest.sh -- -name "process=$(printf 'a\033[2Jb')" >guest.log 2>&1 &
guest=$!
tries=0
# Two vCPUs and a guest that has come far enough to halt: HLT, or SVM's hlt.
until kvm-exits vms --csv >vms.csv && grep -qi ',2,[0-9]*,HLT,' vms.csv; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || fail "no guest with two vCPUs: $(cat vms.csv)"
	sleep 1
done
pid=$(pidof qemu-system-x86_64)
kvm-exits vms >vms.txt || fail vms
cat vms.txt
said vms.txt "^pid $pid (a.u{1b}\[2Jb), 2 vCPUs: "
said /sys/kernel/debug/kvm_exit_stats/vms "^vm pid $pid comm a.x1b\[2Jb vcpus 2"
kvm-exits vms --json >"$LAB_OUT/vms.json" || fail 'vms --json'
said "$LAB_OUT/vms.json" "\"pid\": $pid"
kvm-exits top --plain --frames 2 --interval 2 --machine "$machine" >top.txt || fail top
cat top.txt
said top.txt 'VMs: 1; [0-9.,]* exits/s; time in exits'
kvm-exits top --once --interval 2 --vms >top.txt || fail 'top --vms'
cat top.txt
said top.txt "^ *$pid  a.u{1b}\[2Jb  *2 "
wait $guest || fail "the guest: $(cat guest.log)"

echo '--- at rest: the device, debugfs and a saved snapshot agree'
kvm-exits show --save "$LAB_OUT/host.snapshot" --machine "$machine" || fail show
kvm-exits show --json >"$LAB_OUT/show.json" || fail 'show --json'
said "$LAB_OUT/show.json" "\"kernel\": \"$(uname -r)\""
kvm-exits show --csv >device.csv || fail 'show --csv'
kvm-exits show --csv --from "$LAB_OUT/host.snapshot" >saved.csv || fail 'show --from'
cmp device.csv saved.csv || fail 'the saved snapshot has other figures'
cut -d, -f1-7 device.csv | sed 1d >device
awk '$1 ~ /^[0-9]+$/ { print $1 "," $2 "," $3 "," $4 "," $5 "," $6 "," $7 }' \
	/sys/kernel/debug/kvm_exit_stats/exits >debugfs
cmp device debugfs || fail "debugfs has other figures: $(cat debugfs)"
[ "$(wc -l <device)" -gt 5 ] || fail "only $(wc -l <device) reasons"
kvm-exits vms >vms.txt && said vms.txt '^no VM has a vCPU now'

echo '--- reset and dump'
before=$(sed -n 's/^ *"generation": \([0-9]*\),$/\1/p' "$LAB_OUT/show.json")
kvm-exits dump || fail dump
dmesg | grep -q "dump (asked for): .*generation $before," || fail 'no dump in the log'
[ "$(kvm-exits reset)" = "generation $((before + 1))" ] || fail 'the generation did not move by one'
[ "$(kvm-exits show --csv | wc -l)" = 1 ] || fail 'exits after a reset, and nobody ran'

echo '--- what is wrong is said'
kvm-exits guest 2>error && fail 'the host is no guest'
said error 'no leaves of kvm_exit_stats'
echo 'nobody:x:65534:65534::/:/bin/sh' >>/etc/passwd
start-stop-daemon -S -c nobody -x /usr/bin/kvm-exits -- show 2>error && fail 'show without being root'
said error 'run this as root'
rmmod kvm_exit_stats
kvm-exits show 2>error && fail 'show without the module'
said error 'the module is not loaded'
echo 'PASS: host'
