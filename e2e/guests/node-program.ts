import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Architecture, architectures } from "../../containers/images.ts";
import { run } from "../../containers/run.ts";
import { root } from "../../tools/setup/root.mjs";
import { cacheFolder } from "./place.ts";

/**
 * Node for an architecture: the package that is installed here, else the one that the lock file names, fetched by npm and
 * proved by the lock file's SHA-512.
 */
export async function nodeProgram(architecture: Architecture): Promise<string> {
  const name = `node-linux-${architectures[architecture]}`;
  const installed = join(root, "node_modules", name, "bin", "node");
  if (existsSync(installed)) return installed;
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const { version, integrity } = lock.packages[`node_modules/${name}`] as { version: string; integrity: string };
  const folder = join(cacheFolder("node"), `${name}-${version}`);
  if (!existsSync(folder)) {
    const fresh = cacheFolder("node", `${process.pid}.new`);
    try {
      await run("npm", ["pack", "--silent", "--pack-destination", fresh, `${name}@${version}`]);
      const file = join(fresh, `${name}-${version}.tgz`);
      const digest = createHash("sha512").update(readFileSync(file)).digest("base64");
      if (integrity !== `sha512-${digest}`) throw new Error(`${name} is not what the lock file says it is`);
      await run("tar", ["-xzf", file, "-C", fresh, "package/bin/node"]);
      renameSync(join(fresh, "package"), folder);
    } finally {
      rmSync(fresh, { recursive: true, force: true });
    }
  }
  return join(folder, "bin", "node");
}
