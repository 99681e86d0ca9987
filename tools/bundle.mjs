// Makes one JavaScript file of each part, and of each thread or process that it starts: what ships. Type stripping costs
// 4x the start-up CPU and 3x the private memory, which the parts' budgets do not have.
//
//   node tools/bundle.mjs [FOLDER]     (default build/bundle)
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root } from "./setup/root.mjs";

/** Part -> output -> source. A thread's file lies beside its part's, under the name by which the part asks for it. */
const files = {
  collector: {
    main: "collector/src/main.ts",
    "worker-thread": "collector/src/worker-thread.ts",
    "audit-log-thread": "collector/src/audit-log/audit-log-thread.ts",
  },
  publisher: { main: "publisher/src/main.ts" },
  inventory: { main: "inventory/src/main.ts" },
  // The chart's own jobs.
  release: { main: "charts/release/main.ts" },
  hub: {
    main: "hub/src/main.ts",
    "writer-thread": "hub/src/store/writer-thread.ts",
    "reader-thread": "hub/src/store/reader-thread.ts",
    "evaluator-thread": "hub/src/pipeline/evaluator-thread.ts",
    "audit-reader-thread": "hub/src/api/audit-reader-thread.ts",
    "copy-thread": "hub/src/backup/copy-thread.ts",
  },
  cli: { main: "cli/src/main.ts", "stand-ins-process": "simulator/src/network/stand-ins-process.ts" },
};

/** The parts that run on a node, and so under a limit. */
export const nodeParts = ["collector", "publisher", "inventory"];

/** Bundles into `<folder>/PART/main.js`; gives the folder. Throws with esbuild's messages. */
export async function bundle(folder = join(root, "build", "bundle"), parts = nodeParts) {
  await bundleFiles(folder, parts);
  return folder;
}

/** The same; gives the source files that are inside, relative to the checkout. */
export async function bundleFiles(folder, parts) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ type: "module", private: true })}\n`);
  const entries = parts.flatMap((part) =>
    Object.entries(files[part]).map(([output, source]) => [`${part}/${output}`, source]),
  );
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: Object.fromEntries(entries),
    outdir: folder,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "esm",
    minify: true,
    // A stack trace stays readable.
    keepNames: true,
    logLevel: "warning",
    metafile: true,
    // A program of the machine, not JavaScript: its package is shipped beside the bundles.
    external: ["@node-rs/argon2-*"],
    // What esbuild makes of CommonJS packages asks for `require`.
    banner: {
      js: 'import{createRequire as __createRequire}from"node:module";const require=__createRequire(import.meta.url);',
    },
  });
  const outputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
  return [...new Set(outputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([path]) => path))].sort();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const folder = await bundle(process.argv[2] === undefined ? undefined : resolve(process.argv[2]));
  process.stdout.write(`${folder}\n`);
}
