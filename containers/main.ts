// `npm run images`: all images into build/images.   npm run images -- [--tag TAG] [--base IMAGE] [--context-only] [NAME]...
import { parseArgs } from "node:util";
import { buildImages, ownVersion } from "./build-images.ts";
import { type ImageName, imageNames, ownArchitecture } from "./images.ts";
import { layContext } from "./lay-context.ts";
import { buildSimulationImage, simulationImageName } from "./simulation-image.ts";

const say = (line: string) => void process.stderr.write(`atalaya: ${line}\n`);
const mebibytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;

const known: readonly string[] = [...imageNames, simulationImageName];

/** All of them when none is named. */
function wanted(given: readonly string[]): { names: ImageName[]; simulation: boolean } {
  const unknown = given.find((one) => !known.includes(one));
  if (unknown !== undefined) throw new Error(`there is no image ${unknown}, only ${known.join(", ")}`);
  const isWanted = (name: string) => given.length === 0 || given.includes(name);
  return { names: imageNames.filter(isWanted), simulation: isWanted(simulationImageName) };
}

function show(image: { reference: string; bytes: number; isNew: boolean; tar: string }): void {
  const state = image.isNew ? "built" : "unchanged";
  process.stdout.write(`${image.reference}  ${mebibytes(image.bytes)}  ${state}  ${image.tar}\n`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tag: { type: "string", default: ownVersion() },
    base: { type: "string" },
    "context-only": { type: "boolean", default: false },
  },
});
try {
  const { names, simulation } = wanted(positionals);
  const { tag, base } = values;
  if (values["context-only"]) {
    for (const name of names) process.stdout.write(`${await layContext(name, ownArchitecture(), tag)}\n`);
  } else {
    for (const image of await buildImages({ names, tag, base, say })) show(image);
    if (simulation) show(await buildSimulationImage({ tag, base, say }));
  }
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
