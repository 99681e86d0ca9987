import { readFileSync } from "node:fs";

/**
 * Where the kernel lists the security modules that it asks: securityfs, here or as the node's first process sees it (a
 * container has none of its own).
 */
const lists = ["/sys/kernel/security/lsm", "/proc/1/root/sys/kernel/security/lsm"];

/**
 * Whether the kernel asks BPF programs before it allows something. One that is built with them and started without takes such
 * a program, and never calls it.
 */
export function hasBpfLsm(): boolean {
  return lists.some((path) => {
    try {
      return readFileSync(path, "latin1").trim().split(",").includes("bpf");
    } catch {
      return false;
    }
  });
}
