import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

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

const unwanted = /^(sh|bash|dash|ash|busybox|npm|npx|corepack|yarn|apt|dpkg|perl|python[\d.]*|gcc|su|sudo|mount)$/;

/** What an image of ours must not hold: shells, package managers, sources, and what changes its user or all may write. */
export function unwantedFiles(root: string): string[] {
  return filesOf(root)
    .filter(
      ({ path, mode }) => unwanted.test(basename(path)) || /\.ts$|vmlinux\.h$/.test(path) || (mode & 0o6022) !== 0,
    )
    .map(({ path, mode }) => `${path} (mode ${mode.toString(8)})`);
}

/** The programs and libraries of the image (ELF), with the machine that each is for, as the ELF header numbers it. */
export function machineFiles(root: string): { path: string; machine: number }[] {
  const found: { path: string; machine: number }[] = [];
  for (const { path, isLink } of filesOf(root)) {
    if (isLink) continue;
    const bytes = readFileSync(join(root, path));
    if (bytes.subarray(0, 4).equals(Buffer.from("\x7fELF"))) found.push({ path, machine: bytes.readUInt16LE(18) });
  }
  return found;
}
