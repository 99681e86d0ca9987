#!/usr/bin/env node
// The command: starts the pinned Node with our arguments, whatever Node is on the machine's PATH.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { nodeFlags, pinnedNode } from "../../tools/setup/pinned-node.mjs";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
try {
  const child = spawn(pinnedNode(), [...nodeFlags, main, ...process.argv.slice(2)], { stdio: "inherit" });
  // A terminal's Ctrl-C reaches the child by itself; a signal sent to this process alone is passed on.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? code : 128 + (signal === "SIGINT" ? 2 : 15);
  });
} catch (error) {
  process.stderr.write(`atalaya: ${error.message}\n`);
  process.exitCode = 1;
}
