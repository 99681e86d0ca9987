import { join } from "node:path";
import { nodeFlags, pinnedNode } from "./pinned-node.mjs";
import { root } from "./root.mjs";
import { runCommand } from "./run-command.mjs";
import { dropStamp, hashInputs, isFresh, writeStamp } from "./stamp.mjs";

/** Builds the page into build/web when its sources changed. */
export async function buildPage(log) {
  const stamp = join(root, "build", "web.stamp");
  const inputs = ["web", "wire/api.ts", "wire/src", "package-lock.json"].map((name) => join(root, name));
  const digest = hashInputs(inputs);
  if (isFresh(stamp, digest)) return;
  log("building the page");
  dropStamp(stamp);
  const vite = join(root, "node_modules", "vite", "bin", "vite.js");
  const args = [...nodeFlags, vite, "build", "--logLevel", "warn", "web"];
  if ((await runCommand(pinnedNode(), args, { cwd: root })) !== 0)
    throw new Error("the page does not build: see above.");
  writeStamp(stamp, digest);
}
