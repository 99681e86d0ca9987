// Runs one of our TypeScript files with the pinned Node, after the set-up: node tools/with-node.mjs FILE [ARGUMENT]...
import { nodeFlags, pinnedNode } from "./setup/pinned-node.mjs";
import { prepare, say } from "./setup/prepare.mjs";
import { root } from "./setup/root.mjs";
import { runCommand } from "./setup/run-command.mjs";

for (const line of await prepare({ withTests: true, yes: true })) say(line);
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => {});
process.exitCode = await runCommand(pinnedNode(), [...nodeFlags, ...process.argv.slice(2)], { cwd: root });
