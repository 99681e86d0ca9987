import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Addon } from "./addon.ts";

/** 16 hexadecimal digits that name a pair of rings: a map's number is never given again while the machine runs. */
export function ringIdOf(addon: Addon, prefix = ""): string {
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  const maps = ["lifecycle", "bulk"].map((name) => addon.mapId(prefix + name));
  return createHash("sha256")
    .update([boot, ...maps].join(" "))
    .digest("hex")
    .slice(0, 16);
}
