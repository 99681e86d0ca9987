import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { bundleFiles } from "../tools/bundle.mjs";
import { nodeFlags } from "../tools/setup/pinned-node.mjs";
import { root } from "../tools/setup/root.mjs";
import type { Contents } from "./contents.ts";
import { type Architecture, architectures, type ImageName, images } from "./images.ts";
import { type Lock, npmComponent, packagesOf } from "./sbom/npm-components.ts";

const licenceFile = /^(licen[cs]e|notice|copying)/i;
/** What the sensor's build leaves beside its programs, and no running part reads. */
const leftOut = /(^|\/)vmlinux\.h$/;

/**
 * Lays the build context of an image: `common/` (bundles, page, packs, licences), a folder for the architecture (node,
 * and what is built for it), and the program that puts them together inside the base. Throws when a part is not built.
 */
export async function layContext(name: ImageName, architecture: Architecture, version: string): Promise<string> {
  const folder = join(root, "build", "images", "context", name);
  rmSync(folder, { recursive: true, force: true });
  const common = join(folder, "common", "atalaya");
  const own = join(folder, architecture, "atalaya");
  const sources = await bundleFiles(common, images[name].parts);
  layFiles(name, common, own);
  const machine = layMachinePrograms(name, architecture, own);
  if (images[name].command) layCommand(own);
  const lock: Lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const modules = images[name].modules.flatMap(
    (list) => JSON.parse(readFileSync(join(root, list), "utf8")) as string[],
  );
  const places = [...new Set([...packagesOf([...sources, ...modules], lock), ...machine])].sort();
  layLicences(places, common);
  const loaded = [...images[name].loaded(architectures[architecture])];
  const components = places.map((place) => npmComponent(place, lock));
  const contents: Contents = { image: name, version, loaded, components };
  writeFileSync(join(folder, architecture, "contents.json"), JSON.stringify(contents));
  await bundleLayOut(join(folder, "common", "lay-out.mjs"));
  return folder;
}

/** BPF objects and addon are built for an architecture; page and packs are for all. */
function layFiles(name: ImageName, common: string, own: string): void {
  for (const [to, from] of Object.entries(images[name].files)) {
    const source = join(root, from);
    if (!existsSync(source)) throw new Error(`${from} is missing: npm run build makes it, or says what it needs`);
    const target = join(from === "build/collector" ? own : common, to);
    cpSync(source, target, { recursive: true, filter: (path) => !leftOut.test(path) });
  }
}

/** Node itself and the packages that are machine programs; gives the packages' places in the lock file. */
function layMachinePrograms(name: ImageName, architecture: Architecture, own: string): string[] {
  const npm = architectures[architecture];
  const node = join(root, "node_modules", `node-linux-${npm}`);
  if (!existsSync(node)) throw new Error(`the package node-linux-${npm} is not installed: npm ci on ${architecture}`);
  mkdirSync(join(own, "bin"), { recursive: true });
  cpSync(join(node, "bin", "node"), join(own, "bin", "node"), { dereference: true });
  chmodSync(join(own, "bin", "node"), 0o755);
  layLicence(node, join(own, "licences", "node"));
  return images[name].nativePackages(npm).map((one) => {
    const place = `node_modules/${one}`;
    cpSync(join(root, place), join(own, place), { recursive: true, dereference: true });
    return place;
  });
}

/** A script whose interpreter is node itself: there is no shell. The kernel hands on all that follows as one argument. */
function layCommand(own: string): void {
  const file = join(own, "bin", "atalaya");
  writeFileSync(file, `#!/atalaya/bin/node ${nodeFlags.join(" ")}\nimport "../cli/main.js";\n`, { mode: 0o755 });
}

function layLicences(places: readonly string[], common: string): void {
  for (const place of places) {
    const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length).replace("/", "+");
    layLicence(join(root, place), join(common, "licences", "npm", name));
  }
  cpSync(join(root, "LICENSES"), join(common, "licences", "atalaya"), { recursive: true });
}

function layLicence(packageFolder: string, to: string): void {
  for (const file of readdirSync(packageFolder)) {
    if (!licenceFile.test(file)) continue;
    mkdirSync(dirname(join(to, file)), { recursive: true });
    cpSync(join(packageFolder, file), join(to, file), { dereference: true, recursive: true });
  }
}

async function bundleLayOut(outfile: string): Promise<void> {
  const entry = join(root, "containers", "inside", "lay-out.ts");
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", target: "node24", format: "esm" });
}
