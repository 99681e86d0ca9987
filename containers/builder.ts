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
