import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a container of the image starts with. */
export type ImageConfig = { User?: string; Env?: string[]; Entrypoint?: string[]; Cmd?: string[] };

/** A docker archive laid out as a container's root, with its settings. */
export type UnpackedImage = { root: string; config: ImageConfig; architecture: string; tags: string[]; remove(): void };

/** Throws when the tar is no docker archive of one image. */
export function unpackImage(tar: string): UnpackedImage {
  const folder = mkdtempSync(join(tmpdir(), "atalaya-image-"));
  const root = join(folder, "rootfs");
  mkdirSync(root);
  try {
    execFileSync("tar", ["-x", "-f", tar, "-C", folder]);
    const [image] = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
    const { Config: configFile, Layers: layers, RepoTags: tags } = image;
    for (const layer of layers) execFileSync("tar", ["-x", "-p", "-f", join(folder, layer), "-C", root]);
    const { config, architecture } = JSON.parse(readFileSync(join(folder, configFile), "utf8"));
    const remove = () => rmSync(folder, { recursive: true, force: true });
    return { root, config, architecture, tags, remove };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

export type ImageFile = { path: string; mode: number; uid: number; isLink: boolean };

/** Every file of the image that is not a folder, by its place in it. */
export function filesOf(root: string): ImageFile[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((one) => !one.isDirectory())
    .map((one) => {
      const place = join(one.parentPath, one.name);
      const { mode, uid } = lstatSync(place);
      return { path: place.slice(root.length), mode, uid, isLink: one.isSymbolicLink() };
    });
}
