import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { Fault } from "@atalaya/wire";
import { lockFile } from "../file-lock.ts";
import { limits } from "../limits.ts";
import { unmountBelow } from "../mounts.ts";
import { findProgram } from "../programs.ts";
import { listFolder } from "../run-folder.ts";
import { runProgram } from "../run-program.ts";
import { type AptSources, aptFetchOptions, aptSources } from "./apt-sources.ts";
import { makeBusyboxRoot } from "./busybox-root.ts";

/** A folder with the files of a container: Debian's servers and tools, or busybox alone where Debian can't be had. */
export type VictimRoot = { kind: "debian" | "busybox"; path: string /** Why it is not Debian. */; reason?: string };

export type RootOptions = {
  /** Where roots are kept between runs; default $XDG_CACHE_HOME/atalaya. */
  cacheFolder?: string | undefined;
  /** Called with a few words when a part of the work begins. */
  onProgress?: (what: string) => void;
  signal?: AbortSignal | undefined;
};

// The web server, the page's language, and what attackers find in many images. busybox serves the attacker's files.
const packages = ["nginx-light", "php-fpm", "curl", "nmap", "procps", "busybox-static"];
/** Counted up when what is done with the packages changes, so that an old root is not taken for a new one. */
const recipe = 1;

export function defaultCacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "atalaya");
}

/** Where the Debian root for this machine is or will be. */
export function debianRootPath(cacheFolder = defaultCacheFolder(), sources: AptSources = aptSources()): string {
  const what = JSON.stringify([recipe, sources.suite, packages, process.arch]);
  return join(cacheFolder, `victim-${createHash("sha256").update(what).digest("hex").slice(0, 12)}`);
}

/**
 * The victim's root: the cached one, else made by mmdebstrap with its packages installed (about a minute). Two runs never
 * make it at once, and a half-made one is never seen. Where mmdebstrap is missing or fails, a busybox root with the reason.
 * Needs root. Throws Fault when neither can be had.
 */
export async function prepareVictimRoot(options: RootOptions = {}): Promise<VictimRoot> {
  const cacheFolder = options.cacheFolder ?? defaultCacheFolder();
  const path = debianRootPath(cacheFolder);
  if (existsSync(path)) return { kind: "debian", path };
  mkdirSync(cacheFolder, { recursive: true, mode: 0o755 });
  const release = await lockFile(join(cacheFolder, "victim.lock"), options.signal);
  try {
    if (existsSync(path)) return { kind: "debian", path };
    const reason = await makeDebianRoot(path, options);
    if (reason === undefined) return { kind: "debian", path };
    return { kind: "busybox", path: await makeBusyboxRoot(cacheFolder), reason };
  } finally {
    await release();
  }
}

/** Makes the Debian root at `path`; returns the reason when it could not. Called under the lock. */
async function makeDebianRoot(path: string, options: RootOptions): Promise<string | undefined> {
  if (findProgram("mmdebstrap") === undefined) return "mmdebstrap is not installed (apt-get install mmdebstrap)";
  const partial = `${path}.part`;
  await removePartialRoot(partial);
  const sources = aptSources();
  const files = writeSources(path, sources);
  try {
    const { status, stderr } = await runProgram(
      "mmdebstrap",
      [...(await mmdebstrapOptions()), sources.suite, partial, ...files],
      {
        onLine: (line) => {
          if (line.startsWith("I: ") && !line.includes("chosen")) options.onProgress?.(line.slice(3));
        },
        timeoutMs: limits.rootBuildMs,
        signal: options.signal,
        env: { ...process.env, LC_ALL: "C" },
      },
    );
    if (status !== 0) return `mmdebstrap failed: ${lastError(stderr)}`;
    renameSync(partial, path);
    return undefined;
  } finally {
    for (const file of files) rmSync(file, { force: true });
    await removePartialRoot(partial);
  }
}

/** mmdebstrap tells the two forms of sources.list(5) apart by the file's name. */
function writeSources(path: string, sources: AptSources): string[] {
  const files: string[] = [];
  const write = (file: string, parts: string[], separator: string) => {
    if (parts.length === 0) return;
    writeFileSync(file, `${parts.join(separator)}\n`);
    files.push(file);
  };
  write(`${path}.list`, sources.lines, "\n");
  write(`${path}.sources`, sources.stanzas, "\n\n");
  return files;
}

async function mmdebstrapOptions(): Promise<string[]> {
  const fetching = (await aptFetchOptions()).map((option) => `--aptopt=${option}`);
  return [
    "--variant=minbase",
    `--include=${packages.join(",")}`,
    // Nobody reads manuals here; without them the root is a third smaller.
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    '--aptopt=Acquire::Languages "none"',
    ...fetching,
  ];
}

/** A run that was killed leaves a half-made root; it may hold mounts of the packages' set-up. */
async function removePartialRoot(partial: string): Promise<void> {
  if (!existsSync(partial)) return;
  await unmountBelow(partial);
  rmSync(partial, { recursive: true, force: true });
}

function lastError(text: string): string {
  const lines = text.trim().split("\n");
  return lines.findLast((line) => line.startsWith("E: "))?.slice(3) ?? lines.at(-1) ?? "it said nothing";
}

/** The name of the php-fpm program in a Debian root: it carries PHP's version. Throws Fault when there is none. */
export function phpFpmProgram(root: string): string {
  const name = listFolder(join(root, "usr/sbin")).find((one) => /^php-fpm\d/.test(one));
  if (name !== undefined) return `/usr/sbin/${name}`;
  throw new Fault("SIMULATION_FAILED", `${root} holds no php-fpm; remove the folder, and it will be made anew`);
}
