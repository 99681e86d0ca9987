import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { frameVersion } from "@atalaya/wire";

export const root = fileURLToPath(new URL("../../", import.meta.url));
const packages = ["wire", "rules", "detections", "collector", "publisher", "audit", "hub", "simulator", "cli", "tools"];
/** And those that there were not at first. */
const laterPackages = ["kube", "inventory"];

/** The sources of an earlier commit in `folder`, with its sensor built. Needs the repository's history. */
export function treeOfCommit(commit: string, folder: string): string {
  const archive = execFileSync("git", ["archive", commit, ...packages, "package.json"], {
    cwd: root,
    maxBuffer: 256 * 1024 * 1024,
  });
  mkdirSync(folder, { recursive: true });
  execFileSync("tar", ["-x", "-C", folder], { input: archive });
  linkModules(folder);
  buildSensorOf(folder);
  return folder;
}

/** Builds a tree's sensor by the tree's own recipe. */
export function buildSensorOf(folder: string): void {
  const build = `import { buildCollector } from "./collector/build.mjs"; await buildCollector({ root: ${JSON.stringify(folder)}, log() {} });`;
  execFileSync(process.execPath, ["--input-type=module", "-e", build], { cwd: folder, stdio: "inherit" });
}

/** Copies one of the present folders or files, without what neither builds nor runs. */
export function copySources(name: string, folder: string): void {
  const filter = (path: string) => !/\/(node_modules|samples|test)$/.test(path);
  cpSync(join(root, name), join(folder, name), { recursive: true, filter });
}

/** The present sources in `folder`, and of the frame's version one more: the next version, as far as frames go. */
export function treeOfNextVersion(folder: string): string {
  for (const name of [...packages, ...laterPackages]) copySources(name, folder);
  cpSync(join(root, "package.json"), join(folder, "package.json"));
  linkModules(folder);
  mkdirSync(join(folder, "build"));
  symlinkSync(join(root, "build", "collector"), join(folder, "build", "collector"));
  const file = join(folder, "wire", "src", "frame.ts");
  const [now, next] = [frameVersion, frameVersion + 1].map((version) => `export const frameVersion = ${version};`);
  const text = readFileSync(file, "utf8");
  if (now === undefined || next === undefined || !text.includes(now)) throw new Error(`${file} names no version`);
  writeFileSync(file, text.replace(now, next));
  return folder;
}

/** Other people's packages as they are here; ours are the tree's own. */
export function linkModules(folder: string): void {
  const from = join(root, "node_modules");
  const to = join(folder, "node_modules");
  mkdirSync(join(to, "@atalaya"), { recursive: true });
  for (const name of readdirSync(from)) {
    if (name !== "@atalaya") symlinkSync(join(from, name), join(to, name));
  }
  for (const name of readdirSync(join(from, "@atalaya"))) symlinkSync(join("../..", name), join(to, "@atalaya", name));
}
