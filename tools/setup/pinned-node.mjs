// The Node that everything runs on is pinned as an npm package, so that a machine with Node 20 can start us.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";

/** The path of Node 24: the pinned one where its package is installed, else this one when it is new enough. */
export function pinnedNode() {
  const packaged = join(root, "node_modules", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(packaged)) return packaged;
  if (Number(process.versions.node.split(".")[0]) >= 24) return process.execPath;
  throw new Error(
    `Node 24 is missing: there is no pinned package for ${process.platform} on ${process.arch}. Install Node 24 or later and run this again with it.`,
  );
}

/** Flags that every process of ours starts with: node:sqlite still warns that it is experimental. */
export const nodeFlags = ["--disable-warning=ExperimentalWarning"];
