import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "../tools/setup/root.mjs";
import { dropStamp, isFresh, writeStamp } from "../tools/setup/stamp.mjs";
import { buildArchive, buildah } from "./builder.ts";
import { debianBase } from "./debian-base.ts";
import { type ImageName, imageNames, ownArchitecture } from "./images.ts";
import { layContext } from "./lay-context.ts";
import { run } from "./run.ts";

export type BuiltImage = {
  name: ImageName;
  /** `localhost/NAME:TAG`. */
  reference: string;
  /** A docker archive. */
  tar: string;
  /** CycloneDX 1.6. */
  bom: string;
  bytes: number;
  /** False when nothing had changed since the last build. */
  isNew: boolean;
};

export type BuildOptions = {
  names?: readonly ImageName[];
  tag?: string;
  /** An image to take the libraries from; made by mmdebstrap when absent. */
  base?: string | undefined;
  say?: (line: string) => void;
};

export const imagesFolder = join(root, "build", "images");

/** The version in package.json, which images are tagged with unless told. */
export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return version;
}

/**
 * Builds the images into build/images. The sensor's programs and the page must be built (`npm run build`). Needs root and
 * buildah. Throws an Error that says what is missing or which command failed.
 */
export async function buildImages(options: BuildOptions = {}): Promise<BuiltImage[]> {
  const say = options.say ?? (() => {});
  const tag = options.tag ?? ownVersion();
  const built: BuiltImage[] = [];
  let base = options.base;
  for (const name of options.names ?? imageNames) {
    const context = await layContext(name, ownArchitecture(), tag);
    base ??= await debianBase(say);
    built.push(await buildOne(name, tag, context, base, say));
  }
  return built;
}

async function buildOne(
  name: ImageName,
  tag: string,
  context: string,
  base: string,
  say: (line: string) => void,
): Promise<BuiltImage> {
  const reference = `localhost/${name}:${tag}`;
  const tar = join(imagesFolder, `${name}.tar`);
  const bom = join(imagesFolder, `${name}.cdx.json`);
  const stamp = join(imagesFolder, `${name}.stamp`);
  const containerfile = join(root, "containers", `${name}.Containerfile`);
  const digest = `${reference} ${base} ${hashTree(context, readFileSync(containerfile))}`;
  const isNew = !(isFresh(stamp, digest) && existsSync(tar) && existsSync(bom));
  if (isNew) {
    dropStamp(stamp);
    say(`building ${reference}`);
    await buildInto({ reference, tar, bom, containerfile, context, base });
    writeStamp(stamp, digest);
  }
  return { name, reference, tar, bom, bytes: statSync(tar).size, isNew };
}

type Build = { reference: string; tar: string; bom: string; containerfile: string; context: string; base: string };

async function buildInto({ reference, tar, bom, containerfile, context, base }: Build): Promise<void> {
  const seconds = await lastChange();
  const named = [`BASE=${base}`, `TARGETARCH=${ownArchitecture()}`, `SOURCE_DATE_EPOCH=${seconds}`];
  const args = named.flatMap((one) => ["--build-arg", one]);
  await buildArchive(tar, reference, ["--timestamp", seconds, ...args, "-f", containerfile, context], async (image) => {
    const container = await buildah("from", "--pull-never", image);
    try {
      cpSync(join(await buildah("mount", container), "atalaya", "sbom.cdx.json"), bom);
    } finally {
      await buildah("rm", container);
    }
  });
}

/** When the sources last changed, in seconds: images of one commit are the same, whenever they are built. */
async function lastChange(): Promise<string> {
  const told = process.env["SOURCE_DATE_EPOCH"];
  if (told !== undefined) return told;
  return await run("git", ["-C", root, "log", "-1", "--format=%ct"]).catch(() => "0");
}

function hashTree(folder: string, ...more: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const one of more) hash.update(one);
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
  for (const file of files.sort()) hash.update(file.slice(folder.length)).update(readFileSync(file));
  return hash.digest("hex");
}
