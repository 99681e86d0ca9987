import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aptFetchOptions, aptSources } from "../simulator/src/victim/apt-sources.ts";
import { buildah, imagesCache } from "./builder.ts";
import { type Architecture, ownArchitecture } from "./images.ts";
import { run } from "./run.ts";

/** What both images need of Debian; their Containerfiles install the same where a base lacks it. */
const packages = ["ca-certificates", "libbpf1", "libstdc++6"];
/** Counted up when what is done with the packages changes. */
const recipe = 1;

/**
 * The name of a Debian of this machine's release and architecture, made by mmdebstrap (20 s) when there is none of the last
 * thirty days: what it has is copied into the images, so it must not grow old. Throws an Error with what failed.
 */
export async function debianBase(say: (line: string) => void): Promise<string> {
  const architecture = ownArchitecture();
  const { suite, lines, stanzas } = aptSources();
  const month = Math.floor(Date.now() / (30 * 86_400_000));
  const what = JSON.stringify([recipe, suite, packages, architecture, month]);
  const name = `localhost/atalaya-base:${suite}-${createHash("sha256").update(what).digest("hex").slice(0, 12)}`;
  if (await isThere(name)) return name;
  say(`making a Debian ${suite} with mmdebstrap`);
  mkdirSync(imagesCache(), { recursive: true });
  const folder = mkdtempSync(join(imagesCache(), "base-"));
  try {
    const tar = join(folder, "root.tar");
    const sources = writeSources(folder, lines, stanzas);
    await run("mmdebstrap", [...(await options(architecture)), suite, tar, ...sources]);
    writeFileSync(join(folder, "Containerfile"), "FROM scratch\nADD root.tar /\n");
    await buildah("bud", "--isolation", "chroot", "-t", name, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return name;
}

async function isThere(name: string): Promise<boolean> {
  const found = await buildah("images", "-q", "--filter", `reference=${name}`).catch(() => "");
  return found !== "";
}

async function options(architecture: Architecture): Promise<string[]> {
  return [
    "--variant=minbase",
    `--architectures=${architecture}`,
    `--include=${packages.join(",")}`,
    // Licences stay (they are copied into the images); manuals and translations do not.
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    '--aptopt=Acquire::Languages "none"',
    ...(await aptFetchOptions()).map((option) => `--aptopt=${option}`),
  ];
}

/** mmdebstrap tells the two forms of sources.list(5) apart by the file's name. */
function writeSources(folder: string, lines: readonly string[], stanzas: readonly string[]): string[] {
  const files: string[] = [];
  if (lines.length > 0) files.push(join(folder, "debian.list"));
  if (lines.length > 0) writeFileSync(join(folder, "debian.list"), `${lines.join("\n")}\n`);
  if (stanzas.length > 0) files.push(join(folder, "debian.sources"));
  if (stanzas.length > 0) writeFileSync(join(folder, "debian.sources"), `${stanzas.join("\n\n")}\n`);
  return files;
}
