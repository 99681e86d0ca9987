// A step of the set-up is skipped when nothing that it reads has changed: the stamp is a hash of its inputs.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { root } from "./root.mjs";

/**
 * A hash over the names (from the checkout) and contents of files and folders; build output and installed packages are
 * left out. Two checkouts of the same sources have the same: what they build goes on with each other's rings.
 */
export function hashInputs(paths) {
  const hash = createHash("sha256");
  for (const path of paths) addTo(hash, path);
  return hash.digest("hex");
}

function addTo(hash, path) {
  if (!existsSync(path)) return;
  if (!statSync(path).isDirectory()) {
    hash.update(relative(root, path)).update(readFileSync(path));
    return;
  }
  for (const name of readdirSync(path).sort()) {
    if (name !== "node_modules" && name !== "build") addTo(hash, join(path, name));
  }
}

export function isFresh(stampFile, digest) {
  return existsSync(stampFile) && readFileSync(stampFile, "utf8") === digest;
}

export function writeStamp(stampFile, digest) {
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, digest);
}

export function dropStamp(stampFile) {
  rmSync(stampFile, { force: true });
}
