import { createHash } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { root } from "../../tools/setup/root.mjs";
import { type Architecture, architectures } from "../images.ts";
import { run } from "../run.ts";
import { cacheFolder } from "./cache-folder.ts";

/** The package that holds node for an architecture. */
export const nodePackage = (architecture: Architecture) => `node-linux-${architectures[architecture]}`;

/** Node for an architecture: a file. */
export async function nodeProgram(architecture: Architecture): Promise<string> {
  return join(await npmPackage(nodePackage(architecture)), "bin", "node");
}

/**
 * The folder of a package that is a program of one architecture: the one that is installed here, else the one that the lock
 * file names, fetched by npm and proved by the lock file's SHA-512. Throws an Error when the lock file has it not, when npm
 * cannot fetch it, and when the digest is another.
 */
export async function npmPackage(name: string): Promise<string> {
  const installed = join(root, "node_modules", name);
  if (existsSync(installed)) return installed;
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const locked = lock.packages[`node_modules/${name}`] as { version: string; integrity: string } | undefined;
  if (locked === undefined) throw new Error(`package-lock.json has no ${name}`);
  const plain = name.replace(/^@/, "").replace("/", "-");
  const folder = join(cacheFolder("npm"), `${plain}-${locked.version}`);
  if (existsSync(folder)) return folder;
  const fresh = cacheFolder("npm", `${plain}.${process.pid}.new`);
  try {
    const said = await run("npm", ["pack", "--silent", "--pack-destination", fresh, `${name}@${locked.version}`]);
    const file = join(fresh, basename(said.split("\n").at(-1) ?? ""));
    await unpackProved(name, file, locked.integrity, folder);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return folder;
}

/**
 * Unpacks a package's archive into `folder`, which is not there before, when its digest is the lock file's (`sha512-` and
 * base64); else throws an Error, and nothing is unpacked.
 */
export async function unpackProved(name: string, file: string, integrity: string, folder: string): Promise<void> {
  const digest = createHash("sha512").update(readFileSync(file)).digest("base64");
  if (integrity !== `sha512-${digest}`) throw new Error(`${name} is not what the lock file says it is`);
  await run("tar", ["-xzf", file, "-C", dirname(file), "--no-same-owner"]);
  renameSync(join(dirname(file), "package"), folder);
}
