import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { bundleFiles } from "../tools/bundle.mjs";
import { nodeFlags } from "../tools/setup/pinned-node.mjs";
import { root } from "../tools/setup/root.mjs";
import type { Contents } from "./contents.ts";
import { type Architecture, architectures, type ImageName, images } from "./images.ts";
import { alone } from "./machine/cache-folder.ts";
import { nodePackage, npmPackage } from "./machine/npm-package.ts";
import { sensorOfImage } from "./machine/sensor-build.ts";
import { type Lock, npmComponent, packagesOf } from "./sbom/npm-components.ts";

const licenceFile = /^(licen[cs]e|notice|copying)/i;
/** What the sensor's build leaves beside its programs, and no running part reads. */
const leftOut = /(^|\/)vmlinux\.h$/;

/**
 * Lays the build context of an image: `common/` (bundles, page, packs, licences), a folder for each architecture (node,
 * and what is built for it), and the program that puts them together inside the base. Throws when a part is not built.
 */
export async function layContext(
  name: ImageName,
  wanted: readonly Architecture[],
  version: string,
  say: (line: string) => void = () => {},
): Promise<string> {
  const folder = join(root, "build", "images", "context", name);
  rmSync(folder, { recursive: true, force: true });
  const common = join(folder, "common", "atalaya");
  const sources = await bundleFiles(common, images[name].parts);
  for (const [to, from] of Object.entries(images[name].files)) layFiles(join(root, from), join(common, to));
  const lock: Lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const modules = images[name].modules.flatMap(
    (list) => JSON.parse(readFileSync(join(root, list), "utf8")) as string[],
  );
  const places = packagesOf([...sources, ...modules], lock);
  for (const place of places) layLicence(join(root, place), join(common, npmLicences(place)));
  cpSync(join(root, "LICENSES"), join(common, "licences", "atalaya"), { recursive: true });
  for (const architecture of wanted) {
    const own = join(folder, architecture, "atalaya");
    const { sensor } = images[name];
    const more = await alone(async () => {
      if (sensor !== undefined) layFiles(await sensorOfImage(architecture, say), join(own, sensor));
      return await layMachinePrograms(name, architecture, own);
    });
    const all = [...new Set([...places, ...more])].sort();
    if (images[name].command) layCommand(own);
    const loaded = [...images[name].loaded(architectures[architecture])];
    const contents: Contents = { image: name, version, loaded, components: all.map((one) => npmComponent(one, lock)) };
    writeFileSync(join(folder, architecture, "contents.json"), JSON.stringify(contents));
  }
  await bundleLayOut(join(folder, "common", "lay-out.mjs"));
  return folder;
}

function layFiles(source: string, target: string): void {
  if (!existsSync(source))
    throw new Error(`${relative(root, source)} is missing: npm run build makes it, or says what it needs`);
  cpSync(source, target, { recursive: true, filter: (path) => !leftOut.test(path) });
}

/** Node itself and the packages that are machine programs; gives the packages' places in the lock file. */
async function layMachinePrograms(name: ImageName, architecture: Architecture, own: string): Promise<string[]> {
  const node = await npmPackage(nodePackage(architecture));
  mkdirSync(join(own, "bin"), { recursive: true });
  cpSync(join(node, "bin", "node"), join(own, "bin", "node"), { dereference: true });
  chmodSync(join(own, "bin", "node"), 0o755);
  layLicence(node, join(own, "licences", "node"));
  const places: string[] = [];
  for (const one of images[name].nativePackages(architectures[architecture])) {
    const source = await npmPackage(one);
    const place = `node_modules/${one}`;
    cpSync(source, join(own, place), { recursive: true, dereference: true });
    layLicence(source, join(own, npmLicences(place)));
    places.push(place);
  }
  return places;
}

/** A script whose interpreter is node itself: there is no shell. The kernel hands on all that follows as one argument. */
function layCommand(own: string): void {
  const file = join(own, "bin", "atalaya");
  writeFileSync(file, `#!/atalaya/bin/node ${nodeFlags.join(" ")}\nimport "../cli/main.js";\n`, { mode: 0o755 });
}

/** Where the licence of a package in the lock file lies. */
function npmLicences(place: string): string {
  const name = place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length).replace("/", "+");
  return join("licences", "npm", name);
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
