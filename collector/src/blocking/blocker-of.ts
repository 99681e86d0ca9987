import type { BundleFolders } from "../bundle.ts";
import type { KernelSource } from "../kernel-source.ts";
import { Blocker, type BlockerOptions } from "./blocker.ts";
import { overlayOf } from "./container-root.ts";
import { PermitFile } from "./permit-file.ts";

export type NodeOptions = {
  cluster?: string;
  /** The node's own file about blocking; without one nothing is ever blocked. */
  permitFile?: string | undefined;
  bundleFolders?: BundleFolders;
  log?: (line: string) => void;
};

/** A blocker of this node's containers, by the node's own file. */
export function blockerOf(
  { enforced, programs }: Pick<KernelSource, "enforced" | "programs">,
  { cluster = "", permitFile, bundleFolders, log = () => undefined }: NodeOptions,
  rest: Pick<BlockerOptions, "containers" | "paths" | "note">,
): Blocker {
  return new Blocker({
    enforced,
    isAttached: programs.some((program) => program.name === "process_exec" && program.attached),
    permit: new PermitFile(permitFile),
    cluster,
    deviceOf: (rootFolder) => overlayOf(bundleFolders?.root ?? "", rootFolder),
    log,
    ...rest,
  });
}
