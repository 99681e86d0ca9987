// Calls that few programs have a use for, each made once for real.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { programPlans } from "../../../collector/src/kernel/programs.ts";
import type { Check } from "./check.ts";
import { type EventOf, type GuestWatch, runProgram } from "./guest-watch.ts";

type Case = [act: string, call: EventOf<"kernel">["activity"], target: string | null, object?: string];

const program = "/guest/calls";
const folder = "/tmp/mounted";
/** A root that is no initramfs: from that one nobody can pivot. */
const otherRoot = "/tmp/other-root";

/** What each is about, and the process where it is about one. */
const cases: readonly Case[] = [
  ["PTRACE_POKEDATA", "ptrace", "PTRACE_POKEDATA"],
  ["PTRACE_SEIZE", "ptrace", "PTRACE_SEIZE"],
  ["process_vm_readv", "process_vm_readv", null],
  ["process_vm_writev", "process_vm_writev", null],
  ["pidfd_getfd", "pidfd_getfd", "unix"],
  ["memfd_create", "memfd_create", "payload"],
  ["setns", "setns", "CLONE_NEWUTS"],
  ["unshare", "unshare", "CLONE_NEWUTS|CLONE_NEWIPC"],
  ["mount", "mount", folder],
  ["umount", "umount", folder],
  ["move_mount", "move_mount", folder],
  ["pivot_root", "pivot_root", "."],
  ["chroot", "chroot", folder],
  ["bpf", "bpf", "BPF_PROG_LOAD"],
  ["userfaultfd", "userfaultfd", null],
  ["perf_event_open", "perf_event_open", null],
  ["setuid", "setuid", "1234"],
  ["setgid", "setgid", "1234"],
  ["setresuid", "setresuid", "1234"],
  ["setresgid", "setresgid", "1234"],
  ["setreuid", "setresuid", "1234"],
  ["setregid", "setresgid", "1234"],
  ["kill", "kill", "SIGSTOP"],
  ["tkill", "tkill", "SIGSTOP"],
  ["tgkill", "tgkill", "SIGSTOP"],
  ["pidfd_send_signal", "pidfd_send_signal", "SIGSTOP"],
  ["capset", "capset", null],
  ["keyctl", "keyctl", "KEYCTL_JOIN_SESSION_KEYRING"],
  ["request_key", "add_key", "planted"],
  ["request_key", "request_key", "planted"],
  ["fsmount", "fsopen", "tmpfs"],
  ["fsmount", "fsconfig", "size"],
  ["fsmount", "fsconfig", "source", "https://me:<redacted>@server/share"],
  ["fsmount", "fsmount", null],
  ["move_mount", "open_tree", folder],
  [
    ...(["mount_setattr", "mount_setattr", folder] as const),
    "set=MOUNT_ATTR_NODEV|MOUNT_ATTR_NOEXEC clear=MOUNT_ATTR_RDONLY propagation=MS_PRIVATE",
  ],
];
const aboutAnother: ReadonlySet<string> = new Set([
  ...["ptrace", "process_vm_readv", "process_vm_writev"],
  ...["kill", "tkill", "tgkill", "pidfd_send_signal", "pidfd_getfd"],
]);

function make(act: string) {
  mkdirSync(folder, { recursive: true });
  mkdirSync(otherRoot, { recursive: true });
  if (act !== "pivot_root") return runProgram(program, [act, folder]);
  const script = `mount -o bind / ${otherRoot}; mkdir -p ${otherRoot}/mnt; exec chroot ${otherRoot} ${program} ${act} /mnt`;
  return runProgram("/bin/busybox", ["unshare", "-m", "sh", "-ec", script]);
}

async function checkCall(watch: GuestWatch, [act, call, target, object]: Case): Promise<void> {
  const { pid, status, stdout, stderr } = make(act);
  assert.equal(status, 0, stderr);
  const made = await watch.first(
    "kernel",
    call,
    (event) => event.pid === pid && (target === null || event.target === target),
  );
  assert.deepEqual([made.target, made.target_object, made.name], [target, object ?? null, "calls"]);
  assert.equal(made.target_pid, aboutAnother.has(call ?? "") ? Number(stdout) : null);
}

/** Some calls are told as another that does the same, and have a program of their own all the same. */
function programOf([act, call]: Case): string {
  const own = `exit_${act}`;
  return programPlans.some(({ program }) => program === own) ? own : `exit_${call}`;
}

export const callChecks: readonly Check[] = [
  {
    name: "call: proc_mem_open (another's memory opened for writing)",
    needs: ["exit_openat"],
    async run(watch) {
      const { pid, status, stdout, stderr } = make("proc_mem_open");
      assert.equal(status, 0, stderr);
      const told = await watch.first("kernel", "proc_mem_open", (event) => event.pid === pid);
      assert.deepEqual([told.target, told.target_pid], [`/proc/${Number(stdout)}/mem`, Number(stdout)]);
    },
  },
  ...cases
    .filter(([, call]) => programPlans.some(({ program }) => program === `exit_${call}`)) // a younger kernel's alone
    .map(
      (one): Check => ({
        name: one[0] === one[1] ? `call: ${one[0]}` : `call: ${one[1]}, ${one[0]}${one[3] ? ` (${one[2]})` : ""}`,
        needs: [programOf(one)],
        run: (watch) => checkCall(watch, one),
      }),
    ),
  {
    name: "a call that was refused is not told",
    needs: ["exit_ptrace"],
    async run(watch) {
      const { pid, status } = make("refused");
      assert.equal(status, 1);
      await watch.gone(pid);
      assert.deepEqual(
        watch.all((event) => event.class === "kernel" && event.pid === pid),
        [],
      );
    },
  },
];
