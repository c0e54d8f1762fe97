# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# Of vm-paging: a VM by libvirt. Its definition stays as it is; what is started
# is a copy of it.
# shellcheck disable=SC2154,SC2034 # the variables are those of vm-paging

# The longest that the domain may take to shut down, in seconds; then it is
# switched off.
SHUTDOWN=60
# Until it has a vCPU, in seconds: libvirt has seen QEMU start by then.
START=10

started=''

state() { LC_ALL=C virsh domstate "$domain" 2>/dev/null | sed '/^$/d'; }

vm_check() {
	command -v virsh >/dev/null || die '--domain needs virsh: install libvirt-clients'
	virsh dominfo "$domain" >/dev/null || die "libvirt has no domain '$domain' ($(virsh uri))"
	[ "$(state)" = 'shut off' ] || die "the domain $domain is not shut off, but: $(state)"
	# When it ends by itself, libvirt ends QEMU at once, and its counts are gone.
	[ -n "$until$ssh$agent$pause" ] || die "--domain needs --until, --ssh, --agent or --sleep: until when to count"
	uuid=$(virsh domuuid "$domain" | sed '/^$/d')
	virsh dumpxml --inactive --security-info "$domain" >"$tmp/domain.xml" || die "cannot read the definition of $domain"
	[ -z "$until" ] || grep -q '<serial ' "$tmp/domain.xml" || die "the domain $domain has no <serial> that --until could see"
	what="libvirt's domain $domain"
}

xml_quote() { printf %s "$1" | sed "s/&/\&amp;/g; s/</\&lt;/g; s/'/\&apos;/g"; }

# The definition, with disks whose changes libvirt throws away at the end, and
# what the first serial port says in a file. libvirt prints an element a line.
edited() {
	LOG=$(xml_quote "$log") SNAPSHOT=$snapshot awk '
		/<disk / { disk = /device=.disk./; fixed = 0 }
		disk && /<(readonly|shareable|transient)/ { fixed = 1 }
		/<\/disk>/ { if (disk && !fixed && ENVIRON["SNAPSHOT"]) print "<transient/>"; disk = 0 }
		/<serial / { serial++ }
		serial == 1 && /<log / { next }
		/<\/serial>/ && serial == 1 && !logged++ { print "<log file=\x27" ENVIRON["LOG"] "\x27 append=\x27off\x27/>" }
		{ print }' "$tmp/domain.xml"
}

# The process of the domain: of those that have a VM the one that was given its
# UUID.
domain_pid() {
	for pid in $(kvm-exits vms --json | sed -n 's/^ *"pid": \([0-9]*\).*/\1/p'); do
		! tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | grep -qxF "$uuid" || echo "$pid"
	done
}

vm_boot() {
	edited >"$tmp/run.xml"
	started=1
	virsh create "$tmp/run.xml" >/dev/null || die "libvirt does not start $domain"
	tries=0
	until vm=$(domain_pid) && [ -n "$vm" ]; do
		[ $((tries += 1)) -le $START ] || fail_run 'no process has the VM of this domain: is it a domain of type kvm?'
		sleep 1
	done
}

# libvirt has no counts of a VM that has ended: paused is what it may be.
vm_ended() { [ "$(state)" != running ]; }

vm_freeze() { virsh suspend "$domain" >/dev/null || fail_run 'libvirt does not suspend it'; }
vm_thaw() { [ "$(state)" != paused ] || virsh resume "$domain" >/dev/null; }

vm_off() {
	vm_thaw
	virsh shutdown "$domain" >/dev/null
	tries=0
	until [ "$(state)" = 'shut off' ] || [ $((tries += 1)) -gt $SHUTDOWN ]; do
		sleep 1
	done
	vm_kill
}

vm_kill() {
	[ -n "$started" ] || return 0
	[ "$(state)" = 'shut off' ] || virsh destroy "$domain" >/dev/null
	started=''
}

agent() { virsh qemu-agent-command "$domain" "$1" 2>/dev/null; }
agent_answers() { agent '{"execute": "guest-ping"}' >/dev/null; }

# field NAME: of a line of JSON, a number, a word or what is in quotes.
field() { sed -n "s/.*\"$1\": *\"\{0,1\}\([^,\"}]*\).*/\1/p"; }

# in_vm_by_agent COMMAND: its output, both kinds; fails as it does.
in_vm_by_agent() {
	quoted=$(printf %s "$1" | tr '\n' ' ' | sed 's/[\\"]/\\&/g')
	job=$(agent "{\"execute\": \"guest-exec\", \"arguments\": {\"path\": \"/bin/sh\",
		\"arg\": [\"-c\", \"$quoted\"], \"capture-output\": true}}" | field pid)
	[ -n "$job" ] || return 1
	until answer=$(agent "{\"execute\": \"guest-exec-status\", \"arguments\": {\"pid\": $job}}") &&
		[ "$(echo "$answer" | field exited)" = true ]; do
		[ "$(state)" = running ] && [ "$(now)" -lt "$deadline" ] || return 1
		sleep 1
	done
	echo "$answer" | field out-data | base64 -d
	echo "$answer" | field err-data | base64 -d >&2
	[ "$(echo "$answer" | field exitcode)" = 0 ]
}
