#!/bin/sh
# The guest's first process: mounts what a machine has, and starts the guest's program; when that ends, so does the guest.
export PATH=/usr/bin:/usr/sbin HOME=/root
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp
mount -t cgroup2 cgroup /sys/fs/cgroup
mount -t tracefs tracing /sys/kernel/tracing
mount -t debugfs debug /sys/kernel/debug
mount -t bpf bpf /sys/fs/bpf
mount -t securityfs security /sys/kernel/security
ip link set lo up
insmod /guest/overlay.ko
echo "guest: $(cat /proc/sys/kernel/osrelease) is up after $(cut -d' ' -f1 /proc/uptime) s"
cd /guest
/atalaya/bin/node --disable-warning=ExperimentalWarning main.js
echo "guest: ended with $?"
stty sane < /dev/console # waits until all that was written has left
echo o > /proc/sysrq-trigger
sleep 10
