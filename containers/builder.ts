import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { defaultCacheFolder } from "@atalaya/simulator";
import { type Architecture, ownArchitecture } from "./images.ts";
import { run } from "./run.ts";

/** Where the base and what is being built lie: apart from the images of whoever else uses buildah on this machine. */
export const imagesCache = () => join(defaultCacheFolder(), "images");

/** buildah with a storage of our own. Needs root, no daemon and no namespace of its own. Throws an Error with its words. */
export function buildah(...args: readonly string[]): Promise<string> {
  const storage = ["--root", join(imagesCache(), "storage"), "--runroot", "/run/atalaya-images"];
  return run("buildah", [...storage, ...args]);
}

/** Whether our storage holds an image of this name. */
export async function hasImage(name: string): Promise<boolean> {
  const found = await buildah("images", "-q", "--filter", `reference=${name}`).catch(() => "");
  return found !== "";
}

/** Makes an image of a root file system; it stays in our storage. */
export async function buildRootImage(
  name: string,
  system: string,
  architecture: Architecture = ownArchitecture(),
): Promise<void> {
  mkdirSync(imagesCache(), { recursive: true });
  const folder = mkdtempSync(join(imagesCache(), "root-"));
  try {
    await run("tar", ["-C", system, "--numeric-owner", "-cf", join(folder, "root.tar"), "."]);
    writeFileSync(join(folder, "Containerfile"), "FROM scratch\nADD root.tar /\n");
    await buildah("bud", "--isolation", "chroot", "--arch", architecture, "-t", name, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Builds an image with these arguments of `buildah bud` and writes it into `tar` (a docker archive) under `reference`. The
 * image itself does not stay in buildah's storage; `withImage` sees it before it goes.
 */
export async function buildArchive(
  tar: string,
  reference: string,
  args: readonly string[],
  withImage: (image: string) => Promise<void> = async () => {},
): Promise<void> {
  const said = await buildah("bud", "--isolation", "chroot", "--quiet", ...args);
  const image = said.split("\n").at(-1) ?? "";
  try {
    await withImage(image);
    const fresh = `${tar}.new`;
    rmSync(fresh, { force: true });
    await buildah("push", "--quiet", image, `docker-archive:${fresh}:${reference}`);
    renameSync(fresh, tar);
  } finally {
    await buildah("rmi", "--force", image);
  }
}

/** Writes one index of several docker archives, each of an architecture, into `file` (an OCI archive) under `tag`. */
export async function buildIndex(file: string, tag: string, tars: readonly string[]): Promise<void> {
  const list = `localhost/atalaya-index:${process.pid}`;
  await buildah("manifest", "create", list);
  try {
    for (const tar of tars) await buildah("manifest", "add", list, `docker-archive:${tar}`);
    const fresh = `${file}.new`;
    rmSync(fresh, { force: true });
    await buildah("manifest", "push", "--quiet", "--all", "--format", "oci", list, `oci-archive:${fresh}:${tag}`);
    renameSync(fresh, file);
  } finally {
    await buildah("manifest", "rm", list);
  }
}
