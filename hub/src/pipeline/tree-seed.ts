import type { AtalayaEvent, SyscallEvent, TreeRow } from "@atalaya/wire";
import { storeLimits } from "../core/limits.ts";
import type { EventOrigin } from "./alert-document.ts";

export type SeedProcess = { pid: number; start_us: number; name: string; exe_path: string; cmdline: string };

/** What an alert remembers of its process, so that a tree can be drawn even when no kept rows are left. */
export type TreeSeed = {
  cluster: string;
  node: string;
  boot_id: string;
  container_id: string;
  time_us: number;
  subject: SeedProcess & { uid: number | null; origin: TreeRow["origin"] | null };
  /** Parent first. */
  ancestors: SeedProcess[];
};

export function treeSeed(event: AtalayaEvent, origin: EventOrigin): TreeSeed | undefined {
  if (event.class === "api" || event.class === "sensor" || event.pid === null) return undefined;
  return {
    cluster: origin.cluster,
    node: origin.node,
    boot_id: origin.bootId,
    container_id: event.container_id ?? "",
    time_us: event.time_us ?? origin.receivedUs,
    subject: {
      pid: event.pid,
      start_us: event.start_us ?? 0,
      name: event.name ?? "",
      exe_path: event.exe_path ?? "",
      cmdline: cmdlineOf(event),
      uid: event.uid,
      origin: originOf(event) ?? null,
    },
    ancestors: ancestorsOf(event),
  };
}

function ancestorsOf(event: SyscallEvent): SeedProcess[] {
  const pids = event.ancestor_pids ?? [];
  if (pids.length === 0 && event.ppid !== null && event.ppid > 0) {
    return [{ pid: event.ppid, start_us: event.parent_start_us ?? 0, name: "", exe_path: "", cmdline: "" }];
  }
  return pids.map((pid, i) => ({
    pid,
    start_us: event.ancestor_starts_us?.[i] ?? 0,
    name: event.ancestor_names?.[i] ?? "",
    exe_path: event.ancestor_exe_paths?.[i] ?? "",
    cmdline: (event.ancestor_cmdlines?.[i] ?? "").slice(0, storeLimits.cmdlineCharsMax),
  }));
}

export function cmdlineOf(event: SyscallEvent): string {
  return (event.argv ?? []).join(" ").slice(0, storeLimits.cmdlineCharsMax);
}

export function originOf(event: SyscallEvent): TreeRow["origin"] | undefined {
  if (event.exe_memfd === true || event.exe_deleted === true) return "memory";
  if (event.exe_upper_layer === true) return "added";
  return event.exe_upper_layer === false ? "image" : undefined;
}
