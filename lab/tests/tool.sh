#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# With two guests: all verbs of kvm-exits agree with each other and with the
# device; `stat` is the difference of two `show`s; a recording has what passed.
fail() {
	echo "FAIL: $*"
	exit 1
}

case $LAB_MACHINE in
bochs | tcg*) machine=emulator ;;
*) machine=hardware ;;
esac

# While QEMU is stopped, its vCPUs are where they are.
# shellcheck disable=SC2086 # a list
go() { kill -CONT $pids; }
# shellcheck disable=SC2086 # a list
stop() {
	kill -STOP $pids
	sleep 1
}

# same FILE FILE WHAT
same() { cmp "$1" "$2" || fail "$3: $(cat "$1" "$2")"; }


echo '--- two guests'
guest-run --name a --cpus 2 tool-guest.sh /usr/bin/exit-storm >a.log 2>&1 &
guest-run --name b tool-guest.sh /usr/bin/exit-storm >b.log 2>&1 &
tries=0
until grep -q READY a.log && grep -q READY b.log; do
	tries=$((tries + 1))
	if [ $tries -gt 300 ] || grep -q FAIL a.log b.log; then
		fail "$(cat a.log b.log)"
	fi
	sleep 1
done
cat a.log
pids=$(pidof qemu-system-x86_64)
# shellcheck disable=SC2086 # a list
set -- $pids
[ $# = 2 ] || fail "two guests have pids $pids"

stop
kvm-exits reset >/dev/null || fail reset
go
sleep 3
stop

echo '--- at rest, all verbs agree with the device'
cat /dev/kvm_exit_stats >raw || fail 'reading the device'
kvm-exits show --csv >show.csv || fail show
kvm-exits show --csv --from raw >raw.csv || fail 'show --from'
same show.csv raw.csv 'the device, read raw'
[ "$(wc -l <show.csv)" -gt 5 ] || fail "only these: $(cat show.csv)"
cut -d, -f1-7 show.csv | sed 1d >device
awk '$1 ~ /^[0-9]+$/ { print $1 "," $2 "," $3 "," $4 "," $5 "," $6 "," $7 }' \
	/sys/kernel/debug/kvm_exit_stats/exits >debugfs
same device debugfs 'debugfs'

# No VM has gone since the reset: the host's are theirs.
kvm-exits vms --csv >vms.csv || fail vms
awk -F, -v OFS=, 'NR > 1 { name[$4] = $5; for (i = 6; i <= 10; i++) sum[$4, i] += $i }
	END { for (r in name) print r, name[r], sum[r, 6], sum[r, 7], sum[r, 8], sum[r, 9], sum[r, 10] }' \
	vms.csv | sort -n >vms
same device vms 'the sum over the VMs'

# top's last column is what there is in all, whatever came since.
totals() { awk '$1 ~ /^(0x)?[0-9a-f]+$/ && NF > 4 { gsub(",", "", $NF); print $1, $NF }'; }
kvm-exits show | awk '$1 ~ /^(0x)?[0-9a-f]+$/' | wc -l >rows
kvm-exits top --once --interval 0.2 >top.txt || fail top
totals <top.txt | sort >top
while IFS=, read -r reason _ count _; do
	hex=$(printf '0x%x' "$reason")
	grep -qx "\($reason\|$hex\) $count" top || fail "top has not $count of $reason: $(cat top.txt)"
done <device
[ "$(wc -l <top)" = "$(cat rows)" ] || fail "top has other rows: $(cat top.txt)"

kvm-exits export >export.txt || fail export
sed -n 's/^kvm_exits_total{.*reason="\([^"]*\)".*} \([0-9]*\)$/\1,\2/p' export.txt | sort >exported
cut -d, -f2,3 device | sort >named
same named exported 'export'

# In one snapshot, the host's time is that of the vCPUs, and the state exit the
# reasons' cycles. (They are in the VMM, which goes on between the two readings.)
kvm-exits time --csv --from raw >time.csv || fail time
kvm-exits time --vcpus --csv --from raw >vcpus.csv || fail 'time --vcpus'
[ "$(wc -l <vcpus.csv)" = 4 ] || fail "not three vCPUs: $(cat vcpus.csv)"
awk -F, 'NR > 1 { for (i = 5; i <= 9; i++) sum[i] += $i }
	END { for (i = 5; i <= 9; i++) if (i != 8) printf "%.0f\n", sum[i] }' vcpus.csv >states
awk -F, 'NR > 1 && $1 != "preempted" && $1 != "vmm" { printf "%.0f\n", $2 }' time.csv >states-host
same states states-host 'the time of the vCPUs'
awk -F, 'NR > 1 { sum += $4 } END { printf "%.0f\n", sum }' show.csv >cycles
awk -F, '$1 == "exit" { printf "%.0f\n", $2 }' time.csv >exit-cycles
same cycles exit-cycles 'the state exit'

kvm-exits record -i 0.2 -o rest.recording --machine "$machine" -- sleep 1 2>record.txt || fail record
cat record.txt
for verb in show vms; do
	kvm-exits $verb --csv --from rest.recording >recorded.csv || fail "$verb --from a recording"
	same $verb.csv recorded.csv "$verb of the recording"
done
kvm-exits top --plain --from rest.recording >top.txt || fail 'top --from'
grep -q ' 0 exits/s' top.txt || fail "exits, and nobody ran: $(cat top.txt)"

echo '--- stat is the difference of two shows'
cat >between <<END
#!/bin/sh
kill -CONT $pids
sleep 3
kill -STOP $pids
sleep 1
exit 7
END
chmod +x between

# moved AFTER BEFORE: the rows of CSVs in which anything moved, with the counters.
moved() {
	awk -F, -v OFS=, 'FNR == 1 { file++; next }
		{ n = split("3 4 5 6 7 12 13 14", at, " ") }
		file == 1 { for (i = 1; i <= n; i++) was[$1, i] = $at[i] }
		file == 2 {
			line = $1 "," $2; any = 0
			for (i = 1; i <= n; i++) {
				d = $at[i] - was[$1, i]; line = line "," sprintf("%.0f", d); any += d != 0
			}
			if (any) print line
		}' "$2" "$1"
}
echo nothing >none
# difference NAME [OPTION...]
difference() {
	name=$1
	shift
	kvm-exits show --csv "$@" >before.csv || fail "show before $name"
	kvm-exits stat --csv -o "$name.csv" "$@" -- ./between
	[ $? = 7 ] || fail "stat has not passed on the exit code"
	kvm-exits show --csv "$@" >after.csv || fail "show after $name"
	moved after.csv before.csv >expected
	moved "$name.csv" none >found
	[ "$(wc -l <expected)" -gt 1 ] || fail "hardly anything happened: $(cat expected)"
	same expected found "stat $*"
}
difference all
for pid in $pids; do
	difference "vm-$pid" --vm "$pid"
done
kvm-exits stat --csv -o stopped.csv -- sleep 1 || fail 'stat of nothing'
[ "$(wc -l <stopped.csv)" = 1 ] || fail "exits, and nobody ran: $(cat stopped.csv)"
kvm-exits stat --machine "$machine" -- ./between 2>stat.txt
cat stat.txt
grep -q 'The time of the vCPUs: guest [0-9]' stat.txt || fail 'stat has no time'

echo '--- a recording has what passed'
kvm-exits show --csv >before.csv
kvm-exits record -i 0.25 -o "$LAB_OUT/tool.recording" --machine "$machine" -- ./between 2>record.txt
[ $? = 7 ] || fail 'record has not passed on the exit code'
cat record.txt
moments=$(sed -n 's/^kvm-exits: \([0-9]*\) moments in .*/\1/p' record.txt)
[ "$moments" -gt 5 ] || fail "only $moments moments"
kvm-exits show --csv >show.csv
kvm-exits show --csv --from "$LAB_OUT/tool.recording" >recorded.csv || fail 'show --from'
same show.csv recorded.csv 'the last moment'
kvm-exits top --plain --from "$LAB_OUT/tool.recording" >top.txt || fail 'top --from'
[ "$(grep -c ' exits/s; ' top.txt)" = $((moments - 1)) ] || fail "not $moments moments: $(cat top.txt)"
tail -n 20 top.txt

echo '--- a module that goes, and comes back'
# shellcheck disable=SC2086 # a list
kill -KILL $pids
wait
kvm-exits record -i 0.2 -o away.recording 2>record.txt &
recorder=$!
sleep 1
rmmod kvm_exit_stats || fail rmmod
sleep 1
insmod "$LAB_MODULES/kvm_exit_stats.ko" || fail insmod
sleep 1
kill -INT $recorder
wait $recorder || fail "record: $(cat record.txt)"
cat record.txt
grep -q 'cannot open .* and I try again' record.txt || fail 'nothing said of rmmod'
grep -q 'the device is there again' record.txt || fail 'nothing said of insmod'
kvm-exits top --plain --from away.recording >top.txt || fail 'top --from'
grep -q 'a new generation' top.txt || fail "no new generation: $(cat top.txt)"
echo 'PASS: tool'
