import { existsSync } from "node:fs";
import { join } from "node:path";
import { root } from "./root.mjs";
import { runCommand } from "./run-command.mjs";
import { dropStamp, hashInputs, isFresh, writeStamp } from "./stamp.mjs";

/** Installs exactly what the lock file names, when it changed or was never installed. */
export async function installNpmPackages(log) {
  const stamp = join(root, "node_modules", ".atalaya-lock");
  const digest = hashInputs([join(root, "package-lock.json")]);
  if (isFresh(stamp, digest) && existsSync(join(root, "node_modules", "typescript"))) return;
  log("installing npm packages (npm ci)");
  dropStamp(stamp);
  // The install scripts of packages are not run: what we use ships its binaries as packages.
  const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  if ((await runCommand("npm", args, { cwd: root })) !== 0) {
    throw new Error("npm ci failed: see its message above; it needs the npm registry, once.");
  }
  writeStamp(stamp, digest);
}
