import { readFileSync } from "node:fs";

/** Names this run of the machine: 32 hexadecimal digits. */
export function bootIdOfMachine(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim().replaceAll("-", "");
}
