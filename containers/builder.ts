import { renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { defaultCacheFolder } from "@atalaya/simulator";
import { run } from "./run.ts";

/** Where the base and what is being built lie: apart from the images of whoever else uses buildah on this machine. */
export const imagesCache = () => join(defaultCacheFolder(), "images");

/** buildah with a storage of our own. Needs root, no daemon and no namespace of its own. Throws an Error with its words. */
export function buildah(...args: readonly string[]): Promise<string> {
  const storage = ["--root", join(imagesCache(), "storage"), "--runroot", "/run/atalaya-images"];
  return run("buildah", [...storage, ...args]);
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
