import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aptFetchOptions, aptSources } from "../simulator/src/victim/apt-sources.ts";
import { buildRootImage, hasImage, imagesCache } from "./builder.ts";
import type { Architecture } from "./images.ts";
import { run } from "./run.ts";

/** What the images hold of Debian; their Containerfiles install the same where a base lacks it. */
const packages = ["ca-certificates", "libbpf1", "libstdc++6"];
/** What the steps of a build run: a shell, ldd, the packages' database. */
const tools = ["base-files", "bash", "coreutils", "dash", "dpkg", "grep", "libc-bin", "sed"];
/** Counted up when what is done with the packages changes. */
const recipe = 2;

/**
 * The name of a Debian of this machine's release, made by mmdebstrap when there is none of the last thirty days: what it has
 * is copied into the images, so it must not grow old. Its packages are unpacked and not set up: nobody boots it, and for
 * arm64 on amd64 it took 171 s of processor time with the set-up, and takes 13 s without. Throws an Error with what failed.
 */
export async function debianBase(architecture: Architecture, say: (line: string) => void): Promise<string> {
  const { suite, lines, stanzas } = aptSources();
  const month = Math.floor(Date.now() / (30 * 86_400_000));
  const what = JSON.stringify([recipe, suite, packages, tools, architecture, month]);
  const name = `localhost/atalaya-base:${suite}-${createHash("sha256").update(what).digest("hex").slice(0, 12)}`;
  if (await hasImage(name)) return name;
  say(`making a Debian ${suite} for ${architecture} with mmdebstrap`);
  mkdirSync(imagesCache(), { recursive: true });
  const folder = mkdtempSync(join(imagesCache(), "base-"));
  try {
    const system = join(folder, "root");
    const sources = writeSources(folder, lines, stanzas);
    await run("mmdebstrap", [...(await options(architecture)), suite, system, ...sources]);
    await enterPackages(system);
    writeCertificates(system);
    await buildRootImage(name, system, architecture);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return name;
}

async function options(architecture: Architecture): Promise<string[]> {
  return [
    "--variant=extract",
    "--format=directory",
    `--architectures=${architecture}`,
    `--include=${[...packages, ...tools].join(",")}`,
    // The packages are needed once more, and no program of theirs is run here.
    "--skip=essential/unlink,cleanup/apt/cache,check/qemu",
    '--aptopt=Acquire::Languages "none"',
    ...(await aptFetchOptions()).map((option) => `--aptopt=${option}`),
  ];
}

/** Has this machine's dpkg enter the packages into the root's database, which the bill of materials asks. */
async function enterPackages(system: string): Promise<void> {
  const archives = join(system, "var/cache/apt/archives");
  const files = readdirSync(archives).filter((name) => name.endsWith(".deb"));
  // They come in the order of their names, and what one needs is unpacked already.
  const flags = ["--force-depends", "--force-architecture", "--log=/dev/null", "--unpack"];
  await run("dpkg", [`--root=${system}`, ...flags, ...files.map((name) => join(archives, name))]);
  rmSync(archives, { recursive: true });
}

/** As update-ca-certificates does: each authority that Debian trusts, ended by a line's end. */
function writeCertificates(system: string): void {
  const folder = join(system, "usr/share/ca-certificates");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".crt"));
  const texts = names.sort().map((name) => readFileSync(join(folder, name), "utf8").replace(/\n?$/, "\n"));
  if (texts.length === 0) throw new Error("ca-certificates holds no certificate");
  writeFileSync(join(system, "etc/ssl/certs/ca-certificates.crt"), texts.join(""));
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
