import { createHash } from "node:crypto";
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { root } from "../tools/setup/root.mjs";
import { dropStamp, isFresh, writeStamp } from "../tools/setup/stamp.mjs";
import { buildArchive, buildah, buildIndex } from "./builder.ts";
import { debianBase } from "./debian-base.ts";
import { type Architecture, type ImageName, imageNames, ownArchitecture } from "./images.ts";
import { layContext } from "./lay-context.ts";
import { emulate } from "./machine/emulation.ts";
import { run } from "./run.ts";

export type BuiltImage = {
  name: ImageName;
  architecture: Architecture;
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
  /** This machine's when absent. */
  architectures?: readonly Architecture[];
  tag?: string;
  /** An image to take the libraries from; made by mmdebstrap when absent. */
  base?: string | undefined;
  say?: (line: string) => void;
};

export const imagesFolder = join(root, "build", "images");

/** How sizes are printed. */
export const mebibytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

/** The version in package.json, which images are tagged with unless told. */
export function ownVersion(): string {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return version;
}

/**
 * Builds the images into build/images. The sensor's programs and the page must be built (`npm run build`). Needs root and
 * buildah; another architecture than this machine's is cross-built and finished under emulation. Throws an Error that says what is missing or which command failed.
 */
export async function buildImages(options: BuildOptions = {}): Promise<BuiltImage[]> {
  const say = options.say ?? (() => {});
  const tag = options.tag ?? ownVersion();
  const wanted = options.architectures ?? [ownArchitecture()];
  const built: BuiltImage[] = [];
  for (const name of options.names ?? imageNames) {
    const context = await layContext(name, wanted, tag, say);
    for (const architecture of wanted) {
      await emulate(architecture, say);
      const base = options.base ?? (await debianBase(architecture, say));
      built.push(await buildOne({ name, architecture, tag, context, base, say }));
    }
  }
  return built;
}

type Order = {
  name: ImageName;
  architecture: Architecture;
  tag: string;
  context: string;
  base: string;
  say: (line: string) => void;
};

async function buildOne({ name, architecture, tag, context, base, say }: Order): Promise<BuiltImage> {
  const reference = `localhost/${name}:${tag}`;
  const file = join(imagesFolder, architecture === ownArchitecture() ? name : `${name}-${architecture}`);
  const [tar, bom, stamp] = [`${file}.tar`, `${file}.cdx.json`, `${file}.stamp`];
  const containerfile = join(root, "containers", `${name}.Containerfile`);
  const parts = ["common", architecture].map((one) => join(context, one));
  const digest = `${reference} ${base} ${hashTrees(parts, readFileSync(containerfile))}`;
  const isNew = !(isFresh(stamp, digest) && existsSync(tar) && existsSync(bom));
  if (isNew) {
    dropStamp(stamp);
    say(`building ${reference} for ${architecture}`);
    await buildInto({ architecture, reference, tar, bom, containerfile, context, base });
    writeStamp(stamp, digest);
  }
  return { name, architecture, reference, tar, bom, bytes: statSync(tar).size, isNew };
}

type Build = {
  architecture: Architecture;
  reference: string;
  tar: string;
  bom: string;
  containerfile: string;
  context: string;
  base: string;
};

async function buildInto({ architecture, reference, tar, bom, containerfile, context, base }: Build): Promise<void> {
  const seconds = await lastChange();
  const named = [`BASE=${base}`, `TARGETARCH=${architecture}`, `SOURCE_DATE_EPOCH=${seconds}`];
  const args = named.flatMap((one) => ["--build-arg", one]);
  const told = ["--arch", architecture, "--timestamp", seconds, ...args, "-f", containerfile, context];
  await buildArchive(tar, reference, told, async (image) => {
    const container = await buildah("from", "--arch", architecture, "--pull-never", image);
    try {
      cpSync(join(await buildah("mount", container), "atalaya", "sbom.cdx.json"), bom);
    } finally {
      await buildah("rm", container);
    }
  });
}

/** One index of an image's architectures (`build/images/NAME.oci.tar`, an OCI archive), made anew when one of them is. */
export async function indexImages(built: readonly BuiltImage[]): Promise<{ file: string; bytes: number }[]> {
  const names = [...new Set(built.map(({ name }) => name))];
  const indexes: { file: string; bytes: number }[] = [];
  for (const name of names) {
    const mine = built.filter((one) => one.name === name);
    const file = join(imagesFolder, `${name}.oci.tar`);
    const tag = mine[0]?.reference.split(":").at(-1) ?? ownVersion();
    if (!existsSync(file) || mine.some((one) => one.isNew || statSync(one.tar).mtimeMs > statSync(file).mtimeMs))
      await buildIndex(
        file,
        tag,
        mine.map((one) => one.tar),
      );
    indexes.push({ file, bytes: statSync(file).size });
  }
  return indexes;
}

/** When the sources last changed, in seconds: images of one commit are the same, whenever they are built. */
async function lastChange(): Promise<string> {
  const told = process.env["SOURCE_DATE_EPOCH"];
  if (told !== undefined) return told;
  return await run("git", ["-C", root, "log", "-1", "--format=%ct"]).catch(() => "0");
}

function hashTrees(folders: readonly string[], ...more: readonly Buffer[]): string {
  const hash = createHash("sha256");
  for (const one of more) hash.update(one);
  for (const folder of folders) {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name));
    for (const file of files.sort()) hash.update(file.slice(folder.length)).update(readFileSync(file));
  }
  return hash.digest("hex");
}
