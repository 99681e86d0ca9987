// Makes one JavaScript file of each part that runs on a node, and of each thread that it starts: what ships. Type
// stripping costs 4x the start-up CPU and 3x the private memory, which the parts' budgets do not have.
//
//   node tools/bundle.mjs [FOLDER]     (default build/bundle)
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./setup/root.mjs";

/** Output -> source. A thread's file lies beside its part's, under the name by which the part asks for it. */
const entries = {
  "collector/main": "collector/src/main.ts",
  "collector/worker-thread": "collector/src/worker-thread.ts",
  "publisher/main": "publisher/src/main.ts",
};

/** Bundles into `<folder>/PART/main.js`; gives the folder. Throws with esbuild's messages. */
export async function bundle(folder = join(root, "build", "bundle")) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ type: "module", private: true })}\n`);
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: folder,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    minify: true,
    // A stack trace stays readable.
    keepNames: true,
    logLevel: "warning",
    // What esbuild makes of CommonJS packages asks for `require`.
    banner: {
      js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
  });
  return folder;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const folder = await bundle(process.argv[2] === undefined ? undefined : resolve(process.argv[2]));
  process.stdout.write(`${folder}\n`);
}
