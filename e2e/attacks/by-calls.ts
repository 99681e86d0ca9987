import { type Attack, pair } from "./attack.ts";
import { callNumber } from "./call-files.ts";

// Out of the container, into other processes and into the kernel: calls that few programs have a use for.

const probe = (script: string, ...rest: readonly string[]) => ["/opt/probe", `/opt/${script}.pl`, ...rest];

const injections = [
  ...pair(
    "Process Injection in a Container",
    "attached",
    { exec: probe("trace", callNumber.ptrace, "16") },
    { exec: probe("trace", callNumber.ptrace, "0") },
  ),
  ...pair(
    "Process Injection in a Container",
    "memory-written",
    { exec: probe("memory-of", callNumber.process_vm_writev) },
    { exec: probe("memory-of", callNumber.process_vm_readv) },
  ),
  ...pair(
    "Process Injection in a Container",
    "memory-opened",
    { exec: ["sh", "-c", "sleep 9 & exec 3>>/proc/$!/mem; kill $!"] },
    { exec: ["sh", "-c", "sleep 9 & exec 3</proc/$!/mem 4>>/proc/$$/mem; kill $!"] },
  ),
];

/** Mounts the node's control groups, both hierarchies that tell containers where there are two, and moves there. */
const moveTo = (group: string): string[] => [
  "sh",
  "-c",
  `own=$(sed -n 's/^[0-9]*:\\(memory\\)\\{0,1\\}://p' /proc/self/cgroup | tail -n 1)
for kind in cgroup cgroup2; do
  mount -t $kind $([ $kind = cgroup ] && echo -o memory) none /mnt || continue
  mkdir -p "/mnt${group}" && echo 0 > "/mnt${group}/cgroup.procs"
  umount /mnt
done`,
];

const escapes = [
  ...pair(
    "Process Left Its Container",
    "own-control-group",
    { privileged: moveTo(""), also: ["Mount in a Container"] },
    { privileged: moveTo("$own/inner"), also: ["Mount in a Container"] },
  ),
  // Without the right to, the kernel refuses it.
  ...pair(
    "Mount in a Container",
    "file-system",
    { privileged: ["sh", "-c", "mount -t tmpfs tmpfs /mnt && umount /mnt"] },
    { exec: ["sh", "-c", "mount -t tmpfs tmpfs /mnt && umount /mnt"] },
  ),
  ...pair(
    "Namespace Entered from a Container",
    "mounts",
    { privileged: ["nsenter", "--mount=/proc/1/ns/mnt", "/opt/work"] },
    { privileged: ["nsenter", "--net=/proc/1/ns/net", "/opt/work"] },
  ),
  ...pair(
    "User Namespace Created in a Container",
    "unshare",
    { page: ["unshare", "--user", "/opt/work"] },
    { privileged: ["unshare", "--uts", "/opt/work"] },
  ),
  // CLONE_NEWUSER, CLONE_NEWUTS
  ...pair(
    "User Namespace Created in a Container",
    "as-runc",
    { privileged: ["env", `FLAGS=${0x10000000}`, ...probe("as-runc", "0", "/opt/probe", "x", "init")] },
    { privileged: ["env", `FLAGS=${0x04000000}`, ...probe("as-runc", "0", "/opt/probe", "x", "init")] },
  ),
];

const intoTheKernel = [
  ...pair(
    "BPF Program Loaded by a Container",
    "program",
    { privileged: probe("kernel-program", callNumber.bpf, "5") },
    { privileged: probe("kernel-program", callNumber.bpf, "0") },
  ),
  ...pair(
    "Kernel Exploit Aid in a Container",
    "page-faults",
    { page: probe("one-call", callNumber.userfaultfd, "1") },
    { page: probe("one-call", callNumber.eventfd2, "1") },
  ),
  ...pair(
    "Stalling Device Opened in a Container",
    "page-faults",
    { exec: ["cat", "/dev/userfaultfd"] },
    { exec: ["cat", "/dev/null"] },
  ),
  ...pair(
    "Stalling Device Opened in a Container",
    "file-system",
    { exec: ["cat", "/dev/fuse"] },
    { exec: ["cat", "/dev/full-use"] },
  ),
  ...pair(
    "Kernel Exploit Aid in a Container",
    "counters",
    { page: probe("count", callNumber.perf_event_open, "0") },
    { page: probe("count", callNumber.perf_event_open, "1") },
  ),
];

const signalToTarget = ["perl", "-e", 'kill("CONT", $ENV{TARGET}) == 1 or die'];

const onTheSensor = [
  ...pair(
    "Signal To The Sensor",
    "from-a-container",
    { besideSensor: signalToTarget, target: "sensor" },
    { besideSensor: signalToTarget, target: "bystander" },
  ),
  ...pair(
    "Sensor Objects Opened by Another",
    "by-number",
    { privileged: probe("kernel-maps", callNumber.bpf, "all", "0") },
    { privileged: probe("kernel-maps", callNumber.bpf, "own", "0") },
  ),
  ...pair(
    "Sensor Objects Changed by Another",
    "map-entry",
    {
      privileged: probe("kernel-maps", callNumber.bpf, "all", "3"),
      also: ["Sensor Objects Opened by Another"],
    },
    { privileged: probe("kernel-maps", callNumber.bpf, "own", "3") },
  ),
];

const root = [
  ...pair(
    "Root Taken in a Container",
    "interpreter",
    { exec: ["perl", "-e", "use POSIX; POSIX::setuid(0);"] },
    { exec: ["perl", "-e", "use POSIX; POSIX::setuid(33);"] },
  ),
  ...pair(
    "Root Taken in a Container",
    "copied-program",
    { exec: ["/tmp/taker", "--reuid=0", "/opt/work"], also: ["Drift Binary Executed"] },
    { exec: ["setpriv", "--reuid=0", "/opt/work"] },
    { prepare: [["cp", "/usr/bin/setpriv", "/tmp/taker"]], tidy: [["rm", "/tmp/taker"]] },
  ),
];

export const byCalls: Attack[] = [...injections, ...escapes, ...intoTheKernel, ...onTheSensor, ...root];
