import { statfsSync } from "node:fs";
import { Fault } from "@atalaya/wire";

/**
 * Throws Fault STORE_FULL when fewer than `bytes` are free on the disk of `folder`; `sentence` says so, with what is
 * needed and what is free in MiB, and what to do next.
 */
export function requireRoom(
  folder: string,
  bytes: number,
  sentence: (neededMib: number, freeMib: number) => string,
  facts: Fault["facts"] = {},
): void {
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  const mib = (n: number) => Math.ceil(n / 2 ** 20);
  throw new Fault("STORE_FULL", sentence(mib(bytes), mib(free)), { needed_bytes: bytes, free_bytes: free, ...facts });
}
