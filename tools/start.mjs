// `npm start`: sets everything up, then `atalaya up` with the arguments given (npm start -- --data DIR).
import { join } from "node:path";
import { nodeFlags, pinnedNode } from "./setup/pinned-node.mjs";
import { prepare, say } from "./setup/prepare.mjs";
import { root } from "./setup/root.mjs";
import { runCommand } from "./setup/run-command.mjs";

const args = process.argv.slice(2);
try {
  const missing = await prepare({ yes: args.includes("--yes") });
  // `up` says itself what the sensor lacks; what only the set-up knows is said here.
  for (const line of missing) say(line);
  // Ctrl-C reaches `up` from the terminal too; this process only waits for it to end.
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
  const up = [...nodeFlags, join(root, "cli", "src", "main.ts"), "up", ...args.filter((arg) => arg !== "--yes")];
  process.exitCode = await runCommand(pinnedNode(), up);
} catch (error) {
  say(error.message);
  process.exitCode = 1;
}
