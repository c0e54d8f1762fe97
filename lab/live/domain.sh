#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm-paging with libvirt as Debian has it, in /lab/data/libvirt: a domain that it
# starts, under each kind of paging; and that nothing of it is left.

fail() {
	echo "FAIL: $*"
	exit 1
}

# count FILE REASON
count() { tr -d ' \n' <"$1" | sed "s/.*{\"reason\":$2,\"name\":\"[^\"]*\",\"count\":\([0-9]*\).*/\1/; t; s/.*/0/"; }

# libvirt looks for its parts where Debian installs them.
modprobe overlay
mount -t overlay -o lowerdir=/cd/lab/data/libvirt/usr:/cd/usr none /cd/usr || fail 'no overlay'
mkdir -p /etc/libvirt /run /var/tmp
ln -s /run /var/run
hostname lab
echo 'libvirt-qemu:x:0:0::/:/bin/sh' >>/etc/passwd
printf '%s:x:0:\n' root libvirt-qemu kvm >/etc/group
echo 6b2a7d0c111142228333944445555666 >/etc/machine-id
# Without what the lab host does not have: other users, udev, cgroups, virtlogd,
# polkit.
cat >/etc/libvirt/qemu.conf <<'END'
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
dynamic_ownership = 0
stdio_handler = "file"
END
cat >/etc/libvirt/libvirtd.conf <<'END'
unix_sock_group = "root"
auth_unix_ro = "none"
auth_unix_rw = "none"
log_outputs = "3:file:/tmp/out/libvirtd.log"
END

live-kvm load --modules /lab/live || fail load
libvirtd >"$LAB_OUT/libvirtd.out" 2>&1 </dev/null &
# It would keep the lab host's console open.
trap 'killall -9 libvirtd qemu-system-x86_64 2>/dev/null' EXIT
until virsh uri >/dev/null 2>&1; do
	sleep 1
	pidof libvirtd >/dev/null || fail "libvirtd has ended: $(cat "$LAB_OUT"/libvirtd.*)"
done
virsh version || fail version

truncate -s 1M disk
mkdir -p root/bin root/proc root/sys root/dev root/run root/tmp
cp /bin/busybox root/bin/
cp vm-paging-init root/init
(cd root && find . | cpio -o -H newc 2>/dev/null) >initrd
cat >one.xml <<END
<domain type='kvm'>
  <name>one</name>
  <memory unit='MiB'>96</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='pc'>hvm</type>
    <kernel>/lab/boot/bzImage</kernel>
    <initrd>$PWD/initrd</initrd>
    <cmdline>console=ttyS0 loglevel=4 panic=-1 reboot=t tsc=reliable linger</cmdline>
  </os>
  <cpu mode='host-passthrough'/>
  <on_reboot>destroy</on_reboot>
  <devices>
    <disk type='file' device='disk'>
      <driver name='qemu' type='raw'/>
      <source file='$PWD/disk'/>
      <target dev='hda' bus='ide'/>
    </disk>
    <controller type='usb' model='none'/>
    <serial type='pty'/>
    <memballoon model='none'/>
  </devices>
</domain>
END
virsh define one.xml || fail define
virsh dumpxml --inactive one >before.xml
./vm-paging --machine emulator --out "$LAB_OUT/domain" --domain one --until '^guest: done$' || fail vm-paging

cd "$LAB_OUT/domain" || fail 'no results'
[ "$(count svm-npt.json 1024)" -gt 100 ] || fail 'npt: no violations'
[ "$(count svm-npt.json 78)" = 0 ] || fail 'npt: #PF'
[ "$(count svm-shadow.json 1024)" = 0 ] || fail 'shadow: violations'
[ "$(count svm-shadow.json 78)" -gt 1000 ] || fail 'shadow: no #PF'
grep -q '"scope": "vm"' svm-shadow.json || fail "not the VM's own exits"
grep -q '^ *total  *[0-9,]*  *[0-9,]*  *[0-9.]*x' report.txt || fail 'no ratio in the report'
! grep 'not as it was' ./*.log || fail 'the second run had another disk'
cd /work || exit 1
[ "$(tr -d '\0' <disk)" = '' ] || fail 'the disk was written to'
virsh dumpxml --inactive one | diff before.xml - || fail 'the definition is another one'
[ "$(virsh domstate one | sed '/^$/d')" = 'shut off' ] || fail 'the domain is left'
! pidof qemu-system-x86_64 || fail 'a VM is left'
[ "$(echo disk*)" = disk ] || fail "beside the disk: $(echo disk*)"
live-kvm restore || fail restore
echo 'PASS: domain'
