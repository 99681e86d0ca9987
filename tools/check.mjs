// `npm run check`: types, lint and format, tidiness. Seconds.
import { join } from "node:path";
import { nodeFlags, pinnedNode } from "./setup/pinned-node.mjs";
import { root } from "./setup/root.mjs";
import { runCommand } from "./setup/run-command.mjs";

const bin = (name) => join(root, "node_modules", ".bin", name);
const steps = [
  [bin("tsc"), ["-p", root]],
  [bin("biome"), ["check", "--error-on-warnings", root]],
  [pinnedNode(), [...nodeFlags, join(root, "tools", "tidy", "main.ts")]],
];
let status = 0;
for (const [file, args] of steps) {
  if ((await runCommand(file, args, { cwd: root })) !== 0) status = 1;
}
process.exitCode = status;
