import { createHash } from "node:crypto";
import { cpSync, existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mustRun } from "../../simulator/src/run-program.ts";

const buildPatienceMs = 40 * 60_000;
export const kubernetesVersion = "v1.34.4";
const versionFlags = [
  "-s -w",
  `-X k8s.io/component-base/version.gitVersion=${kubernetesVersion}`,
  "-X k8s.io/component-base/version.gitMajor=1",
  "-X k8s.io/component-base/version.gitMinor=34",
].join(" ");

/** Programs from the Go module proxy: ours with a go.mod and go.sum beside it, and those that install as they are. */
const programs = {
  kube: { folder: "kube" },
  helm: { module: "helm.sh/helm/v3/cmd/helm@v3.22.0" },
  dns: { folder: "dns" },
} as const;
export type GoProgram = keyof typeof programs;
export const goProgramNames = Object.keys(programs) as GoProgram[];

export function cacheFolder(): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "atalaya", "cluster");
}

/**
 * The path of a built program; builds it when the cache has none from these sources. A build that is interrupted leaves
 * nothing that a later one would take for whole.
 */
export async function goProgram(name: GoProgram, say: (line: string) => void): Promise<string> {
  const of = programs[name];
  const key = "folder" in of ? digestOf(sourceFolder(of.folder)) : createHash("sha256").update(of.module).digest("hex");
  const file = join(cacheFolder(), `${name}-${key.slice(0, 16)}`);
  if (existsSync(file)) return file;
  mkdirSync(cacheFolder(), { recursive: true, mode: 0o755 });
  const work = mkdtempSync(join(tmpdir(), `atalaya-${name}-`));
  const started = performance.now();
  say(`building ${name} (once${name === "kube" ? "; Kubernetes takes about 5 minutes" : ""})`);
  try {
    const out = join(work, "out", name);
    if ("folder" in of) await buildFolder(sourceFolder(of.folder), join(work, "source"), out);
    else await installModule(of.module, join(work, "out"));
    // Renamed within the cache's file system: a program is there whole or not at all.
    const draft = `${file}.${process.pid}`;
    cpSync(out, draft);
    renameSync(draft, file);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  say(`built ${name} in ${Math.round((performance.now() - started) / 1_000)} s`);
  return file;
}

function sourceFolder(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}

async function buildFolder(from: string, work: string, out: string): Promise<void> {
  cpSync(from, work, { recursive: true });
  const args = ["-C", work, "build", "-trimpath", "-mod=readonly", "-ldflags", versionFlags, "-o", out, "."];
  await mustRun("go", args, { timeoutMs: buildPatienceMs, env: goEnvironment() });
}

async function installModule(module: string, folder: string): Promise<void> {
  const env = { ...goEnvironment(), GOBIN: folder };
  await mustRun("go", ["install", "-trimpath", "-ldflags", "-s -w", module], { timeoutMs: buildPatienceMs, env });
}

function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, CGO_ENABLED: "0", GOFLAGS: "", GOTOOLCHAIN: "local" };
}

function digestOf(folder: string): string {
  const hash = createHash("sha256").update(versionFlags);
  for (const name of globSync("*", { cwd: folder }).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest("hex");
}
